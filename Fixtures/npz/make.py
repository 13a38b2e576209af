# SPDX-License-Identifier: Apache-2.0
"""Makes the archives of this folder with NumPy 2.4, and hostile ones. Run it here.

sound.json lists the arrays of every sound archive as NumPy gives them: element type, shape, and
the bytes of the little-endian row-major array in hexadecimal.
"""

import io
import json
import os
import pickle
import struct
import zipfile

import numpy as np

os.chdir(os.path.dirname(os.path.abspath(__file__)))
os.makedirs("hostile", exist_ok=True)
TYPES = {"bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16",
         "uint32": "U32", "int32": "I32", "uint64": "U64", "int64": "I64", "float16": "F16",
         "float32": "F32", "float64": "F64"}


def sound():
    counting = np.arange(24).reshape(2, 3, 4)
    np.savez("types.npz", **{f"layer/{name}:0": counting.astype(name) for name in TYPES})
    orders = {"fortran": np.asfortranarray(counting.astype("<f4")),
              "big": counting.astype(">f4"), "both": np.asfortranarray(counting.astype(">i2")),
              "scalar": np.float64(2.5), "empty": np.zeros((0, 7), "<f4"),
              "vector": np.arange(5), "W": np.ones(2, "<f4"), "w": np.zeros(3, "<f4"),
              "größe": np.ones(1, "<f4"), "zeros": np.zeros(3000, "<f4")}
    np.savez("orders.npz", **orders)
    np.savez_compressed("compressed.npz", **orders)
    np.savez("none.npz")
    fields = [(f"a_long_name_of_a_field_{index}", "<f4") for index in range(40)]
    foreign = {"text": np.array(["one", "two"]), "complex": np.zeros(2, "c8"),
               "dates": np.zeros(2, "M8[s]"), "records": np.zeros(2, fields),
               "weights": np.arange(3, dtype="<f4")}
    np.savez("foreign.npz", **foreign)
    np.savez_compressed("foreign-compressed.npz", **foreign)
    table = {}
    for file in ["types.npz", "orders.npz", "compressed.npz", "none.npz"]:
        with np.load(file) as archive:
            table[file] = [
                dict(name=name, dtype=TYPES[archive[name].dtype.name],
                     shape=list(archive[name].shape),
                     bytes=np.ascontiguousarray(archive[name]).astype(
                         archive[name].dtype.newbyteorder("<")).tobytes().hex())
                for name in archive.files]
    with open("sound.json", "w") as file:
        json.dump(table, file, indent=1)
        file.write("\n")


class Payload:
    """What a loader that trusts pickles would run."""

    def __reduce__(self):
        return os.system, ("echo a loader ran this",)


def npy(array):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=True)
    return file.getvalue()


def header(text, data=b"", version=1):
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode() + data


def member(name, data, method=zipfile.ZIP_STORED):
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = method
    return info, data


def archive(name, *members):
    with zipfile.ZipFile(f"hostile/{name}.npz", "w") as file:
        for info, data in members:
            file.writestr(info, data)


def notes(value):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return member("__retort__.npy", npy(np.frombuffer(text, "u1")))


def hostile():
    deflated = zipfile.ZIP_DEFLATED
    good = member("a.npy", npy(np.arange(3, dtype="<u2")))
    evil = np.array([Payload()], dtype=object)
    assert b"system" in pickle.dumps(Payload())
    archive("object", member("a.npy", npy(evil)), member("b.npy", npy(np.ones(2, "<f4"))))
    archive("object-compressed", member("a.npy", npy(evil), deflated))
    archive("header-code", member("a.npy", header(
        "{'descr': __import__('os').system('true'), 'fortran_order': False, 'shape': ()}")))
    archive("header-length", member("a.npy", b"\x93NUMPY\2\0\xff\xff\xff\xff{}"))
    archive("header-long", member("a.npy", header(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}" + " " * 70_000, bytes(4), 2),
        deflated))
    archive("header-cut", member("a.npy", b"\x93NUMPY\1\0", deflated))
    archive("header-none", member("a.npy", b""))
    archive("not-npy", member("a.npy", b"data that is no array"))
    archive("shape-bomb", member("a.npy", header(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000000000,)}", bytes(4))))
    archive("shape-overflow", member("a.npy", header(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 2)}")))
    archive("shape-bomb-compressed", member("a.npy", header(
        "{'descr': '<f8', 'fortran_order': True, 'shape': (4000000000,)}", bytes(4)), deflated))
    archive("short", member("a.npy", npy(np.ones(4, "<f4"))[:-1]))
    archive("long", member("a.npy", npy(np.ones(4, "<f4")) + b"x"))
    archive("notes-list", good, notes([1]))
    archive("notes-not-json", good, notes(b"{'dtypes': {}}"))
    archive("notes-key", good, notes({"code": "x"}))
    archive("notes-metadata", good, notes({"metadata": []}))
    archive("notes-type", good, notes({"dtypes": {"a": "F16"}}))
    archive("notes-width", good, notes({"dtypes": {"a": "F8_E4M3"}}))
    archive("notes-missing", good, notes({"dtypes": {"b": "BF16"}}))
    archive("notes-floats", good, member("__retort__.npy", npy(np.ones(3, "<f4"))))
    archive("notes-object", good, member("__retort__.npy", npy(evil)))
    # Booleans that are neither, which only reading them shows.
    archive("boolean", member("a.npy", header(
        "{'descr': '|b1', 'fortran_order': False, 'shape': (2,)}", b"\1\7")))


sound()
hostile()
