# SPDX-License-Identifier: Apache-2.0
"""Makes the HDF5 fixtures with h5py, and beside each what NumPy says is in it.

    python make.py [FOLDER]

For NAME.h5 there is NAME.json: {"objects": {PATH: {...}}}. Numbers are given as the hexadecimal
little-endian bytes of the C-order array (or their CRC-32 where they are long), text as text.
"""
import json
import os
import sys
import zlib

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t

HERE = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
NAMES = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16",
    "uint32": "U32", "int32": "I32", "uint64": "U64", "int64": "I64",
    "float16": "F16", "float32": "F32", "float64": "F64",
}
random = np.random.default_rng(7)


def numbers(array, dtype=None):
    """What the reader should find for a numeric array."""
    array = np.ascontiguousarray(array).reshape(np.shape(array))
    array = array.astype(array.dtype.newbyteorder("<"))
    raw = array.tobytes()
    result = {"kind": "numbers", "dtype": dtype or NAMES[array.dtype.name],
              "shape": list(array.shape)}
    if len(raw) <= 256:
        result["hex"] = raw.hex()
    else:
        result["crc32"] = zlib.crc32(raw)
    return result


def texts(values, shape=None):
    return {"kind": "text", "shape": list(shape if shape is not None else np.shape(values)),
            "text": [str(v) for v in np.asarray(values, dtype=object).reshape(-1)]}


class Fixture:
    def __init__(self, name, **options):
        self.path = os.path.join(HERE, name + ".h5")
        self.objects = {}
        if os.path.exists(self.path):
            os.remove(self.path)
        self.file = h5py.File(self.path, "w", **options)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()
        with open(self.path[:-3] + ".json", "w") as out:
            json.dump({"objects": self.objects}, out, indent=0, sort_keys=True)
            out.write("\n")

    def dataset(self, path, array, dtype=None, **options):
        array = np.asarray(array)
        self.file.create_dataset(path, data=array, **options)
        self.objects["/" + path] = numbers(array, dtype)

    def text(self, path, values, **options):
        self.file.create_dataset(path, data=values, **options)
        flat = np.asarray(values, dtype=object).reshape(-1)
        flat = [v.decode() if isinstance(v, bytes) else v for v in flat]
        self.objects["/" + path] = {"kind": "text", "shape": list(np.shape(values)), "text": flat}

    def attribute(self, path, name, value, expected=None, **options):
        self.file[path].attrs.create(name, value, **options)
        entry = self.objects.setdefault("/" + path.strip("/"), {"kind": "group"})
        entry.setdefault("attributes", {})[name] = expected or numbers(np.asarray(value))


def every_number(fixture):
    for name in NAMES:
        if name == "bool":
            fixture.dataset("numbers/bool", np.array([True, False, True]))
            continue
        kind = np.dtype(name)
        if kind.kind == "f":
            values = np.array([0, -0.0, 1, -1.5, 65504, np.inf, -np.inf, np.nan, 6e-8],
                              dtype=kind).reshape(3, 3)
        else:
            info = np.iinfo(kind)
            values = np.array([[info.min, info.max, 0], [1, 2, 3]], dtype=kind)
        fixture.dataset(f"numbers/{name}", values)
        fixture.dataset(f"big/{name}", values.astype(kind.newbyteorder(">")))
    fixture.dataset("shapes/scalar", np.float32(2.5))
    fixture.dataset("shapes/empty", np.zeros((0, 4), dtype=np.float32))
    fixture.dataset("shapes/five", np.arange(2 * 3 * 2 * 2 * 2, dtype=np.int16)
                    .reshape(2, 3, 2, 2, 2))
    fixture.file.create_dataset("shapes/null", data=h5py.Empty("f4"))
    fixture.objects["/shapes/null"] = {"kind": "null", "shape": [0]}


