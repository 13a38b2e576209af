# SPDX-License-Identifier: Apache-2.0
"""Makes small HDF5 files that harm readers which believe them.

    python make_hostile.py [FOLDER]
"""
import os
import struct
import sys
import zlib

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t, h5z

import hostile_structures

HERE = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "hostile")
os.makedirs(HERE, exist_ok=True)


def new(name, **options):
    path = os.path.join(HERE, name + ".h5")
    if os.path.exists(path):
        os.remove(path)
    return h5py.File(path, "w", **options)


with new("shape-bomb") as f:
    f.create_dataset("x", (50_000_000, 50_000_000), "f4", chunks=(1000, 1000))
with new("late-bomb") as f:
    f.create_dataset("x", (1 << 40,), "f8")
with new("sparse-bomb") as f:
    x = f.create_dataset("x", (1 << 40,), "u1", chunks=(1,))
    x[5] = 1
with new("inflate-bomb") as f:
    x = f.create_dataset("x", (4096,), "u1", chunks=(4096,), compression=9)
    x.id.write_direct_chunk((0,), zlib.compress(bytes(8_000_000), 9))
with new("stacked-deflate") as f:
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk((4096,))
    for _ in range(3):
        plist.set_deflate(9)
    x = h5d.create(f.id, b"x", h5t.NATIVE_UINT8, h5s.create_simple((4096,)), dcpl=plist)
    layers = bytes(4096)
    for _ in range(3):
        layers = zlib.compress(layers, 9)
    x.write_direct_chunk((0,), layers)
for version in ("old", "v108"):
    options = {} if version == "old" else {"libver": ("v108", "v108")}
    with new(f"cycle-root-{version}", **options) as f:
        f.create_group("a/b")
        f["a/b/back"] = f["/"]
    with new(f"cycle-{version}", **options) as f:
        f.create_group("a/b/c")
        f["a/b/c/back"] = f["a"]
with new("deep", libver=("v108", "v108")) as f:
    group = f
    for _ in range(80):
        group = group.create_group("g")
with new("doubling", libver=("v108", "v108")) as f:
    group = f
    for _ in range(40):
        below = f.create_group(None)
        group["a"] = below
        group["b"] = below
        group = below
with new("external-link") as f:
    f["x"] = h5py.ExternalLink("/etc/passwd", "/x")
with new("soft-loop") as f:
    f["x"] = h5py.SoftLink("/y")
    f["y"] = h5py.SoftLink("/x")
with new("external-storage") as f:
    f.create_dataset("x", (100,), "u1", external=[("/etc/passwd", 0, 100)])
with new("external-storage-huge") as f:
    f.create_dataset("x", (1 << 40, 1 << 20), "f8", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])
with new("virtual", libver="latest") as f:
    layout = h5py.VirtualLayout((100,), "u1")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (100,))
    f.create_virtual_dataset("x", layout)
with new("unknown-filter") as f:
    # Optional, so that the library makes the dataset without having the filter.
    properties = h5p.create(h5p.DATASET_CREATE)
    properties.set_chunk((10,))
    properties.set_filter(32001, h5z.FLAG_OPTIONAL, (2, 2, 4, 40))
    x = h5d.create(f.id, b"x", h5t.STD_I32LE, h5s.create_simple((100,)), properties)
    x.write_direct_chunk((0,), bytes(40))
with new("scale-offset") as f:
    f.create_dataset("x", data=np.arange(100), chunks=(10,), scaleoffset=0)
with new("rank") as f:
    f["sound"] = np.arange(3)
    f["x"] = np.zeros((1,) * 9)
with new("reference") as f:
    f.create_dataset("x", data=np.array([f.ref], dtype=h5py.ref_dtype), dtype=h5py.ref_dtype)
with new("bad-checksum") as f:
    x = f.create_dataset("x", data=np.arange(8, dtype="u1"), chunks=(8,), fletcher32=True)
    x.id.write_direct_chunk((0,), bytes(range(8)) + b"\1\2\3\4")
with new("short-chunk") as f:
    x = f.create_dataset("x", data=np.arange(8, dtype="u1"), chunks=(8,), compression=4)
    x.id.write_direct_chunk((0,), zlib.compress(bytes(7)))
# One long value that every element refers to: 1,000 times 15 KB out of a file of 40 KB.
with new("shared-value") as f:
    x = f.create_dataset("x", (1000,), h5py.string_dtype())
    x[0] = b"b" * 15_000
    offset = x.id.get_offset()
    path = f.filename
with open(path, "r+b") as raw:
    raw.seek(offset)
    first = raw.read(16)
    raw.seek(offset)
    raw.write(first * 1000)
# A signature and a version that promise a superblock, then nothing.
with open(os.path.join(HERE, "head-only.h5"), "wb") as raw:
    raw.write(b"\x89HDF\r\n\x1a\n" + struct.pack("<BBBB", 2, 8, 8, 0))
with open(os.path.join(HERE, "not-hdf5.h5"), "wb") as raw:
    raw.write(b"PK\3\4" + bytes(60))
open(os.path.join(HERE, "empty.h5"), "wb").close()
hostile_structures.make(new)
