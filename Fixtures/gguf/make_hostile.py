# SPDX-License-Identifier: Apache-2.0
"""Writes hostile GGUF files and what a reader should say of each: python make_hostile.py."""
import json
import os
import struct

os.chdir(os.path.dirname(os.path.abspath(__file__)))
os.makedirs("hostile", exist_ok=True)
expected = {}


def text(value, length=None):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(value) if length is None else length) + value


def key(name, kind, value):
    return text(name) + struct.pack("<I", kind) + value


def tensor(name="t", dims=(4,), kind=0, offset=0, rank=None):
    return text(name) + struct.pack("<I", len(dims) if rank is None else rank) + b"".join(
        struct.pack("<Q", d) for d in dims) + struct.pack("<IQ", kind, offset)


def file(keys=(), tensors=(tensor(),), version=3, data=b"\0" * 16, n_tensors=None, n_keys=None, align=32):
    head = b"GGUF" + struct.pack(
        "<IQQ", version, len(tensors) if n_tensors is None else n_tensors, len(keys) if n_keys is None else n_keys)
    head += b"".join(keys) + b"".join(tensors)
    return head + b"\0" * (-len(head) % align) + data


def write(name, data, problem):
    with open(f"hostile/{name}.gguf", "wb") as out:
        out.write(data)
    expected[name] = problem


nested = struct.pack("<IQ", 9, 1) * 40
write("big-endian", b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "the file is big-endian")
write("version-1", b"GGUF" + struct.pack("<III", 1, 0, 0), "found GGUF version 1, expected 2 or 3")
write("version-99", file(version=99), "found GGUF version 99")
write("many-tensors", file(n_tensors=2**63), "found 9223372036854775808 tensors")
write("tensors-beyond", file(n_tensors=50), "found 50 tensors")
write("many-keys", file(n_keys=2**64 - 1), "found 18446744073709551615 keys")
write("keys-beyond", file(keys=[key("a", 0, b"\1")], n_keys=2, tensors=[]), "found a key of 0 bytes")
write("key-length", file(keys=[text("a", 2**40) + b"\0" * 20]), "found 1099511627776 bytes in a key")
write("string-length", file(keys=[key("a", 8, text("b", 2**63))]), "bytes in the value of 'a'")
write("array-length", file(keys=[key("a", 9, struct.pack("<IQ", 5, 2**62))]), "found 4611686018427387904 elements of 'a'")
write("array-of-strings", file(keys=[key("a", 9, struct.pack("<IQ", 8, 100) + text("x") * 3)]), "elements of 'a'")
write("nested-arrays", file(keys=[key("a", 9, nested)]), "arrays in one another")
write("nested-long-arrays", file(keys=[key("a", 9, struct.pack("<IQ", 9, 65) + (nested * 65))]), "arrays in one another")
write("value-type", file(keys=[key("a", 13, b"\0" * 8)]), "found a value of type 13")
write("bool-value", file(keys=[key("a", 7, b"\2")]), "found the byte 2 for 'a'")
write("same-key", file(keys=[key("a", 0, b"\1"), key("a", 0, b"\1")]), "the key 'a' stands twice")
write("key-not-utf8", file(keys=[key(b"\xff", 0, b"\1")]), "is not UTF-8")
write("alignment-zero", file(keys=[key("general.alignment", 4, struct.pack("<I", 0))]), "found an alignment of 0")
write("alignment-odd", file(keys=[key("general.alignment", 4, struct.pack("<I", 24))]), "found an alignment of 24")
write("alignment-huge", file(keys=[key("general.alignment", 10, struct.pack("<Q", 2**63))]), "found an alignment of")
write("alignment-text", file(keys=[key("general.alignment", 8, text("32"))]), "found an alignment of \"32\"")
write("name-length", file(tensors=[text("t", 2**60) + b"\0" * 40]), "bytes in a tensor's name")
write("no-name", file(tensors=[tensor("")]), "found a tensor's name of 0 bytes")
write("same-name", file(tensors=[tensor(), tensor()]), "two tensors are called 't'")
write("rank", file(tensors=[tensor(rank=2**31)]), "found 2147483648 dimensions")
write("dims-overflow", file(tensors=[tensor(dims=(2**32, 2**32))]), "has more elements than fit in 64 bits")
write("dims-bytes-overflow", file(tensors=[tensor(dims=(2**62,))]), "more than 63 bits of bytes")
write("dims-sign", file(tensors=[tensor(dims=(2**63,))]), "a dimension does not fit in 63 bits")
write("unknown-type", file(tensors=[tensor(kind=4)]), "found type 4, which ggml does not have")
write("ragged-blocks", file(tensors=[tensor(kind=12, dims=(100,))]), "found rows of 100, expected a multiple of 256")
write("offset-beyond", file(tensors=[tensor(offset=32)]), "found 16 bytes at offset 32")
write("offset-overflow", file(tensors=[tensor(offset=2**63 - 32)]), "found 16 bytes at offset 9223372036854775776")
write("offset-sign", file(tensors=[tensor(offset=2**63)]), "its offset does not fit in 63 bits")
write("offset-unaligned", file(tensors=[tensor(dims=(1,), offset=4)]), "expected a multiple of 32")
write("data-short", file(data=b"\0" * 15), "expected them in the 15 bytes")
write("overlap", file(tensors=[tensor("a", dims=(9,)), tensor("b", offset=32)], data=b"\0" * 64), "its bytes overlap those of 'a'")

with open("hostile/expected.json", "w") as out:
    out.write(json.dumps(expected, indent=1) + "\n")
print(len(expected), "files")
