"""h5py beside Retort: appending ten tensors to a file and making them durable with flush and fsync."""

import json
import os
import pathlib
import statistics
import sys
import time

import h5py
import numpy as np

folder = pathlib.Path(sys.argv[1])


def commit_seconds(megabytes: int, rounds: int) -> float:
    path = folder / "peer-durable.h5"
    count = megabytes * (1 << 20) // 40
    times = []
    with h5py.File(path, "w", libver=("v108", "v108")) as file:
        descriptor = file.id.get_vfd_handle()
        for index in range(rounds):
            tensors = [np.arange(count, dtype=np.float32) + part + index for part in range(10)]
            start = time.perf_counter()
            for part, tensor in enumerate(tensors):
                file[f"round{index}/layer{part}/weight"] = tensor
            file.flush()
            os.fdatasync(descriptor)
            times.append(time.perf_counter() - start)
    path.unlink()
    return statistics.median(times)


print(json.dumps({"who": "h5py (not atomic)", "commit_1_mb_seconds": commit_seconds(1, 60),
                  "commit_100_mb_seconds": commit_seconds(100, 7)}))