def strings(fixture):
    fixture.text("text/fixed", np.array([b"one", b"three", b""], dtype="S5"))
    fixture.text("text/scalar", "κόσμος")
    fixture.text("text/variable", np.array([["a", "bb"], ["", "dddd" * 50]], dtype=object),
                 dtype=h5py.string_dtype())
    fixture.text("text/utf8", np.array(["ä".encode(), "ß".encode()],
                                       dtype=h5py.string_dtype("utf-8", 4)))
    for name, padding in (("terminated", h5t.STR_NULLTERM), ("spaces", h5t.STR_SPACEPAD)):
        kind = h5t.C_S1.copy()
        kind.set_size(6)
        kind.set_strpad(padding)
        space = h5s.create_simple((2,))
        dataset = h5d.create(fixture.file["text"].id, name.encode(), kind, space)
        fill = b"ab\0xyzcdef\0q" if padding == h5t.STR_NULLTERM else b"ab    cdefg "
        dataset.write(h5s.ALL, h5s.ALL, np.frombuffer(fill, dtype="S6"), mtype=kind)
        expected = ["ab", "cdef"] if padding == h5t.STR_NULLTERM else ["ab", "cdefg"]
        fixture.objects[f"/text/{name}"] = texts(expected)


def attributes(fixture):
    group = fixture.file.create_group("noted")
    fixture.objects["/noted"] = {"kind": "group"}
    fixture.attribute("noted", "float", np.float64(0.25))
    fixture.attribute("noted", "integers", np.arange(5, dtype=np.int32))
    fixture.attribute("noted", "big", np.array([1, 2], dtype=">i8"))
    fixture.attribute("noted", "flag", np.bool_(True))
    fixture.attribute("noted", "text", "hello", texts(["hello"], ()))
    fixture.attribute("noted", "list", ["a", "bc", ""], texts(["a", "bc", ""]))
    fixture.attribute("noted", "fixed", np.array([b"x", b"yz"], dtype="S3"), texts(["x", "yz"]))
    fixture.attribute("noted", "none", [], {"kind": "numbers", "dtype": "F64", "shape": [0],
                                            "hex": "", "text": []})
    group.attrs["null"] = h5py.Empty("f4")
    fixture.objects["/noted"]["attributes"]["null"] = {"kind": "null", "shape": [0]}


def storage(fixture):
    grid = random.integers(-5, 6, (37, 29)).astype(np.float32)
    fixture.dataset("stored/contiguous", grid)
    fixture.dataset("stored/chunked", grid, chunks=(8, 10))
    fixture.dataset("stored/cube", np.arange(7 * 6 * 5, dtype=np.uint16).reshape(7, 6, 5),
                    chunks=(3, 4, 2), compression=4)

    file = fixture.file
    part = file.create_dataset("stored/part", (20, 6), "f4", chunks=(4, 4), fillvalue=7.5)
    part[5:7, 1:5] = 1
    fixture.objects["/stored/part"] = numbers(part[...])
    unwritten = file.create_dataset("stored/unwritten", (3, 3), "i4", fillvalue=-1)
    fixture.objects["/stored/unwritten"] = numbers(unwritten[...])
    file.create_dataset("stored/untouched", (6,), "f4", chunks=(3,))
    fixture.objects["/stored/untouched"] = numbers(np.zeros(6, np.float32))

    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_layout(h5d.COMPACT)
    small = np.arange(12, dtype=np.int32).reshape(3, 4)
    dataset = h5d.create(file["stored"].id, b"compact", h5t.NATIVE_INT32,
                         h5s.create_simple((3, 4)), dcpl=plist)
    dataset.write(h5s.ALL, h5s.ALL, small)
    fixture.objects["/stored/compact"] = numbers(small)


def filters(fixture):
    file = fixture.file
    grid = random.integers(-5, 6, (37, 29)).astype(np.float32)
    fixture.dataset("stored/deflate", grid, chunks=(8, 29), compression="gzip")
    fixture.dataset("stored/shuffle", grid, chunks=(37, 10), shuffle=True)
    fixture.dataset("stored/checked", grid, chunks=(8, 10), fletcher32=True)
    fixture.dataset("stored/all", grid, chunks=(8, 10), compression=9, shuffle=True,
                    fletcher32=True)
    fixture.dataset("stored/all64", grid.astype(np.float64), chunks=(5, 29), compression=1,
                    shuffle=True, fletcher32=True)
    fixture.dataset("stored/all16", grid.astype(np.int16), chunks=(40, 40), maxshape=(None, None),
                    compression=1, shuffle=True)
    fixture.dataset("stored/big", grid.astype(">f4"), chunks=(8, 10), compression=4, shuffle=True)
    fixture.dataset("stored/bytes", random.integers(0, 256, 1001).astype(np.uint8), chunks=(100,),
                    compression=4, shuffle=True, fletcher32=True)

    # A chunk that says which filters it skipped.
    masked = file.create_dataset("stored/masked", (4, 8), "i4", chunks=(2, 8), compression=4,
                                 shuffle=True)
    values = np.arange(32, dtype=np.int32).reshape(4, 8)
    shuffled = np.frombuffer(values[2:].tobytes(), np.uint8).reshape(-1, 4).T.tobytes()
    masked.id.write_direct_chunk((0, 0), values[:2].tobytes(), filter_mask=3)
    masked.id.write_direct_chunk((2, 0), shuffled, filter_mask=2)
    fixture.objects["/stored/masked"] = numbers(values)


