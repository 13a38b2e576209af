# SPDX-License-Identifier: Apache-2.0
"""Makes small Keras files that harm or mislead readers which believe them.

    python make_hostile.py [FOLDER]
"""
import base64
import io
import json
import marshal
import os
import sys
import zipfile

import h5py
import numpy as np

HERE = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "hostile")
os.makedirs(HERE, exist_ok=True)
DATE = (2026, 1, 1, 0, 0, 0)


def path(name):
    return os.path.join(HERE, name)


def weights(fill):
    """A `.weights.h5` in memory."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver=("v108", "v108")) as file:
        fill(file)
    return buffer.getvalue()


def two_layers(file):
    for name, shape in (("dense", (2, 3)), ("dense_1", (3, 2))):
        group = file.create_group(f"layers/{name}/vars")
        group.attrs["name"] = name
        group["0"] = np.ones(shape, "f4")
        group["1"] = np.ones(shape[1], "f4")


def archive(name, config, data=None, extra=(), compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path(name), "w", compression) as file:
        def add(member, text):
            info = zipfile.ZipInfo(member, DATE)
            info.compress_type = compression
            file.writestr(info, text)
        add("metadata.json", "{}")
        add("config.json", config if isinstance(config, (str, bytes)) else json.dumps(config))
        add("model.weights.h5", weights(two_layers) if data is None else data)
        for member, text in extra:
            add(member, text)


def sequential(*layers):
    first = {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [None, 2]}}
    return {"module": "keras", "class_name": "Sequential",
            "config": {"name": "m", "layers": [first, *layers]}}


def layer(class_name, name, **config):
    return {"module": "keras.layers", "class_name": class_name, "config": {"name": name, **config}}


def node(class_name, name, *inputs, **config):
    tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": [i, 0, 0]}}
               for i in inputs]
    arguments = tensors if len(tensors) == 1 else [tensors]
    return {**layer(class_name, name, **config), "name": name,
            "inbound_nodes": [{"args": arguments, "kwargs": {}}] if inputs else []}


def functional(*layers, output):
    return {"module": "keras", "class_name": "Functional", "config": {
        "name": "m", "layers": list(layers), "input_layers": [["i", 0, 0]],
        "output_layers": [[output, 0, 0]]}}


# Code that naive loaders run.
code = base64.b64encode(marshal.dumps(compile("import os; os.abort()", "x", "exec"))).decode()
archive("lambda-bytecode.keras", sequential(
    {"module": "keras.layers", "class_name": "Lambda", "config": {
        "name": "evil", "function": {"class_name": "__lambda__", "config": {
            "code": code, "defaults": None, "closure": None}}}},
    layer("Dense", "dense", units=3), layer("Dense", "dense_1", units=2)))
with h5py.File(path("lambda-marshal.h5"), "w") as file:
    file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": [
        {"class_name": "Lambda", "config": {
            "name": "evil", "function": [code, None, None], "function_type": "lambda",
            "module": "__main__"}}]})
    group = file.create_group("model_weights")
    group.attrs["layer_names"] = np.array([b"evil"])
    group.create_group("evil").attrs["weight_names"] = np.array([])
archive("module-import.keras", sequential(
    {"module": "os", "class_name": "system", "config": "abort", "name": "x",
     "registered_name": "system"}))
archive("custom-class.keras", {
    "module": "subprocess", "class_name": "Popen", "config": {"name": "x", "args": ["abort"]},
    "registered_name": "evil>Popen"})

# Configurations that are bombs or lies.
archive("deep-json.keras", "[" * 50_000, compression=zipfile.ZIP_DEFLATED)
archive("wide-json.keras", '{"a":[' + "{}," * 400_000 + "{}]}", compression=zipfile.ZIP_DEFLATED)
archive("nested-models.keras", eval("{'class_name':'Sequential','config':{'name':'m','layers':[" * 20
                                    + "]}}" * 20))
archive("duplicate-layers.keras", sequential(
    layer("Dense", "dense", units=3), layer("Dense", "dense", units=2)))
archive("cycle.keras", functional(
    node("InputLayer", "i", batch_shape=[None, 2]), node("Add", "a", "i", "b"),
    node("Activation", "b", "a", activation="relu"), output="b"))
archive("wrong-shapes.keras", sequential(
    layer("Dense", "dense", units=300), layer("Dense", "dense_1", units=2)))
archive("huge-units.keras", sequential(layer("Dense", "dense", units=2 ** 62)))
archive("huge-image.keras", functional(
    node("InputLayer", "i", batch_shape=[None, 2 ** 24, 2 ** 24, 2 ** 24]),
    node("Flatten", "f", "i"), output="f"))
archive("doubling.keras", functional(
    node("InputLayer", "i", batch_shape=[None, 1]),
    *[node("Concatenate", f"c{n}", *([f"c{n - 1}" if n else "i"] * 2)) for n in range(60)],
    output="c59"))

# Archives that reach out.
archive("traversal.keras", sequential(), extra=[("../../etc/evil", "x")])
archive("two-configs.keras", sequential(), extra=[("config.json", "{}")])
archive("no-weights.keras", sequential(), extra=[])
with zipfile.ZipFile(path("no-weights.keras"), "w") as file:
    file.writestr(zipfile.ZipInfo("config.json", DATE), "{}")
    file.writestr(zipfile.ZipInfo("model.weights.npz", DATE), b"PK\5\6" + bytes(18))
archive("deflate-bomb.keras", sequential(), data=bytes(20_000_000),
        compression=zipfile.ZIP_DEFLATED)

# Weights that reach out, or are not there.
with h5py.File(path("external-link.weights.h5"), "w", libver=("v108", "v108")) as file:
    two_layers(file)
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/passwd", "/x")
with h5py.File(path("soft-link.weights.h5"), "w", libver=("v108", "v108")) as file:
    two_layers(file)
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.SoftLink("/layers/dense_1/vars/0")
with h5py.File(path("external-storage.weights.h5"), "w", libver=("v108", "v108")) as file:
    two_layers(file)
    del file["layers/dense/vars/1"]
    file["layers/dense/vars"].create_dataset("1", (3,), "f4", external=[("/etc/passwd", 0, 12)])
with h5py.File(path("shape-bomb.weights.h5"), "w", libver=("v108", "v108")) as file:
    two_layers(file)
    del file["layers/dense/vars/0"]
    file["layers/dense/vars"].create_dataset(
        "0", (1 << 20, 1 << 20), "f4", chunks=(1 << 10, 1 << 10), compression=9)
with h5py.File(path("extra-variable.weights.h5"), "w", libver=("v108", "v108")) as file:
    two_layers(file)
    file["layers/dense/vars/note"] = np.ones(1, "f4")
with h5py.File(path("gap.weights.h5"), "w", libver=("v108", "v108")) as file:
    two_layers(file)
    file.move("layers/dense/vars/1", "layers/dense/vars/7")
with h5py.File(path("dtype-trap.weights.h5"), "w", libver=("v108", "v108")) as file:
    two_layers(file)
    file["layers/dense/vars/0"].attrs["dtype"] = "bfloat16"
with h5py.File(path("many-paths.weights.h5"), "w", libver=("v108", "v108")) as file:
    group = file.create_group("layers")
    for _ in range(16):
        below = file.create_group(None)
        for name in ("a", "b"):
            group[name] = below
        group = below
    group["vars/0"] = np.ones(1, "f4")

# Legacy lists that lie.
def legacy(name, layer_names, layers):
    with h5py.File(path(name), "w") as file:
        file.attrs["layer_names"] = layer_names
        for layer, names, present in layers:
            group = file.require_group(layer)
            group.attrs["weight_names"] = names
            for weight in present:
                group[weight] = np.ones(2, "f4")


legacy("named-but-missing.h5", np.array([b"a", b"gone"]),
       [("a", np.array([b"a/k:0", b"a/none:0"]), ["a/k:0", "a/unnamed:0"])])
legacy("names-twice.h5", np.array([b"a", b"a"]), [("a", np.array([b"k", b"k"]), ["k"])])
legacy("names-are-numbers.h5", np.arange(5), [])
legacy("names-reach-out.h5", np.array([b"../..", b"/etc"]), [("a", np.array([b"../a/k"]), ["k"])])
