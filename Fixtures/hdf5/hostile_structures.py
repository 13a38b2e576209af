# SPDX-License-Identifier: Apache-2.0
"""Files whose structures were changed after h5py had written them, with right checksums."""
import struct

import h5py
import numpy as np
from h5py import h5t

from hostile_bytes import Patient

NEW = {"libver": ("v108", "v108")}
LATEST = {"libver": ("v110", "v110")}
HUGE = 1 << 61
DATASPACE, LINK_INFO, DATATYPE, FILL, LINK, LAYOUT, PIPELINE, ATTRIBUTE = 1, 2, 3, 5, 6, 8, 11, 12


def plain(file):
    file["x"] = np.arange(8, dtype="<i4")


def chunks(file):
    file.create_dataset("x", data=np.arange(64, dtype="<i4"), chunks=(16,))


def packed(file):
    file.create_dataset("x", data=np.arange(64, dtype="<i4"), chunks=(16,), compression=4)


def growing(file):
    file.create_dataset("x", data=np.arange(64, dtype="<i4"), chunks=(4,), maxshape=(None,))


def growing_both_ways(file):
    file.create_dataset("x", data=np.zeros((8, 8), "<i4"), chunks=(2, 2), maxshape=(None, None))


def fixed(file):
    file.create_dataset("x", data=np.arange(64, dtype="<i4"), chunks=(4,))


def text(file):
    file.create_dataset("x", data=["some", "text"], dtype=h5py.string_dtype())


def links(file):
    for name in ("aXb", "aYb"):
        file.create_group(name)


def dense_links(file):
    for index in range(60):
        file.create_group(f"group {index:03d}")


def committed(file):
    file["t"] = np.dtype("<i4")
    file.create_dataset("x", data=[1, 2], dtype=file["t"])


def compound(file):
    file["x"] = np.zeros(2, [("first", "<i4"), ("second", "<f8")])


def array(file):
    file.create_dataset("x", (2,), dtype=np.dtype(("<i4", (2, 3))))
    # h5py spreads arrays over the shape unless they are part of a compound.
    file["y"] = np.zeros(2, [("a", "<i4", (2, 3))])


def external(file):
    file["x"] = h5py.ExternalLink("b.h5", "/x")


# What is wrong with version 2 superblocks and headers, heaps and B-trees.

def btree_root(patient, **fields):
    """Fields of a version 2 B-tree's header."""
    places = {"depth": (12, "H"), "root": (16, "Q"), "count": (24, "H"), "total": (26, "Q")}
    start = patient.all(b"BTHD")[0]
    for name, value in fields.items():
        patient.put(start + places[name][0], places[name][1], value)


def self_continuation(patient):
    """A header whose only message continues it where it begins."""
    start, end = patient.header(patient.all(b"OHDR")[0])
    patient.data[start:end] = bytes(end - start)
    patient.put(start, "BHB", 0x10, 16, 0)
    patient.put(start + 4, "QQ", patient.all(b"OHDR")[0], 64)


def committed_by_itself(patient):
    """A committed datatype that refers to itself for what it is."""
    for start in patient.all(b"OHDR"):
        for message in patient.messages(start):
            if message[0] == DATATYPE and message[2] >= 12:
                patient.data[message[1] - 1 - (2 if patient.data[start + 5] & 4 else 0)] |= 2
                patient.put(message[1], "BBQ", 3, 2, start)


def chunk_tree(patient, entry, at, layout, value):
    """Changes a field of an entry of the one chunk B-tree of version 1, of rank 1."""
    node = next(p for p in patient.all(b"TREE") if patient.data[p + 4] == 1)
    key = node + 24 + entry * (8 + 2 * 8 + 8)
    patient.put(key + at, layout, value)


def fields(patient, kind, at, layout, value, number=0):
    patient.put(patient.message(kind, number) + at, layout, value)


def deep_datatype(file):
    kind = h5t.STD_I32LE
    for _ in range(40):
        kind = h5t.vlen_create(kind)
    h5py.h5d.create(file.id, b"x", kind, h5py.h5s.create_simple((1,)))


def rename(patient, old, new):
    assert old in patient.data
    for place in patient.all(old):
        patient.data[place:place + len(old)] = new