def indexes(fixture):
    """Every kind of index that layout version 4 has, filtered or not, dense and sparse."""
    file = fixture.file
    grid = np.arange(60, dtype=np.int32).reshape(6, 10)
    for suffix, options in (("", {}), ("-deflate", {"compression": 1, "shuffle": True})):
        fixture.dataset("single" + suffix, grid, chunks=(6, 10), **options)
        fixture.dataset("fixed" + suffix, grid, chunks=(4, 3), maxshape=(20, 10), **options)
        fixture.dataset("rows" + suffix, grid, chunks=(1, 4), maxshape=(None, 12), **options)
        fixture.dataset("columns" + suffix, grid, chunks=(2, 1), maxshape=(9, None), **options)
        fixture.dataset("both" + suffix, grid, chunks=(1, 3), maxshape=(None, None), **options)
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk((4, 4))
    plist.set_alloc_time(h5d.ALLOC_TIME_EARLY)
    early = h5d.create(file.id, b"implicit", h5t.NATIVE_INT32,
                       h5s.create_simple((6, 10), (8, 10)), dcpl=plist)
    early.write(h5s.ALL, h5s.ALL, grid)
    fixture.objects["/implicit"] = numbers(grid)


def sparse_indexes(fixture):
    """Only a few of many chunks: pages, super blocks and most data blocks stay unwritten."""
    for name, count, limit, options in (
            ("pages", 2100, 2100, {}), ("pages-deflate", 1100, 1100, {"compression": 1}),
            ("blocks", 2100, None, {}), ("blocks-deflate", 2100, None, {"compression": 1}),
            ("far", 40_000, None, {})):
        sparse = fixture.file.create_dataset(name, (count,), "i2", chunks=(1,),
                                             maxshape=(limit,), **options)
        for place in (0, 1, 5, 700, count - 1):
            sparse[place] = place % 999 + 1
        fixture.objects["/" + name] = numbers(sparse[...])


