# SPDX-License-Identifier: Apache-2.0
"""Makes seeds for `tools/fuzz`: seeds.tar.gz with folders hdf5 and journal.

    python make.py [FOLDER TO KEEP THEM IN]

hdf5: the smallest files that show one feature each. Small files make fast executions, and mutants of
one feature keep the rest whole. journal: a file that ends with the journal of a commit, after
docs/store-format.md, section 6.
"""
import hashlib
import os
import struct
import sys
import tarfile
import tempfile

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t

HERE = os.path.dirname(os.path.abspath(__file__))
VERSIONS = {"old": None, "v108": ("v108", "v108"), "new": ("v110", "v110")}


def chunked(file, name, shape, chunks, maxshape=None, **options):
    data = np.arange(np.prod(shape, dtype=int), dtype="<i2").reshape(shape)
    file.create_dataset(name, data=data, chunks=chunks, maxshape=maxshape, **options)


def low_level(file, name, datatype, shape, layout=None, raw=None):
    space = h5s.create_simple(shape)
    properties = h5p.create(h5p.DATASET_CREATE)
    if layout is not None:
        properties.set_layout(layout)
    dataset = h5d.create(file.id, name, datatype, space, properties)
    if raw is not None:
        dataset.write(h5s.ALL, h5s.ALL, raw, mtype=datatype)


def odd_integer():
    datatype = h5t.STD_I32LE.copy()
    datatype.set_precision(20)
    datatype.set_offset(3)
    return datatype


def compact(file):
    low_level(file, b"x", h5t.STD_I16BE, (4,), h5d.COMPACT, np.arange(4, dtype=">i2"))


def never_written(file):
    file.create_dataset("x", (3, 2), "<f4", fillvalue=1.5)
    file.create_dataset("y", (6,), "<f4", chunks=(2,), fillvalue=2.5)


def text(file):
    file["fixed"] = np.array([b"ab", b"c"], "S4")
    file.create_dataset("any", data=["ab", "cde"], dtype=h5py.string_dtype())


def sequences(file):
    dataset = file.create_dataset("x", (2,), h5py.vlen_dtype("<i4"))
    dataset[0] = [1, 2]
    dataset[1] = [3]


def references(file):
    file["y"] = 1
    file.create_dataset("x", data=[file["y"].ref], dtype=h5py.ref_dtype)


def compound(file):
    inner = np.dtype([("a", "<i2"), ("b", "S3")])
    file["x"] = np.zeros(2, [("n", "<f4", (2,)), ("c", inner), ("d", inner, (2,))])


def enumeration(file):
    file.create_dataset("x", data=[True, False])
    file.create_dataset("y", data=[1, 0], dtype=h5py.enum_dtype({"A": 0, "B": 1}, "<i2"))


def committed(file):
    file["t"] = np.dtype("<i2")
    file.create_dataset("x", data=[1, 2], dtype=file["t"])
    file["x"].attrs.create("a", 3, dtype=file["t"])


def links(file):
    file["g/x"] = 1
    file["again"] = file["g"]
    file["soft"] = h5py.SoftLink("/g/x")
    file["out"] = h5py.ExternalLink("b.h5", "/x")


def attributes(file):
    file.attrs["i"] = 1
    file.attrs["s"] = "text"
    file.attrs["v"] = np.array([1.5, 2.5], "<f4")
    file.attrs["none"] = h5py.Empty("<f4")


def many_attributes(file):
    for index in range(10):
        file.attrs[f"a{index}"] = index


def many_links(file):
    for index in range(10):
        file.create_group(f"g{index}")


def odd(file):
    low_level(file, b"x", odd_integer(), (3,))
    file.create_dataset("f", data=np.arange(3, dtype=">f8"))
    file.create_dataset("h", data=np.arange(3, dtype="<f2"))


def opaque(file):
    file["x"] = np.array([b"ab", b"cd"], "V2")


