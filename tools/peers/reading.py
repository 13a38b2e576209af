"""h5py beside Retort: listing 5,000 tensors, reading 400 MB in one piece and 100 MB compressed.

    python reading.py FOLDER prepare   makes the files in FOLDER/reading that both read
    python reading.py FOLDER           prints what h5py took
"""

import json
import pathlib
import sys
import threading
import time

import h5py
import numpy as np

folder = pathlib.Path(sys.argv[1]) / "reading"


def prepare() -> None:
    folder.mkdir(exist_ok=True)
    generator = np.random.default_rng(0)
    small = generator.standard_normal((3, 4), dtype=np.float32)
    for name, options in {"many-old.h5": {}, "many-new.h5": {"libver": "latest"}}.items():
        with h5py.File(folder / name, "w", **options) as file:
            for index in range(5_000):
                file.create_dataset(f"layer{index // 10}/part{index % 10}", data=small).attrs["index"] = index
    with h5py.File(folder / "large.h5", "w") as file:
        file["x"] = generator.standard_normal(100 * (1 << 20), dtype=np.float32)
    # Numbers as they are after training: few bits of the exponent differ.
    weights = (generator.standard_normal((25, 1 << 20)) / 30).astype(np.float32)
    with h5py.File(folder / "packed.h5", "w") as file:
        file.create_dataset("x", data=weights, chunks=(1, 1 << 18), compression="gzip", shuffle=True)
    with h5py.File(folder / "two.h5", "w") as file:
        for name in "ab":
            file.create_dataset(name, data=weights[:8], chunks=(8, 1 << 20), compression="gzip", shuffle=True)


def list_all(name: str) -> None:
    found = []

    def visit(path, item):
        if isinstance(item, h5py.Dataset):
            found.append((path, item.dtype, item.shape, dict(item.attrs)))

    with h5py.File(folder / name, "r") as file:
        file.visititems(visit)
    assert len(found) == 5_000


def read(name: str, part: str = "x") -> None:
    with h5py.File(folder / name, "r") as file:
        assert np.isfinite(file[part][()].reshape(-1)[::1024].sum())


def read_two(at_once: bool) -> None:
    with h5py.File(folder / "two.h5", "r") as file:
        threads = [threading.Thread(target=lambda part=part: file[part][()]) for part in "ab"]
        for thread in threads:
            thread.start()
            if not at_once:
                thread.join()
        for thread in threads:
            thread.join()


def best(action, rounds: int = 3) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


if sys.argv[2:] == ["prepare"]:
    prepare()
else:
    print(json.dumps({
        "who": "h5py", "list_5000_old_seconds": best(lambda: list_all("many-old.h5")),
        "list_5000_new_seconds": best(lambda: list_all("many-new.h5")),
        "touch_400_mb_seconds": best(lambda: read("large.h5")),
        "read_gzip_seconds": best(lambda: read("packed.h5")),
        "read_two_in_turn_seconds": best(lambda: read_two(False)),
        "read_two_at_once_seconds": best(lambda: read_two(True)),
    }))