def types(fixture):
    file = fixture.file
    group = file.create_group("types")
    # bfloat16 as a real float type, and as Keras writes it.
    kind = h5t.IEEE_F32LE.copy()
    kind.set_fields(15, 7, 8, 0, 7)
    kind.set_size(2)
    kind.set_ebias(127)
    bits = np.array([0x3F80, 0xC000, 0x7F80, 0x0001, 0x4049], dtype=np.uint16)
    for name, code in (("bfloat16", kind), ("opaque", h5t.create(h5t.OPAQUE, 2))):
        dataset = h5d.create(group.id, name.encode(), code, h5s.create_simple((5,)))
        dataset.write(h5s.ALL, h5s.ALL, bits, mtype=code)
        fixture.objects[f"/types/{name}"] = numbers(bits, "BF16")
    group["opaque"].attrs["dtype"] = "bfloat16"
    # A float of 24 bits that no element type has: 1 + 6 + 17 bits.
    odd = h5t.IEEE_F64LE.copy()
    odd.set_fields(23, 17, 6, 0, 17)
    odd.set_size(3)
    odd.set_ebias(31)
    values = np.array([0, 1.5, -2.25, 1000, 2.0 ** -40, np.inf], dtype=np.float64)
    dataset = h5d.create(group.id, b"float24", odd, h5s.create_simple((6,)))
    dataset.write(h5s.ALL, h5s.ALL, values)
    back = np.empty(6, np.float32)
    dataset.read(h5s.ALL, h5s.ALL, back)
    fixture.objects["/types/float24"] = numbers(back)

    colours = h5py.enum_dtype({"red": 0, "green": 1, "blue": -3}, basetype="i2")
    file.create_dataset("types/enum", data=np.array([0, 1, -3], "i2"), dtype=colours)
    fixture.objects["/types/enum"] = numbers(np.array([0, 1, -3], "i2"))
    array = np.arange(12, dtype=np.int32).reshape(2, 2, 3)
    pairs = file.create_dataset("types/array", (2,), dtype=np.dtype(("i4", (2, 3))))
    pairs[...] = array
    fixture.objects["/types/array"] = numbers(np.arange(12, dtype=np.int32).reshape(2, 2, 3))
    if pairs.shape == (2,):
        fixture.objects["/types/array"] = numbers(pairs[...])
    file["types/committed"] = np.dtype("<f8")
    file.create_dataset("types/shared", data=np.arange(3.0), dtype=file["types/committed"])
    fixture.objects["/types/shared"] = numbers(np.arange(3.0))
    fixture.objects["/types/committed"] = {"kind": "datatype"}
    file["types/shared"].attrs.create("also", np.arange(2.0), dtype=file["types/committed"])

    inner = np.dtype([("x", "<f4"), ("y", ">i2", (2,))])
    outer = np.dtype([("name", "S6"), ("inner", inner), ("flag", "?"), ("count", "<u8")])
    rows = np.zeros(3, outer)
    rows["name"] = [b"a", b"bb", b"cccccc"]
    rows["inner"]["x"] = [1, 2.5, -3]
    rows["inner"]["y"] = [[1, 2], [3, 4], [5, -6]]
    rows["flag"] = [True, False, True]
    rows["count"] = [1, 2, 2 ** 60]
    for path, options in (("types/records", {}),
                          ("types/chunked_records", {"chunks": (2,), "compression": 4,
                                                     "shuffle": True})):
        file.create_dataset(path, data=rows, **options)
        fixture.objects["/" + path] = {
            "kind": "records", "shape": [3], "members": {
                "name": texts(["a", "bb", "cccccc"]),
                "inner/x": numbers(rows["inner"]["x"]),
                "inner/y": numbers(rows["inner"]["y"]),
                "flag": numbers(rows["flag"]),
                "count": numbers(rows["count"]),
            }}
    file.create_dataset("types/reference", data=np.array([file.ref], dtype=h5py.ref_dtype),
                        dtype=h5py.ref_dtype)
    sequences = file.create_dataset("types/sequence", (2,), dtype=h5py.vlen_dtype("i4"))
    sequences[0] = [1, 2, 3]
    fixture.objects["/types/sequence"] = sequences_of([[1, 2, 3], []], "i4")
    file.create_dataset("types/long", data=np.arange(2, dtype=np.longdouble))
    for name, reason in (("reference", "reference"), ("long", "float")):
        fixture.objects[f"/types/{name}"] = {"kind": "refused", "reason": reason}


def sequences_of(values, dtype):
    return {"kind": "sequences", "values": [numbers(np.array(value, dtype)) for value in values]}


def packed(fixture):
    """Integers of fewer bits than bytes, as h5py reads them back."""
    cases = (("i20at3", h5t.STD_I32LE, 20, 3, np.int32, [0, 5, -7, 524287, -524288]),
             ("u12at4", h5t.STD_U16BE, 12, 4, np.uint16, [0, 1, 4095]),
             ("i33at0", h5t.STD_I64BE, 33, 0, np.int64, [1, -1, 2 ** 32 - 1, -2 ** 32]),
             ("u7at1", h5t.STD_U8LE, 7, 1, np.uint8, [0, 127, 64]))
    for name, base, precision, offset, dtype, values in cases:
        kind = base.copy()
        kind.set_precision(precision)
        kind.set_offset(offset)
        fixture.file.require_group("packed")
        dataset = h5d.create(fixture.file["packed"].id, name.encode(), kind,
                             h5s.create_simple((len(values),)))
        dataset.write(h5s.ALL, h5s.ALL, np.array(values, dtype))
        back = np.empty(len(values), dtype)
        dataset.read(h5s.ALL, h5s.ALL, back)
        assert list(back) == values
        fixture.objects[f"/packed/{name}"] = numbers(back)


