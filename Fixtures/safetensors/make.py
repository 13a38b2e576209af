# SPDX-License-Identifier: Apache-2.0
"""Makes the files of this folder with safetensors 0.8 and torch 2.13, and hostile ones byte by
byte. Run it here.

Every NAME.json lists the tensors of NAME.safetensors as the library gives them: element type,
shape and bytes in hexadecimal; and its metadata.
"""

import json
import os
import struct

import torch
from safetensors import safe_open
from safetensors.torch import save_file

os.chdir(os.path.dirname(os.path.abspath(__file__)))
os.makedirs("hostile", exist_ok=True)

NAMES = {torch.bool: "BOOL", torch.uint8: "U8", torch.int8: "I8", torch.uint16: "U16",
         torch.int16: "I16", torch.uint32: "U32", torch.int32: "I32", torch.uint64: "U64",
         torch.int64: "I64", torch.float16: "F16", torch.bfloat16: "BF16", torch.float32: "F32",
         torch.float64: "F64", torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2"}


def describe(path):
    tensors = {}
    with safe_open(path, "pt") as file:
        for name in file.keys():
            tensor = file.get_tensor(name)
            data = tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
            tensors[name] = dict(
                dtype=NAMES[tensor.dtype], shape=list(tensor.shape), bytes=data.hex())
        return dict(tensors=tensors, metadata=file.metadata() or {})


def save(name, tensors, metadata=None):
    save_file(tensors, f"{name}.safetensors", metadata)
    with open(f"{name}.json", "w") as file:
        json.dump(describe(f"{name}.safetensors"), file, indent=1, ensure_ascii=False)
        file.write("\n")


def sound():
    counting = torch.arange(6).reshape(2, 3)
    save("types", {f"t.{NAMES[type].lower()}": counting.to(torch.float32).to(type)
                   for type in NAMES})
    save("shapes", {"scalar": torch.tensor(2.5), "empty": torch.zeros(0, 7), "vector":
                    torch.arange(5), "deep": torch.arange(24.0).reshape(1, 2, 3, 1, 4, 1)},
         {"format": "pt", "note": 'quotes " and \\ and\nlines', "größe": "mañana"})
    save("names", {"layer.10.weight": torch.ones(1), "layer.2.weight": torch.ones(2),
                   'quo"te\\': torch.ones(3), "слой/ядро:0": torch.ones(4), "": torch.ones(5),
                   "\u0001": torch.ones(6)})
    save("none", {}, {"only": "metadata"})
    # Types that are listed and not read; a byte holds two F4, four F6 take three bytes.
    complex_numbers = torch.tensor([1 + 2j, 3 - 4j], dtype=torch.complex64)
    scales = torch.tensor([1, 2, 3], dtype=torch.uint8).view(torch.float8_e8m0fnu)
    pairs = torch.tensor([0x12, 0x34], dtype=torch.uint8).view(torch.float4_e2m1fn_x2)
    save_file({"complex": complex_numbers, "scales": scales, "pairs": pairs},
              "unread.safetensors", {"format": "pt"})
    # A model in two shards, as Hugging Face's libraries lay it out.
    shards = [{"embed.weight": torch.arange(8.0).reshape(4, 2), "layer.0.bias": torch.zeros(2)},
              {"layer.1.bias": torch.ones(2), "head.weight": torch.arange(4, dtype=torch.bfloat16)}]
    total = sum(t.numel() * t.element_size() for shard in shards for t in shard.values())
    where = {}
    for number, shard in enumerate(shards, 1):
        file = f"model-{number:05}-of-{len(shards):05}.safetensors"
        save_file(shard, file, {"format": "pt"})
        where.update({name: file for name in shard})
    with open("model.safetensors.index.json", "w") as file:
        json.dump({"metadata": {"total_size": total}, "weight_map": where}, file, indent=2)


def refuse(name, header, buffer=b"", length=None):
    text = header if isinstance(header, bytes) else header.encode()
    with open(f"hostile/{name}.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text) if length is None else length) + text + buffer)


def entry(name="a", dtype="F32", shape="[2]", offsets="[0,8]", extra=""):
    return f'"{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}{extra}}}'


def hostile():
    data = bytes(8)
    with open("hostile/short.safetensors", "wb") as file:
        file.write(b"\2\0\0\0\0\0\0")
    # The header's length.
    refuse("length-huge", "{" + entry() + "}", data, (1 << 64) - 1)
    refuse("length-signed", "{" + entry() + "}", data, 1 << 63)
    refuse("length-bomb", "{" + entry() + "}", data, 100_000_000)
    refuse("length-over-limit", "{" + entry() + "}", data, 100_000_001)
    refuse("length-inside", "{" + entry() + "}", data, 20)
    refuse("length-zero", "", data)
    # Its text.
    refuse("array", "[]")
    refuse("space-first", " {" + entry() + "}", data)
    refuse("not-utf8", b'{"\xff\xfe":' + entry().split(":", 1)[1].encode() + b"}", data)
    refuse("control", '{"a\n' + entry()[2:] + "}", data)
    refuse("surrogate", "{" + entry("\\ud800") + "}", data)
    refuse("text-after", "{" + entry() + "} x", data)
    refuse("null-padding", "{" + entry() + "}\0\0", data)
    refuse("comma", "{" + entry() + ",}", data)
    refuse("deep", "{" + entry(extra=',"x":' + "[" * 10_000 + "]" * 10_000) + "}", data)
    refuse("unfinished", "{" + entry()[:-1])
    # Names.
    refuse("duplicate", "{" + entry() + "," + entry(offsets="[8,16]") + "}", data * 2)
    refuse("duplicate-escaped", "{" + entry() + "," + entry("\\u0061", offsets="[8,16]") + "}",
           data * 2)
    refuse("duplicate-key", "{" + entry(extra=',"dtype":"F16"') + "}", data)
    refuse("extra-key", "{" + entry(extra=',"code":"import os"') + "}", data)
    # Metadata.
    refuse("metadata-number", '{"__metadata__":{"a":1},' + entry() + "}", data)
    refuse("metadata-nested", '{"__metadata__":{"a":{"b":"c"}},' + entry() + "}", data)
    refuse("metadata-array", '{"__metadata__":[],' + entry() + "}", data)
    refuse("metadata-duplicate", '{"__metadata__":{"a":"1","a":"2"},' + entry() + "}", data)
    refuse("metadata-twice", '{"__metadata__":{},"__metadata__":{},' + entry() + "}", data)
    # Types and shapes.
    refuse("type-missing", '{"a":{"shape":[2],"data_offsets":[0,8]}}', data)
    refuse("type-unknown", "{" + entry(dtype="F33") + "}", data)
    refuse("type-number", '{"a":{"dtype":7,"shape":[2],"data_offsets":[0,8]}}', data)
    refuse("shape-missing", '{"a":{"dtype":"F32","data_offsets":[0,8]}}', data)
    refuse("shape-negative", "{" + entry(shape="[-2]") + "}", data)
    refuse("shape-fraction", "{" + entry(shape="[2.0]") + "}", data)
    refuse("shape-exponent", "{" + entry(shape="[2e0]") + "}", data)
    refuse("shape-zero-led", "{" + entry(shape="[02]") + "}", data)
    refuse("shape-overflow", "{" + entry(shape="[4294967296,4294967296,2]") + "}", data)
    refuse("shape-overflow-zero", "{" + entry(shape="[4294967296,4294967296,0]",
                                              offsets="[0,0]") + "}")
    refuse("shape-65-bits", "{" + entry(shape="[36893488147419103234]") + "}", data)
    refuse("shape-rank", "{" + entry(shape="[" + "1," * 5000 + "2]") + "}", data)
    refuse("shape-size", "{" + entry(shape="[3]") + "}", data)
    refuse("half-byte", "{" + entry(dtype="F4", shape="[3]", offsets="[0,2]") + "}", bytes(2))
    # Offsets.
    refuse("offsets-missing", '{"a":{"dtype":"F32","shape":[2]}}', data)
    refuse("offsets-one", "{" + entry(offsets="[0]") + "}", data)
    refuse("offsets-three", "{" + entry(offsets="[0,8,8]") + "}", data)
    refuse("offsets-reversed", "{" + entry(offsets="[8,0]") + "}", data)
    refuse("offsets-outside", "{" + entry(offsets="[0,16]", shape="[4]") + "}", data)
    refuse("offsets-overflow", "{" + entry(offsets="[18446744073709551608,8]") + "}", data)
    refuse("offsets-negative", "{" + entry(offsets="[-8,0]") + "}", data)
    # The buffer.
    refuse("hole", "{" + entry() + "," + entry("b", offsets="[12,20]") + "}", bytes(20))
    refuse("hole-first", "{" + entry(offsets="[4,12]") + "}", bytes(12))
    refuse("overlap", "{" + entry() + "," + entry("b", offsets="[4,12]") + "}", bytes(12))
    refuse("same", "{" + entry() + "," + entry("b") + "}", data)
    refuse("trailing", "{" + entry() + "}", data + b"PK\3\4 or anything")
    refuse("trailing-none", "{}", b"x")
    refuse("cut", "{" + entry() + "}", bytes(7))


sound()
hostile()
