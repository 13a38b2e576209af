"""Writes expected.json: tensor digests by hashlib and BF16 roundings by torch.

Run with Python 3, numpy and torch: python3 Fixtures/tensors/make.py
"""

import hashlib
import json
import pathlib
import struct

import numpy as np
import torch

LEAF = 1 << 20


def digest(name: str, shape: tuple, data: bytes) -> str:
    tree = len(data) > LEAF
    header = b"retort-tensor-1\0" + name.encode() + b"\0" + bytes([tree, len(shape)])
    header += b"".join(struct.pack("<Q", d) for d in shape)
    if tree:
        leaves = [data[i : i + LEAF] for i in range(0, len(data), LEAF)]
        data = b"".join(hashlib.sha256(leaf).digest() for leaf in leaves)
    return hashlib.sha256(header + data).hexdigest()


def ramp(count: int) -> np.ndarray:
    """The values both sides can make: i * 0.25 - 3 as float32."""
    return (np.arange(count, dtype=np.float64) * 0.25 - 3).astype("<f4")


digests = {}
for shape in [(), (0,), (3,), (2, 3, 4), (1 << 18,), ((1 << 18) + 1,), (700, 1000)]:
    count = int(np.prod(shape))
    digests[",".join(map(str, shape))] = digest("F32", shape, ramp(count).tobytes())

floats = [0.0, -0.0, 1.0, 1.00390625, 1.01171875, 3.14159274, -2.71828175, 65504.0, 1e-40, 3.3895e38,
          3.4e38, 5.877e-39, 0.1, -1e30]
bf16 = torch.tensor(floats, dtype=torch.float32).bfloat16().view(torch.int16).numpy().view(np.uint16)
f16 = np.array(floats, dtype="f4").astype("f2").view(np.uint16)

out = {
    "digests": digests,
    "u8_digest": digest("U8", (5,), bytes([1, 2, 3, 4, 5])),
    "floats": [int(np.float32(f).view(np.uint32)) for f in floats],
    "bf16": [int(b) for b in bf16],
    "f16": [int(h) for h in f16],
}
pathlib.Path(__file__).with_name("expected.json").write_text(json.dumps(out, indent=1) + "\n")
