# SPDX-License-Identifier: Apache-2.0
"""Makes Keras files with Keras 3 itself, files of tf.keras 2's kind with h5py, and what they hold.

    KERAS_BACKEND=torch python make.py [FOLDER]
"""
import hashlib
import json
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "torch")
import h5py
import keras
import numpy as np
from keras import layers as L
from keras.src.legacy.saving import legacy_h5_format

keras.utils.set_random_seed(1)
HERE = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
EXPECTED = {}


def path(name):
    return os.path.join(HERE, name)


def shake(model, seed=1):
    """Values that no two positions share, and no statistic that is 0 or 1."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        name = weight.path.split("/")[-1]
        if not str(weight.dtype).startswith(("float", "bfloat")):
            continue
        values = random.normal(0, 0.4, weight.shape)
        if name in ("moving_variance", "gamma"):
            values = np.abs(values) + 0.5
        weight.assign(values.astype("float32"))


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def variables(file):
    """Shape, type and hash of every dataset."""
    found = {}

    def visit(name, node):
        if isinstance(node, h5py.Dataset):
            array = node[()]
            found[name] = {"shape": list(node.shape), "sha256": digest(array)}

    file.visititems(visit)
    return found


def record(name, model=None, images=None, logits=None):
    entry = EXPECTED.setdefault(name, {})
    if name.endswith(".h5"):
        with h5py.File(path(name), "r") as file:
            entry["tensors"] = variables(file)
    if images is not None:
        entry["input"] = [float(v) for v in images.ravel()]
        entry["input_shape"] = list(images.shape)
        entry["logits"] = [float(v) for v in np.asarray(logits).ravel()]


def images(shape, seed=5):
    return np.random.default_rng(seed).random((2,) + shape).astype("float32")


def logits(model, batch):
    """What comes before a final softmax."""
    outputs = keras.ops.convert_to_numpy(model(batch, training=False)).astype("float64")
    last = model.layers[-1]
    softmax = getattr(last, "activation", None) is keras.activations.softmax
    if softmax or isinstance(last, L.Softmax):
        outputs = np.log(outputs)
        outputs -= outputs.mean(axis=1, keepdims=True)
    return outputs


def save(model, stem, kinds, seed=1):
    shake(model, seed)
    batch = images(tuple(model.input_shape[1:]))
    result = logits(model, batch)
    for kind in kinds:
        name = stem + kind
        if kind == ".weights.h5":
            model.save_weights(path(name))
        elif kind == "-weights.h5":
            with h5py.File(path(name), "w") as file:
                legacy_h5_format.save_weights_to_hdf5_group(file, model)
        else:
            model.save(path(name))
        record(name, model, batch, result)
    return model


# kh != kw, H != W, in != out; a stride that `same` pads on one side only; the two kinds of batch
# normalisation; the order of flattening.
cnn = keras.Sequential([
    keras.Input((9, 8, 3)),
    L.Rescaling(2.0, offset=-1.0),
    L.Conv2D(4, (3, 2), activation="relu", name="conv"),
    L.BatchNormalization(name="norm"),
    L.MaxPooling2D(2, name="pool"),
    L.DepthwiseConv2D((2, 3), depth_multiplier=2, padding="same", name="deep"),
    L.Conv2D(5, (3, 3), strides=2, padding="same", use_bias=False, name="stride"),
    L.BatchNormalization(scale=False, center=False, epsilon=0.01, momentum=0.8, name="plain"),
    L.LeakyReLU(negative_slope=0.1, name="leaky"),
    L.Flatten(name="flat"),
    L.Dropout(0.3, name="drop"),
    L.Dense(6, activation="tanh", name="hidden"),
    L.Dense(4, activation="softmax", name="out"),
], name="cnn")
save(cnn, "cnn", [".keras", ".weights.h5", ".h5", "-weights.h5"])

# Branches, a nested model, every joining and pooling layer, a name that is no node's.
net = keras.Sequential([
    keras.Input((6, 7, 4)),
    L.Conv2D(4, (2, 3), padding="same", name="c_in"),
    L.BatchNormalization(scale=False, name="norm"),
], name="net")
given = keras.Input((8, 9, 2), name="img")
x = L.ZeroPadding2D(((1, 0), (0, 2)), name="pad")(given)
x = L.Conv2D(4, (4, 5), name="first conv")(x)
y = net(x)
x = L.Add(name="sum")([x, y])
x = L.Activation("relu", name="act")(x)
z = L.SeparableConv2D(3, (2, 3), padding="same", depth_multiplier=2, activation="sigmoid",
                      name="sep")(x)
x = L.Concatenate(name="join")([x, z])
x = L.AveragePooling2D((2, 2), padding="same", name="mean")(x)
x = L.Conv2D(6, (3, 2), strides=(2, 1), padding="same", groups=1, name="last")(x)
x = L.BatchNormalization(center=False, name="noshift")(x)
x = L.GlobalAveragePooling2D(name="gap")(x)
x = L.Dense(5, name="out")(x)
residual = keras.Model(given, x, name="residual")
save(residual, "residual", [".keras", ".weights.h5", ".h5"], seed=2)

# Classes that no graph holds yet, and an optimiser's state.
given = keras.Input((6, 5, 2))
x = L.Conv2DTranspose(3, (2, 3), name="up")(given)
x = L.Reshape((7, -1))(x)
x = L.LSTM(3, name="lstm")(x)
x = L.LayerNormalization(name="ln")(x)
other = keras.Model(given, L.Dense(2, name="out")(x), name="other")
other.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
other.fit(np.ones((2, 6, 5, 2), "float32"), np.ones((2, 2), "float32"), verbose=0)
save(other, "other", [".weights.h5", ".h5"], seed=3)

# bfloat16, as Keras writes it: opaque bytes and an attribute.
keras.config.set_dtype_policy("bfloat16")
half = keras.Sequential([keras.Input((3,)), L.Dense(4, name="a"), L.Dense(2, name="b")])
half.save_weights(path("bf16.weights.h5"))
with h5py.File(path("bf16.weights.h5")) as file:
    EXPECTED["bf16.weights.h5"] = {"tensors": {
        f"layers/{layer}/vars/{index}": {
            "shape": list(file[f"layers/{layer}/vars/{index}"].shape),
            "sha256": hashlib.sha256(
                file[f"layers/{layer}/vars/{index}"][()].tobytes()).hexdigest()}
        for layer in ("dense", "dense_1") for index in (0, 1)}}
keras.config.set_dtype_policy("float32")

# More than ten of a class, so that order matters; one shared tensor.
deep = keras.Sequential([keras.Input((2,))] + [L.Dense(2, name=f"d{i}") for i in range(12)])
save(deep, "many", [".weights.h5"], seed=4)
with h5py.File(path("tied.weights.h5"), "w") as file:
    for name in ("dense", "dense_1"):
        file.create_group(f"layers/{name}/vars").attrs["name"] = name
    file["layers/dense/vars/0"] = np.arange(6, dtype="float32").reshape(2, 3)
    file["layers/dense_1/vars/0"] = file["layers/dense/vars/0"]
record("tied.weights.h5")


def fixed(names):
    return np.array([name.encode() for name in names])


# tf.keras 2: fixed-length strings, `:0`, a list in two parts, an empty list that is float64.
random = np.random.default_rng(6)
kernels = {"conv2d/kernel:0": (3, 2, 1, 2), "conv2d/bias:0": (2,),
           "batch_normalization/gamma:0": (2,), "batch_normalization/beta:0": (2,),
           "batch_normalization/moving_mean:0": (2,), "batch_normalization/moving_variance:0": (2,),
           "dense/kernel:0": (24, 3), "dense/bias:0": (3,)}
config = {"class_name": "Functional", "config": {"name": "model", "layers": [
    {"class_name": "InputLayer", "name": "input_1", "inbound_nodes": [], "config": {
        "batch_input_shape": [None, 6, 5, 1], "dtype": "float32", "name": "input_1"}},
    {"class_name": "Conv2D", "name": "conv2d", "inbound_nodes": [[["input_1", 0, 0, {}]]],
     "config": {"name": "conv2d", "filters": 2, "kernel_size": [3, 2], "strides": [1, 1],
                "padding": "valid", "data_format": "channels_last", "dilation_rate": [1, 1],
                "groups": 1, "activation": "relu", "use_bias": True}},
    {"class_name": "BatchNormalization", "name": "batch_normalization",
     "inbound_nodes": [[["conv2d", 0, 0, {}]]],
     "config": {"name": "batch_normalization", "axis": [3], "momentum": 0.99, "epsilon": 0.001,
                "center": True, "scale": True}},
    {"class_name": "MaxPooling2D", "name": "max_pooling2d",
     "inbound_nodes": [[["batch_normalization", 0, 0, {}]]],
     "config": {"name": "max_pooling2d", "pool_size": [2, 1], "padding": "valid",
                "strides": [1, 1], "data_format": "channels_last"}},
    {"class_name": "Flatten", "name": "flatten", "inbound_nodes": [[["max_pooling2d", 0, 0, {}]]],
     "config": {"name": "flatten", "data_format": "channels_last"}},
    {"class_name": "Dense", "name": "dense", "inbound_nodes": [[["flatten", 0, 0, {}]]],
     "config": {"name": "dense", "units": 3, "activation": "softmax", "use_bias": True}},
], "input_layers": [["input_1", 0, 0]], "output_layers": [["dense", 0, 0]]}}
values = {name: (np.abs(random.normal(size=shape)) + 0.1).astype("float32")
          for name, shape in kernels.items()}
for name, whole in (("tf-model.h5", True), ("tf-weights.h5", False)):
    with h5py.File(path(name), "w") as file:
        if whole:
            file.attrs["keras_version"] = np.bytes_("2.11.0")
            file.attrs["backend"] = np.bytes_("tensorflow")
            file.attrs["model_config"] = np.bytes_(json.dumps(config))
        group = file.create_group("model_weights") if whole else file
        names = [layer["name"] for layer in config["config"]["layers"]]
        if whole:
            group.attrs["layer_names"] = fixed(names)
        else:
            group.attrs["layer_names0"] = fixed(names[:4])
            group.attrs["layer_names1"] = fixed(names[4:])
        for layer in names:
            own = [key for key in kernels if key.startswith(layer + "/")]
            part = group.create_group(layer)
            part.attrs["weight_names"] = fixed(own) if own else np.array([])
            for key in own:
                part[key] = values[key]
    record(name)
# The same network in Keras 3 gives the logits.
model = keras.Sequential([
    keras.Input((6, 5, 1)), L.Conv2D(2, (3, 2), activation="relu"), L.BatchNormalization(),
    L.MaxPooling2D((2, 1), strides=1), L.Flatten(), L.Dense(3)])
model.set_weights(list(values.values()))
batch = images((6, 5, 1))
found = logits(model, batch)
record("tf-model.h5", model, batch, found - found.mean(axis=1, keepdims=True))

# A plain HDF5 file: every kind of element, a scalar, an empty array, a text, a link, a tie.
with h5py.File(path("plain.h5"), "w") as file:
    file.attrs["note"] = "made by h5py"
    file.attrs["count"] = 3
    for name, dtype in (("f2", "f2"), ("f4", "f4"), ("f8", "f8"), ("i1", "i1"), ("u8", "u8")):
        file[f"kinds/{name}"] = np.arange(6, dtype=dtype).reshape(2, 3)
    file["kinds/bool"] = np.array([True, False, True])
    file["scalar"] = np.float32(2.5)
    file["empty"] = np.zeros((0, 4), "f4")
    file["text"] = "not a number"
    file["tied"] = file["kinds/f4"]
    file["soft"] = h5py.SoftLink("/scalar")
    file.create_dataset("n10/packed", data=np.arange(400, dtype="i4"), compression=4)
    file["n9/first"] = np.arange(3, dtype=">f4")
record("plain.h5")

with open(path("expected.json"), "w") as file:
    json.dump(EXPECTED, file, separators=(",", ":"))
    file.write("\n")