CASES = {
    # name: (what h5py writes, how, what is done to it, whether checksums are made right)
    "eof-beyond": (plain, NEW, lambda p: p.put(28, "Q", 1 << 20), True),
    "eof-inside": (plain, NEW, lambda p: p.put(28, "Q", 20), True),
    "base-address": (plain, NEW, lambda p: p.put(12, "Q", 512), True),
    "root-outside": (plain, NEW, lambda p: p.put(36, "Q", HUGE), True),
    "root-undefined": (plain, NEW, lambda p: p.put(36, "Q", (1 << 64) - 1), True),
    "root-is-a-dataset": (plain, NEW, lambda p: p.put(36, "Q", p.all(b"OHDR")[1]), True),
    "superblock-version": (plain, NEW, lambda p: p.put(8, "B", 9), True),
    "superblock-sizes": (plain, NEW, lambda p: p.put(9, "BB", 3, 5), True),
    "superblock-checksum": (plain, NEW, lambda p: p.put(36, "B", p.data[36] ^ 1), False),
    "driver-information": (plain, {}, lambda p: p.put(48, "Q", 96), True),
    "header-checksum": (plain, NEW, lambda p: p.put(p.message(LAYOUT) + 4, "B", 1), False),
    "heap-checksum": (dense_links, NEW, lambda p: p.put(p.all(b"FRHP")[0] + 9, "B", 7), False),
    "tree-checksum": (dense_links, NEW, lambda p: p.put(p.all(b"BTHD")[0] + 6, "B", 7), False),
    "header-size": (
        plain, NEW,
        lambda p: p.put(p.all(b"OHDR")[1] + 5, "B", p.data[p.all(b"OHDR")[1] + 5] | 3),
        False),
    "continuation-cycle": (plain, NEW, self_continuation, True),
    "heap-block-huge": (dense_links, NEW, lambda p: p.put(p.all(b"FRHP")[0] + 112, "Q", HUGE), True),
    "heap-width": (dense_links, NEW, lambda p: p.put(p.all(b"FRHP")[0] + 110, "H", 65535), True),
    "heap-root-outside": (dense_links, NEW, lambda p: p.put(p.all(b"FRHP")[0] + 132, "Q", HUGE), True),
    "heap-is-its-own-block": (
        dense_links, NEW,
        lambda p: p.put(p.all(b"FRHP")[0] + 132, "Q", p.all(b"FRHP")[0]),
        True),
    "tree-is-its-own-root": (
        dense_links, NEW,
        lambda p: btree_root(p, depth=1, root=p.all(b"BTHD")[0]),
        True),
    "tree-count": (dense_links, NEW, lambda p: btree_root(p, count=65535), True),
    "tree-total": (dense_links, NEW, lambda p: btree_root(p, total=HUGE), True),
    "tree-depth": (dense_links, NEW, lambda p: btree_root(p, depth=65535), True),
    "tree-root-outside": (dense_links, NEW, lambda p: btree_root(p, root=HUGE), True),
    "old-tree-cycle": (
        plain, {},
        lambda p: (p.put(p.all(b"TREE")[0] + 5, "B", 1), p.put(p.all(b"TREE")[0] + 32, "Q", p.all(b"TREE")[0])),
        True),
    "old-tree-level": (plain, {}, lambda p: p.put(p.all(b"TREE")[0] + 5, "B", 255), True),
    "old-tree-count": (plain, {}, lambda p: p.put(p.all(b"TREE")[0] + 6, "H", 65535), True),
    "symbol-count": (plain, {}, lambda p: p.put(p.all(b"SNOD")[0] + 6, "H", 65535), True),
    "symbol-name-outside": (plain, {}, lambda p: p.put(p.all(b"SNOD")[0] + 8, "Q", HUGE), True),
    "local-heap-outside": (plain, {}, lambda p: p.put(p.all(b"HEAP")[0] + 24, "Q", HUGE), True),
    "local-heap-size": (plain, {}, lambda p: p.put(p.all(b"HEAP")[0] + 8, "Q", HUGE), True),
    "chunk-tree-cycle": (
        chunks, {},
        lambda p: (p.put(p.all(b"TREE")[1] + 5, "B", 1), chunk_tree(p, 0, 24, "Q", p.all(b"TREE")[1])),
        True),
    "chunk-outside": (chunks, {}, lambda p: chunk_tree(p, 0, 24, "Q", HUGE), True),
    "chunk-size-huge": (packed, {}, lambda p: chunk_tree(p, 0, 0, "I", 0xFFFFFFFF), True),
    "chunk-twice": (chunks, {}, lambda p: chunk_tree(p, 1, 8, "Q", 0), True),
    "chunk-off-the-grid": (chunks, {}, lambda p: chunk_tree(p, 1, 8, "Q", 17), True),
    "chunks-share-bytes": (
        chunks, {},
        lambda p: chunk_tree(p, 1, 24, "Q", p.get(p.all(b"TREE")[1] + 48, "Q")),
        True),
    "chunk-mask": (packed, {}, lambda p: chunk_tree(p, 0, 4, "I", 1), True),
    "fixed-array-count": (fixed, LATEST, lambda p: p.put(p.all(b"FAHD")[0] + 8, "Q", HUGE), True),
    "fixed-array-outside": (fixed, LATEST, lambda p: p.put(p.all(b"FAHD")[0] + 16, "Q", HUGE), True),
    "extensible-array-bits": (growing, LATEST, lambda p: p.put(p.all(b"EAHD")[0] + 7, "B", 200), True),
    "extensible-array-outside": (growing, LATEST, lambda p: p.put(p.all(b"EAHD")[0] + 60, "Q", HUGE), True),
    "chunk-tree2-outside": (growing_both_ways, LATEST, lambda p: btree_root(p, root=HUGE), True),
    "data-outside": (plain, NEW, lambda p: fields(p, LAYOUT, 2, "Q", HUGE), True),
    "data-over-superblock": (plain, NEW, lambda p: fields(p, LAYOUT, 2, "Q", 0), True),
    "data-too-short": (plain, NEW, lambda p: fields(p, LAYOUT, 10, "Q", 4), True),
    "layout-version": (plain, NEW, lambda p: fields(p, LAYOUT, 0, "B", 77), True),
    "rank-255": (plain, NEW, lambda p: fields(p, DATASPACE, 1, "B", 255), True),
    "extent-overflow": (plain, NEW, lambda p: fields(p, DATASPACE, 4, "Q", (1 << 63) - 1), True),
    "extent-negative": (plain, NEW, lambda p: fields(p, DATASPACE, 4, "Q", (1 << 64) - 2), True),
    "datatype-empty": (plain, NEW, lambda p: fields(p, DATATYPE, 4, "I", 0), True),
    "datatype-class": (plain, NEW, lambda p: fields(p, DATATYPE, 0, "B", 0x1E), True),
    "datatype-huge": (plain, NEW, lambda p: fields(p, DATATYPE, 4, "I", 0xFFFFFFFF), True),
    "compound-members": (compound, NEW, lambda p: fields(p, DATATYPE, 1, "H", 65535), True),
    "compound-outside": (compound, NEW, lambda p: fields(p, DATATYPE, 16, "I", 4000), True),
    "array-overflow": (
        array, NEW,
        lambda p: rename(p, struct.pack("<BII", 2, 2, 3), struct.pack("<BII", 2, 0xFFFFFFFF, 0xFFFFFFFF)),
        True),
    "datatype-of-itself": (committed, NEW, committed_by_itself, True),
    "datatype-deep": (deep_datatype, NEW, lambda p: None, True),
    "fill-value-huge": (
        lambda f: f.create_dataset("x", (4,), "<i4", fillvalue=7), NEW,
        lambda p: fields(p, FILL, 2, "I", 0x7FFFFFFF),
        True),
    "filters-many": (packed, NEW, lambda p: fields(p, PIPELINE, 1, "B", 255), True),
    "filter-parameters": (packed, NEW, lambda p: fields(p, PIPELINE, 6, "H", 65535), True),
    "name-twice": (links, NEW, lambda p: rename(p, b"aYb", b"aXb"), True),
    "name-with-slash": (links, NEW, lambda p: rename(p, b"aXb", b"a/b"), True),
    "name-with-zero": (links, NEW, lambda p: rename(p, b"aXb", b"a\0b"), True),
    "name-with-escape": (links, NEW, lambda p: rename(p, b"aXb", b"a\x1bb"), True),
    "name-not-utf8": (links, NEW, lambda p: rename(p, b"aXb", b"a\xffb"), True),
    "name-parent": (lambda f: f.create_group("QQ"), NEW, lambda p: rename(p, b"QQ", b".."), True),
    "link-of-own-kind": (external, NEW, lambda p: fields(p, LINK, 2, "B", 187), True),
    "link-kind": (external, NEW, lambda p: fields(p, LINK, 2, "B", 9), True),
    "text-outside": (text, NEW, lambda p: p.put(p.get(p.message(LAYOUT) + 2, "Q") + 4, "Q", HUGE), True),
    "text-long": (text, NEW, lambda p: p.put(p.get(p.message(LAYOUT) + 2, "Q"), "I", 0xFFFFFFFF), True),
    "text-heap-size": (text, NEW, lambda p: p.put(p.all(b"GCOL")[0] + 8, "Q", HUGE), True),
    "text-object-size": (text, NEW, lambda p: p.put(p.all(b"GCOL")[0] + 24, "Q", HUGE), True),
}


