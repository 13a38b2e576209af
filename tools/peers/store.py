"""safetensors and h5py: durable write of 400 MB, open-and-touch of 256 MB, compressed logits."""

import json
import os
import pathlib
import sys
import time

import h5py
import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

folder = pathlib.Path(sys.argv[1])
generator = np.random.default_rng(0)


def weights(megabytes: int, tensors: int) -> dict:
    size = megabytes * (1 << 20) // 4 // tensors
    return {f"layer{i}/weight": generator.standard_normal(size, dtype=np.float32) for i in range(tensors)}


def durable_write() -> float:
    path = folder / "peer-write.safetensors"
    tensors = weights(400, 40)
    start = time.perf_counter()
    save_file(tensors, path)
    with open(path, "rb") as file:
        os.fsync(file.fileno())
    seconds = time.perf_counter() - start
    path.unlink()
    return seconds


def open_and_touch() -> float:
    path = folder / "peer-open.safetensors"
    save_file(weights(256, 64), path)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        total = 0
        with safe_open(path, framework="numpy") as file:
            for name in file.keys():
                # One element a page: what mapping costs, not what summing costs.
                total += file.get_tensor(name)[::1024].sum()
        times.append(time.perf_counter() - start)
    path.unlink()
    return min(times)


def logits() -> tuple[float, float]:
    path = folder / "peer-logits.h5"
    values = (generator.standard_normal((600_000, 10)) * 8).astype(np.float32)
    start = time.perf_counter()
    with h5py.File(path, "w") as file:
        file.create_dataset("logits", data=values, chunks=(16384, 10), compression="gzip",
                            compression_opts=4, shuffle=True, fletcher32=True)
    written = time.perf_counter() - start
    start = time.perf_counter()
    with h5py.File(path, "r") as file:
        assert file["logits"][()].shape == values.shape
    read = time.perf_counter() - start
    path.unlink()
    return written, read


write, touch = durable_write(), open_and_touch()
print(json.dumps({"who": "safetensors", "write_400_mb_seconds": write, "open_256_mb_seconds": touch}))
written, read = logits()
print(json.dumps({"who": "h5py", "write_logits_seconds": written, "read_logits_seconds": read}))
