# SPDX-License-Identifier: Apache-2.0
"""Writes the GGUF fixtures with llama.cpp's own package: python make.py (gguf, numpy)."""
import json
import os

import gguf
import numpy as np

os.chdir(os.path.dirname(os.path.abspath(__file__)))
expected = {}


def fnv(data):
    """FNV-1a, 64 bits, of the bytes."""
    h = 0xCBF29CE484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{h:016x}"


def write(name, fill):
    writer = gguf.GGUFWriter(name + ".gguf", "made-up")
    fill(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    reader = gguf.GGUFReader(name + ".gguf")
    tensors = {}
    for t in reader.tensors:
        tensors[t.name] = {
            "type": t.tensor_type.name, "shape": [int(n) for n in reversed(t.shape)],
            "bytes": int(t.n_bytes), "fnv": fnv(t.data.tobytes())}
    expected[name] = {"tensors": tensors}
    print(name, os.path.getsize(name + ".gguf"))


def array(shape, dtype):
    return (np.arange(np.prod(shape)) * 0.37 - 3).astype(dtype).reshape(shape)


def every_type(w):
    for code in ["f4", "f2", "f8", "i1", "i2", "i4", "i8"]:
        w.add_tensor("plain." + code, array((3, 5), "<" + code))
    bits = (array((2, 3, 4), "<f4").view("<u4") >> 16).astype("<u2")
    w.add_tensor("plain.bf16", bits.view(np.uint8).reshape(2, 3, 8), raw_dtype=gguf.GGMLQuantizationType.BF16)
    w.add_tensor("vector", array((7,), "<f4"))
    w.add_tensor("four", array((2, 1, 3, 2), "<f2"))
    for kind in ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]:
        q = getattr(gguf.GGMLQuantizationType, kind)
        w.add_tensor("quantised." + kind, gguf.quants.quantize(array((4, 64), "<f4"), q), raw_dtype=q)
    for kind in ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S",
                 "IQ3_S", "IQ2_S", "IQ4_XS", "IQ1_M", "TQ1_0", "TQ2_0", "IQ4_NL", "MXFP4"]:
        q = getattr(gguf.GGMLQuantizationType, kind)
        block, size = gguf.GGML_QUANT_SIZES[q]
        w.add_tensor("quantised." + kind, np.zeros((2, size), np.uint8), raw_dtype=q)


def every_value(w):
    w.add_custom_alignment(64)
    w.add_uint8("kv.u8", 200)
    w.add_int8("kv.i8", -100)
    w.add_uint16("kv.u16", 60000)
    w.add_int16("kv.i16", -30000)
    w.add_uint32("kv.u32", 4000000000)
    w.add_int32("kv.i32", -2000000000)
    w.add_uint64("kv.u64", 2**64 - 1)
    w.add_int64("kv.i64", -(2**63))
    w.add_float32("kv.f32", 0.1)
    w.add_float64("kv.f64", 0.1)
    w.add_bool("kv.bool", True)
    w.add_string("kv.string", "naïve")
    w.add_array("kv.short", [1, 2, 3])
    w.add_array("kv.long", list(range(100)))
    w.add_array("kv.tokens", [f"token {i}" for i in range(100)])
    w.add_tensor("a", array((3, 3), "<f4"))
    w.add_tensor("b", array((5,), "<f4"))


write("types", every_type)
write("values", every_value)
with open("expected.json", "w") as file:
    file.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in expected.items()) + "\n}\n")

# Version 2 differs in its number alone.
with open("values.gguf", "rb") as file:
    data = file.read()
with open("version-2.gguf", "wb") as file:
    file.write(data[:4] + b"\x02" + data[5:])
