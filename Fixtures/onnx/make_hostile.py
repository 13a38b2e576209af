# SPDX-License-Identifier: Apache-2.0
"""Writes hostile ONNX files and what a reader should say of each: python make_hostile.py."""
import json
import os
import struct

os.chdir(os.path.dirname(os.path.abspath(__file__)))
os.makedirs("hostile", exist_ok=True)
expected = {}


def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def field(number, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def tensor(name="w", dims=(2,), kind=1, raw=struct.pack("<2f", 1, 2), extra=b""):
    body = b"".join(number(1, d) for d in dims) + number(2, kind) + field(8, name) + extra
    return body + (field(9, raw) if raw is not None else b"")


def graph(*tensors, more=b""):
    return field(2, "g") + b"".join(field(5, t) for t in tensors) + more


def model(body, head=number(1, 8), tail=field(8, number(2, 17))):
    return head + field(7, body) + tail


def external(**entries):
    text = b"".join(field(13, field(1, k) + field(2, str(v))) for k, v in entries.items())
    return tensor(raw=None, extra=text + number(14, 1))


def write(name, data, problem):
    with open(f"hostile/{name}.onnx", "wb") as file:
        file.write(data)
    expected[name] = problem


# The wire format.
write("varint-too-long", number(1, 8) + b"\x3a" + b"\xff" * 11 + b"\x01", "a number is longer than 64 bits")
write("varint-65-bits", model(b"\x0a\x00" + b"\x28" + b"\xff" * 9 + b"\x02"), "a number is longer than 64 bits")
write("length-beyond-file", number(1, 8) + b"\x3a" + varint(1 << 62) + field(2, "g"), "bytes and")
write("length-negative", number(1, 8) + b"\x3a" + varint(-1) + field(2, "g"), "bytes and")
write("length-beyond-message", model(field(5, b"\x42\x7fw")), "declares 127 bytes and 1 are left")
write("field-zero", model(field(2, "g") + b"\x02\x00"), "a field has the number 0")
write("groups", model(field(2, "g") + b"\x2b\x2c"), "the wire type 3")
write("wrong-wire-type", model(number(2, 5)), "field 2 is not bytes")
write("name-not-utf8", model(graph(tensor(name=b"\xff\xfe"))), "field 8 is not UTF-8 text")
write("two-graphs", number(1, 8) + field(7, graph()) + field(7, graph()), "found 2 graphs, expected one")

# Graphs in graphs, and an attribute bomb.
body = field(2, "deep")
for _ in range(200):
    body = field(1, field(4, "If") + field(5, field(1, "then_branch") + field(6, body)))
write("deep-graphs", model(field(2, "g") + body), "graphs inside one another")

# Counts.
write("many-dims", model(graph(tensor(dims=[1] * 65))), "more than 64 numbers")

# Shapes and sizes.
write("dims-overflow", model(graph(tensor(dims=(1 << 32, 1 << 32)))), "has more elements than fit in 64 bits")
write("dims-bytes-overflow", model(graph(tensor(dims=(1 << 62,)))), "found 8 bytes of raw data")
write("dims-negative", model(graph(tensor(dims=(-1, 2)))), "has a negative dimension")
write("dims-huge-no-data", model(graph(tensor(dims=(1 << 40,), raw=None))), "it has no values")
write("raw-too-short", model(graph(tensor(dims=(3,)))), "found 8 bytes of raw data, expected 12 for F32 (3)")
write("raw-too-long", model(graph(tensor(dims=(1,)))), "found 8 bytes of raw data, expected 4 for F32 (1)")
write("typed-too-few", model(graph(tensor(dims=(9,), raw=None, extra=field(4, b"\0" * 8)))), "found 2 values, expected 9")
write("typed-wrong-field", model(graph(tensor(raw=None, extra=field(7, b"\1\2")))), "its values are in field 7, expected field 4")
write("typed-ragged", model(graph(tensor(raw=None, extra=field(4, b"\0" * 7)))), "field 4 is not a list of numbers")
write("raw-and-typed", model(graph(tensor(extra=field(4, b"\0" * 8)))), "has its values twice")
write("unknown-type", model(graph(tensor(kind=99))), "found the data type 99")
write("complex-overflow", model(graph(tensor(dims=(1 << 62,), kind=14, raw=None, extra=field(4, b"\0" * 8)))), "found 2 values")
write("segment", model(graph(tensor(extra=field(3, number(1, 0))))), "a segment of a tensor")
write("same-name", model(graph(tensor(), tensor())), "two initialisers are called 'w'")
write("no-name", model(graph(tensor(name=""))), "an initialiser has no name")

# Elements in other files.
inside = "a relative path inside the model's folder"
write("external-parent", model(graph(external(location="../../../../etc/passwd", length=8))), inside)
write("external-parent-hidden", model(graph(external(location="sub/../../onnx/external.data", length=8))), inside)
write("external-absolute", model(graph(external(location="/etc/passwd", length=8))), inside)
write("external-backslash", model(graph(external(location="..\\..\\secret", length=8))), inside)
write("external-nothing", model(graph(external(length=8))), inside)
write("external-folder", model(graph(external(location="."))), inside)
write("external-missing", model(graph(external(location="missing.data", length=8))), "No such file")
write("external-beyond", model(graph(external(location="short.data", offset=4, length=8))), "found 8 bytes at offset 4 of 'short.data'")
write("external-offset-overflow", model(graph(external(location="short.data", offset=(1 << 63) - 1, length=8))), "expected them in its 8 bytes")
write("external-negative", model(graph(external(location="short.data", offset=-8, length=8))), "expected them in its 8 bytes")
write("external-not-a-number", model(graph(external(location="short.data", offset="zero"))), "an offset of 'zero'")
write("external-short", model(graph(external(location="short.data", length=4))), "found 4 bytes in 'short.data', expected 8")
write("external-and-raw", model(graph(tensor(extra=field(13, field(1, "location") + field(2, "short.data")) + number(14, 1)))), "both here and in another file")
with open("hostile/short.data", "wb") as file:
    file.write(b"12345678")
with open("hostile/expected.json", "w") as file:
    file.write(json.dumps(expected, indent=1) + "\n")
print(len(expected), "files", sum(os.path.getsize("hostile/" + n) for n in os.listdir("hostile")))