def flood(file):
    """More attributes than anybody looks at."""
    group = file.create_group("x")
    for index in range(1100):
        group.attrs.create(f"{index}", index, dtype="u2")


def make(new):
    """Makes every case; `new(name, **options)` opens a fresh file."""
    for name, (write, options, change, sealed) in CASES.items():
        with new(name, **options) as file:
            write(file)
            path = file.filename
        patient = Patient(path)
        change(patient)
        patient.save(sealed)
    with new("truncated", **NEW) as file:
        plain(file)
        path = file.filename
    with open(path, "r+b") as raw:
        raw.truncate(len(raw.read()) // 2)
    with new("attribute-flood", **NEW) as file:
        flood(file)
    with new("attribute-huge", **NEW) as file:
        file.create_group("x").attrs["a"] = np.zeros(70_000, "u1")
    with new("soft-escape") as file:
        file["x"] = h5py.SoftLink("../../../etc/passwd")
        file["y"] = h5py.SoftLink("/nowhere")
    with new("virtual-unlimited", **LATEST) as file:
        layout = h5py.VirtualLayout((4, 10), "u1", maxshape=(None, 10))
        layout[:, :] = h5py.VirtualSource("/etc/passwd", "x", (4, 10), maxshape=(None, 10))
        file.create_virtual_dataset("x", layout)
    with new("chunk-bomb") as file:
        x = file.create_dataset("x", (300 << 20,), "u1", chunks=(300 << 20,), compression=1)
        x.id.write_direct_chunk((0,), bytes(3_000))
