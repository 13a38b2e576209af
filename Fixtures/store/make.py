#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes sample.h5, a store made from docs/store-format.md with h5py and hashlib alone, and
expected.json, what a reader has to find in it. Needs h5py and numpy."""
import hashlib
import json
import os
import struct

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = {"float16": "F16", "float32": "F32", "float64": "F64", "int64": "I64", "int32": "I32",
         "uint8": "U8", "uint16": "U16", "bool": "BOOL"}


def sha(data):
    return hashlib.sha256(data).hexdigest()


def text(value):
    return np.array(value.encode(), dtype=h5py.string_dtype("utf-8", max(len(value.encode()), 1)))


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Array:
    """Values, or raw bytes under an element type numpy does not have."""

    def __init__(self, values, dtype=None, axes=None, role=None, table=False):
        self.values = np.asarray(values)
        self.dtype = dtype or NAMES[self.values.dtype.name]
        self.axes, self.role, self.table = axes, role, table

    def digest(self):
        data = np.ascontiguousarray(self.values).tobytes()
        tree = len(data) > 1 << 20
        head = b"retort-tensor-1\0" + self.dtype.encode() + b"\0"
        head += bytes([tree, self.values.ndim])
        head += b"".join(struct.pack("<Q", n) for n in self.values.shape)
        if tree:
            leaves = range(0, len(data), 1 << 20)
            data = b"".join(hashlib.sha256(data[i:i + (1 << 20)]).digest() for i in leaves)
        return sha(head + data)

    def write(self, group, name):
        if self.dtype == "BF16":
            kind = h5py.h5t.IEEE_F32LE.copy()
            kind.set_fields(15, 7, 8, 0, 7)
            kind.set_size(2)
            kind.set_ebias(127)
            space = h5py.h5s.create_simple(self.values.shape)
            parent = group.require_group(name.rpartition("/")[0]) if "/" in name else group
            leaf = name.rpartition("/")[2].encode()
            ident = h5py.h5d.create(parent.id, leaf, kind, space)
            ident.write(h5py.h5s.ALL, h5py.h5s.ALL, self.values, mtype=kind)
            dataset = h5py.Dataset(ident)
        elif self.table:
            rows = max(1, min(len(self.values), (1 << 18) // max(1, self.values[:1].nbytes)))
            dataset = group.create_dataset(
                name, data=self.values, chunks=(rows,) + self.values.shape[1:], shuffle=True,
                compression="gzip", fletcher32=True)
        else:
            dataset = group.create_dataset(name, data=self.values)
        dataset.attrs["tensor_dtype"] = text(self.dtype)
        if self.axes:
            dataset.attrs["axes"] = text(self.axes)
        if self.role:
            dataset.attrs["role"] = text(self.role)


def write_manifest(group, name, arrays):
    width = max(len(key.encode()) for key in arrays)
    kind = np.dtype([
        ("name", h5py.string_dtype("utf-8", width)),
        ("tensor_dtype", h5py.string_dtype("utf-8", 8)), ("rank", "u1"), ("shape", "<u8", (8,)),
        ("digest", "u1", (32,))])
    records = np.zeros(len(arrays), kind)
    for record, (key, array) in zip(records, arrays.items()):
        shape = array.values.shape
        record["name"], record["tensor_dtype"] = key.encode(), array.dtype.encode()
        record["rank"], record["shape"][:len(shape)] = len(shape), shape
        record["digest"] = list(bytes.fromhex(array.digest()))
    group.create_dataset(name, data=records)


def lines(head, arrays, word="tensor"):
    body = sorted((key.encode(), array.digest()) for key, array in arrays.items())
    return head + ["%s %s %s" % (word, digest, key.decode()) for key, digest in body]


def sha_lines(content):
    return sha("".join(line + "\n" for line in content).encode())


def write_object(store, kind, name, arrays, metadata, digest, created, references=(), state=None,
                 architecture=None, attributes=None, linked=()):
    folder = {"checkpoint": "checkpoints", "soft_labels": "soft_labels",
              "adversarial": "adversarial", "dataset": "datasets"}[kind]
    group = store.create_group("%s/%s" % (folder, name))
    prefix = "tensors/" if kind == "checkpoint" else ""
    for key, array in arrays.items():
        if key in linked:
            group[key] = store[linked[key]]
        else:
            array.write(group, prefix + key)
    write_manifest(group, "manifest", arrays)
    if architecture is not None:
        group["architecture"] = text(architecture)
    if state:
        for key, array in state.items():
            array.write(group, "optimizer/" + key)
        write_manifest(group, "optimizer_manifest", state)
    group["metadata"] = text(canonical(metadata))
    record = ["retort-record-1", "kind " + kind, "digest " + digest, "created " + created,
              "metadata " + sha(canonical(metadata).encode())]
    parents = [value for relation, value in references if relation == "parent"]
    if parents:
        group.attrs["parents"] = np.array(parents, dtype=h5py.string_dtype("utf-8", 64))
        record += ["parent " + value for value in parents]
    for wanted in ("teacher", "source", "data"):
        for relation, value in references:
            if relation == wanted:
                group.attrs[relation + "_digest"] = text(value)
                record.append("%s %s" % (relation, value))
    for key, value in (attributes or {}).items():
        group.attrs[key] = value
    group.attrs["created"] = text(created)
    group.attrs["record_digest"] = text(sha_lines(lines(record, state or {}, "state")))
    group.attrs["digest"] = text(digest)
    return digest


def main():
    random = np.random.default_rng(7)
    expected = {}
    path = os.path.join(HERE, "sample.h5")
    with h5py.File(path, "w", libver=("v108", "v108"), alignment_threshold=1,
                   alignment_interval=64) as store:
        store.attrs["format"], store.attrs["writer"] = text("retort-store"), text("make.py")
        store.attrs["format_version"] = np.int64(1)

        images = Array((np.arange(6 * 16) % 251).astype("u1").reshape(6, 1, 4, 4), axes="NCHW",
                       table=True)
        labels = Array(np.array([0, 1, 2, 0, 1, 2], "<u2"), axes="N")
        data = sha(bytes.fromhex(images.digest()) + bytes.fromhex(labels.digest()))
        write_object(store, "dataset", "blocks", {"images": images, "labels": labels},
                     {"class_count": 3, "class_names": ["zero", "one", "zwei"]}, data,
                     "2026-01-02T03:04:05Z")

        tensors = {
            "conv1/weight": Array(np.arange(18, dtype="<f4").reshape(2, 1, 3, 3) / 7,
                                  axes="OIHW", role="weight"),
            "conv1/bias": Array(np.array([1.5, -2.25], "<f2"), axes="C", role="bias"),
            "big/weight": Array((np.arange(600_000) % 13 - 6).astype("<f2"), table=True),
            "bf16": Array(np.array([0x3F80, 0xC020, 0x7FC1], "<u2"), dtype="BF16"),
            "fp8": Array(np.array([0x38, 0x7E], "u1"), dtype="F8_E4M3"),
            "mask": Array(np.array([True, False, True])),
            "steps": Array(np.int64(12345)),
            "empty": Array(np.zeros((0, 3), "<f4")),
        }
        architecture = canonical({"nodes": [{"name": "conv1", "op": "conv2d", "stride": 1.5}]})
        teacher = sha_lines(lines(
            ["retort-checkpoint-1", "architecture " + sha(architecture.encode())], tensors))
        write_object(store, "checkpoint", "teacher@2", tensors,
                     {"accuracy": 0.984, "epochs": 2, "note": "é \"quoted\""}, teacher,
                     "2026-01-02T03:05:06Z", [("data", data)],
                     {"momentum/conv1/weight": Array(np.zeros((2, 1, 3, 3), "<f4"))},
                     architecture)
        store["checkpoints/teacher"] = store["checkpoints/teacher@2"]

        logits = random.normal(size=(6, 3)).astype("<f4") * 8
        logits -= logits.max(axis=1, keepdims=True)
        rows = [hashlib.sha256(row.tobytes()).digest()[:16] for row in images.values]
        arrays = {"logits": Array(logits.astype("<f2"), axes="NC", table=True),
                  "row_index": Array(np.arange(6, dtype="<i8")),
                  "row_digest": Array(np.frombuffer(b"".join(rows), "u1").reshape(6, 16))}
        seed = (1 << 64) - 3
        digest = sha_lines(lines(
            ["retort-soft-labels-1", "teacher " + teacher, "data " + data,
             "augmentation %d" % seed], arrays))
        write_object(store, "soft_labels", "cache", arrays, {"temperature": 40}, digest,
                     "2026-01-02T03:06:07Z", [("teacher", teacher), ("data", data)],
                     attributes={"centring": text("max"), "augmentation_seed": np.int64(-3)})
        expected["soft_labels/cache"] = digest

        clean = (images.values[:4] / np.float32(255)).astype("<f4")
        moved = np.clip(clean + np.float32(0.1), 0, 1).astype("<f4")
        for number, name in enumerate(["fgsm", "pgd"]):
            arrays = {
                "adversarial": Array(moved + np.float32(number), axes="NCHW", table=True),
                "clean": Array(clean, axes="NCHW", table=True),
                "label": Array(np.array([0, 1, 2, 0], "<i4")),
                "target": Array(np.array([-1, -1, 1, 2], "<i4")),
                "status": Array(np.array([0, 1, 1, 0], "u1")),
                "margin": Array(np.array([-1.5, 2, 0.25, 3], "<f4")),
                "distance": Array(np.array([0.1, 0.1, 0.1, 0.1], "<f8")),
                "row_index": Array(np.arange(4, dtype="<i8")),
            }
            digest = sha_lines(lines(
                ["retort-adversarial-1", "source " + teacher, "data " + data], arrays))
            write_object(
                store, "adversarial", name, arrays,
                {"attack": name, "epsilon": {"numerator": 1, "denominator": 10}, "norm": "linf",
                 "status_names": ["failed", "succeeded"]}, digest, "2026-01-02T03:07:08Z",
                [("source", teacher), ("data", data)],
                linked={"clean": "adversarial/fgsm/clean"} if number else {})
            expected["adversarial/" + name] = digest

    expected["checkpoints/teacher@2"] = teacher
    expected["datasets/blocks"] = data
    for key, array in tensors.items():
        expected["tensors/" + key] = array.digest()
    with open(os.path.join(HERE, "expected.json"), "w") as file:
        json.dump(expected, file, indent=1, sort_keys=True)
        file.write("\n")


main()