def features(fixture):
    file = fixture.file
    packed(fixture)
    ramp = np.arange(600, dtype="<i4").reshape(60, 10) // 7
    for name, options in (("lzf", {}), ("lzf_shuffle", {"shuffle": True, "fletcher32": True})):
        fixture.dataset(name, ramp, chunks=(16, 10), compression="lzf", **options)
    noise = np.random.default_rng(3).integers(0, 255, (64,), dtype=np.uint8)
    fixture.dataset("lzf_noise", noise, chunks=(32,), compression="lzf")
    for base, values in (("<f8", [[1.5], [], [2.5, -1]]), (">i2", [[1, -2], [300], []])):
        dataset = file.create_dataset(f"sequences{base[1:]}", (3,), h5py.vlen_dtype(base))
        for index, value in enumerate(values):
            dataset[index] = np.array(value, base)
        fixture.objects[f"/sequences{base[1:]}"] = sequences_of(values, base)
    inner = np.dtype([("x", "<f4"), ("name", "S3")])
    outer = np.dtype([("pairs", inner, (2,)), ("count", "<u2"), ("tags", "S2", (2,))])
    rows = np.zeros(3, outer)
    rows["pairs"]["x"] = [[1, 2], [3, 4], [5, 6]]
    rows["pairs"]["name"] = [[b"a", b"bb"], [b"ccc", b""], [b"e", b"f"]]
    rows["count"] = [7, 8, 9]
    rows["tags"] = [[b"a", b"bc"], [b"", b"d"], [b"ef", b"g"]]
    file["nested"] = rows
    fixture.objects["/nested"] = {"kind": "records", "shape": [3], "members": {
        "pairs/x": numbers(rows["pairs"]["x"]), "pairs/name": texts(rows["pairs"]["name"].astype(str)),
        "count": numbers(rows["count"]), "tags": texts(rows["tags"].astype(str))}}
    # An array of compounds as the type of the elements; h5py offers no such dataset by itself.
    kind = h5t.array_create(h5t.py_create(inner, logical=True), (2,))
    dataset = h5d.create(file.id, b"arrays", kind, h5s.create_simple((3,)))
    dataset.write(h5s.ALL, h5s.ALL, np.ascontiguousarray(rows["pairs"]), mtype=kind)
    fixture.objects["/arrays"] = {"kind": "records", "shape": [3], "members": {
        "x": numbers(rows["pairs"]["x"])}}


def links(fixture):
    file = fixture.file
    shared = file.create_group("links/shared")
    shared["value"] = np.arange(3, dtype=np.int8)
    fixture.objects["/links/shared/value"] = numbers(np.arange(3, dtype=np.int8))
    file["links/again"] = shared
    fixture.objects["/links/again/value"] = numbers(np.arange(3, dtype=np.int8))
    file["links/soft"] = h5py.SoftLink("/links/shared")
    file["links/loop"] = h5py.SoftLink("/links/loop")
    file["links/external"] = h5py.ExternalLink("other.h5", "/there")
    for name in ("soft", "loop", "external"):
        fixture.objects[f"/links/{name}"] = {"kind": "link"}
    file.create_group("links/ünï")
    fixture.objects["/links/ünï"] = {"kind": "group"}


def everything(name, **options):
    with Fixture(name + "-values", **options) as fixture:
        every_number(fixture)
        strings(fixture)
        attributes(fixture)
    with Fixture(name + "-storage", **options) as fixture:
        storage(fixture)
        links(fixture)
    with Fixture(name + "-filters", **options) as fixture:
        filters(fixture)
    with Fixture(name + "-types", **options) as fixture:
        types(fixture)


def large(name, count, **options):
    with Fixture(name, **options) as fixture:
        # Names of one group, so that the file stays small.
        one = fixture.file.create_group("one")
        many = fixture.file.create_group("many")
        for index in range(count):
            many[f"{index:04d}"] = one
        fixture.objects["/many"] = {"kind": "group", "count": count}
        group = fixture.file.create_group("noted")
        for index in range(30):
            fixture.attribute("noted", f"attribute {index}", np.int32(index))
        if options:
            # Above 4 KiB, so kept as a huge object of a heap.
            fixture.attribute("noted", "huge", (np.arange(6000) % 251).astype(np.uint8))