def tracked(file):
    group = file.create_group("g", track_order=True)
    for index in range(9):
        group.attrs[f"a{index}"] = index
        group[f"x{index}"] = index


FEATURES = {
    "empty": lambda file: None,
    "scalar": lambda file: file.create_dataset("x", data=np.float32(1.5)),
    "contiguous": lambda file: file.create_dataset("x", data=np.arange(6, dtype="<f4").reshape(2, 3)),
    "compact": compact, "never-written": never_written, "text": text, "sequences": sequences,
    "references": references, "compound": compound, "enumeration": enumeration,
    "committed": committed, "links": links, "attributes": attributes,
    "many-attributes": many_attributes, "many-links": many_links, "odd": odd, "opaque": opaque,
    "tracked": tracked,
    "chunks-one": lambda file: chunked(file, "x", (4,), (4,)),
    "chunks-some": lambda file: chunked(file, "x", (5, 3), (2, 2)),
    "chunks-grow": lambda file: chunked(file, "x", (5,), (2,), maxshape=(None,)),
    "chunks-grow-two": lambda file: chunked(file, "x", (3, 3), (2, 2), maxshape=(None, None)),
    "gzip": lambda file: chunked(file, "x", (9,), (4,), compression="gzip", shuffle=True),
    "gzip-one": lambda file: chunked(file, "x", (9,), (9,), compression="gzip", fletcher32=True),
    "gzip-grow": lambda file: chunked(file, "x", (9,), (4,), (None,), compression="gzip"),
    "gzip-grow-two": lambda file: chunked(file, "x", (3, 3), (2, 2), (None, None), fletcher32=True),
    "lzf": lambda file: chunked(file, "x", (32,), (16,), compression="lzf"),
    "scale-offset": lambda file: chunked(file, "x", (8,), (4,), scaleoffset=4),
}


def journal(offset, pages, old_end, new_end):
    """The bytes of a journal at `offset`; `pages` is a list of (number, 4,096 bytes)."""
    body = b"".join(struct.pack("<Q", number) for number, _ in pages)
    body += b"".join(content for _, content in pages)
    body += b"RETORTJ1" + struct.pack("<6Q", offset, len(pages), old_end, new_end, 4096, 0)
    return body + hashlib.sha256(body).digest()


def make_files(folder):
    os.makedirs(folder)
    for version, bounds in VERSIONS.items():
        for feature, make in FEATURES.items():
            path = os.path.join(folder, f"{feature}-{version}.h5")
            with h5py.File(path, "w", **({"libver": bounds} if bounds else {})) as file:
                make(file)
    with h5py.File(os.path.join(folder, "user-block.h5"), "w", userblock_size=512) as file:
        file["x"] = 1


def make_journals(folder):
    """The file before a commit with the journal of the commit: a new name in the root group."""
    os.makedirs(folder)
    for name, count in {"one-page": 1, "two-pages": 2, "no-page": 0}.items():
        path = os.path.join(folder, name)
        with h5py.File(path, "w", libver=("v108", "v108")) as file:
            file["x"] = np.zeros(600 if count == 2 else 2)
        old = open(path, "rb").read()
        with h5py.File(path, "r+", libver=("v108", "v108")) as file:
            file["y"] = 1
        new = open(path, "rb").read()
        pages = []
        for number in range(count):
            content = new[number * 4096:(number + 1) * 4096]
            pages.append((number, content.ljust(4096, b"\0")))
        body = old + new[len(old):]
        with open(path, "wb") as out:
            out.write(body + journal(len(body), pages, len(old), len(new)))


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = sys.argv[1] if len(sys.argv) > 1 else temporary
        make_files(os.path.join(folder, "hdf5"))
        make_journals(os.path.join(folder, "journal"))
        with tarfile.open(os.path.join(HERE, "seeds.tar.gz"), "w:gz") as archive:
            for part in ("hdf5", "journal"):
                archive.add(os.path.join(folder, part), part)


main()