def keras(name, legacy):
    """Files built as Keras 3 and as tf.keras 2 build them."""
    with Fixture(name) as fixture:
        file = fixture.file
        kernel = random.normal(size=(3, 3, 1, 4)).astype(np.float32)
        if not legacy:
            for layer, arrays in (("conv2d", [kernel, np.zeros(4, np.float32)]),
                                  ("dense_1", [np.ones((4, 2), np.float32)]), ("flatten", [])):
                file.create_group(f"layers/{layer}/vars")
                file[f"layers/{layer}/vars"].attrs["name"] = layer
                for index, array in enumerate(arrays):
                    fixture.dataset(f"layers/{layer}/vars/{index}", array)
            fixture.attribute("layers/conv2d/vars", "name", "conv2d", texts(["conv2d"], ()))
            fixture.dataset("optimizer/vars/0", np.int32(12))
            return
        fixture.attribute("/", "keras_version", "3.15.1", texts(["3.15.1"], ()))
        config = json.dumps({"class_name": "Sequential", "config": {"text": "x" * 9000}})
        fixture.attribute("/", "model_config", config, texts([config], ()))
        weights = file.create_group("model_weights")
        fixture.attribute("model_weights", "layer_names", ["conv2d", "dense"],
                          texts(["conv2d", "dense"]))
        fixture.attribute("model_weights", "layer_names0", np.array([b"conv2d", b"re"]),
                          texts(["conv2d", "re"]))
        for layer in ("conv2d", "dense"):
            weights.create_group(layer)
            names = [f"{layer}/kernel:0", f"{layer}/bias:0"]
            fixture.attribute(f"model_weights/{layer}", "weight_names",
                              np.array([n.encode() for n in names]), texts(names))
            fixture.dataset(f"model_weights/{layer}/{names[0]}", kernel)
            fixture.dataset(f"model_weights/{layer}/{names[1]}", np.zeros(4, np.float32))
        weights.create_group("top_level_model_weights")
        fixture.attribute("model_weights/top_level_model_weights", "weight_names", [],
                          {"kind": "numbers", "dtype": "F64", "shape": [0], "hex": "",
                           "text": []})


everything("default")
everything("v108", libver=("v108", "v108"))
everything("v110", libver=("v110", "v110"))
everything("latest", libver="latest")
with Fixture("indexes", libver="latest") as fixture:
    indexes(fixture)
with Fixture("indexes-sparse", libver="latest") as fixture:
    sparse_indexes(fixture)
for name, options in (("features", {}), ("features-latest", {"libver": "latest"})):
    with Fixture(name, **options) as fixture:
        features(fixture)
for name, options in (("user-block", {}), ("user-block-latest", {"libver": "latest"})):
    with Fixture(name, userblock_size=1024, **options) as fixture:
        fixture.dataset("a", np.arange(4, dtype=np.float32))
        fixture.dataset("b/c", np.arange(40, dtype=np.int16), chunks=(16,), compression=4)
        fixture.text("text", np.array(["any", "length"], object), dtype=h5py.string_dtype())
large("many-old", 300)
large("many-v108", 1100, libver=("v108", "v108"))
keras("keras-weights", legacy=False)
keras("keras-legacy", legacy=True)
with Fixture("ordered", libver=("v108", "v108"), track_order=True) as fixture:
    for index in (5, 3, 9, 1):
        fixture.dataset(f"n{index}", np.arange(index, dtype=np.float32))
        fixture.attribute(f"n{index}", "index", np.int64(index))
    for index in range(12):
        fixture.file.create_group(f"g/{index}", track_order=True)
        fixture.objects[f"/g/{index}"] = {"kind": "group"}
        fixture.attribute("g", f"a{index}", np.int64(index))
with Fixture("small", libver=("v108", "v108")) as fixture:
    fixture.dataset("a", np.arange(4, dtype=np.float32))
    fixture.dataset("b/c", np.arange(40, dtype=np.int16), chunks=(16,), compression=4,
                    shuffle=True, fletcher32=True)
    fixture.attribute("b", "note", np.array([b"text"]), texts(["text"]))
with Fixture("small-old") as fixture:
    fixture.dataset("a", np.arange(4, dtype=np.float32))
    fixture.dataset("b/c", np.arange(40, dtype=np.int16), chunks=(16,), compression=4,
                    shuffle=True, fletcher32=True)
    fixture.attribute("b", "note", "text", texts(["text"], ()))
