"""Whole processes on files: inspect, diff, convert, verify; and loading inside one process.

Runs `retort` and its peers in turn, each as a fresh process, and reports seconds and peak memory.
Prints one JSON line for Retort and one for each peer.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import time

import h5py
import numpy as np
import torch
from safetensors.torch import load_file, safe_open, save_file

folder = pathlib.Path(sys.argv[1])
root = pathlib.Path(__file__).resolve().parent.parent.parent
retort = root / ".build/release/retort"
figures: dict[str, dict[str, float]] = {}


def process(who: str, figure: str, command: list, allowed=(0,)) -> None:
    """Seconds of a fresh process, the median of five runs for quick ones, and its peak memory.

    The peak is taken by a small program: the kernel counts the memory of whoever starts a process as
    the process's own until it has grown beyond it.
    """
    command = [shutil.which(str(command[0])), *map(str, command[1:])]
    times = []
    while len(times) < 5 and sum(times) < 4:
        start = time.perf_counter()
        code = subprocess.run(command, stdout=subprocess.DEVNULL).returncode
        times.append(time.perf_counter() - start)
        if code not in allowed:
            raise RuntimeError(f"{command} exited with {code}")
    measured = subprocess.run([root / ".build/release/retort-bench", "measure", folder, ":::", *command],
                              check=True, capture_output=True, text=True).stdout
    result = figures.setdefault(who, {})
    result[f"{figure}_seconds"] = sorted(times)[len(times) // 2]
    result[f"{figure}_peak_mb"] = json.loads(measured)["peak_bytes"] / 2**20


def python(source: str) -> list:
    return [sys.executable, "-c", source]


def big(seed: int, changed: bool) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    tensors = {f"layer{i}.weight": torch.randn(2_500_000, generator=generator) for i in range(40)}
    if changed:
        for tensor in tensors.values():
            tensor[::97] += 1e-4
    return tensors


def write_h5(path: pathlib.Path, tensors: dict) -> None:
    with h5py.File(path, "w") as file:
        for name, tensor in tensors.items():
            file[name] = tensor.numpy()


def inspect() -> None:
    many = {f"block{i // 4}.layer{i % 4}.weight": torch.zeros(8, 8) for i in range(1000)}
    st, h5, pt = (folder / f"many{s}" for s in (".safetensors", ".h5", ".pt"))
    save_file(many, st)
    write_h5(h5, many)
    torch.save(many, pt)
    for figure, path in [("inspect_1000_safetensors", st), ("inspect_1000_hdf5", h5), ("inspect_1000_pt", pt)]:
        process("Retort", figure, [retort, "inspect", path])
    process("Python", "inspect_1000_safetensors", python(
        f"from safetensors import safe_open\nwith safe_open({str(st)!r}, 'numpy') as f:\n"
        " for k in f.keys(): s = f.get_slice(k); print(k, s.get_dtype(), s.get_shape())"))
    process("Python", "inspect_1000_hdf5", python(
        f"import h5py\nh5py.File({str(h5)!r}).visititems(lambda k, o: print(k, o.dtype, o.shape))"))
    process("Python", "inspect_1000_pt", python(
        f"import torch\nfor k, v in torch.load({str(pt)!r}, mmap=True).items(): print(k, v.dtype, v.shape)"))
    process("h5ls", "inspect_1000_hdf5", ["h5ls", "-r", h5])


def diff() -> None:
    for name, changed in [("equal", False), ("changed", True)]:
        a, b = folder / "a.safetensors", folder / "b.safetensors"
        ah, bh = folder / "a.h5", folder / "b.h5"
        if not changed:
            save_file(big(1, False), a)
            write_h5(ah, big(1, False))
        save_file(big(1, changed), b)
        write_h5(bh, big(1, changed))
        process("Retort", f"diff_400_mb_{name}", [retort, "diff", a, b], (0, 1))
        process("Retort", f"diff_400_mb_{name}_hdf5", [retort, "diff", ah, bh], (0, 1))
        process("numpy", f"diff_400_mb_{name}", python(
            f"from safetensors import safe_open\nimport numpy as np\n"
            f"a = safe_open({str(a)!r}, 'numpy'); b = safe_open({str(b)!r}, 'numpy')\n"
            "for k in a.keys():\n x, y = a.get_tensor(k), b.get_tensor(k); d = x - y\n"
            " print(k, abs(d).max(), np.linalg.norm(d) / np.linalg.norm(x), x @ y)"))
        process("h5diff", f"diff_400_mb_{name}_hdf5", ["h5diff", "-q", ah, bh], (0, 1))


def convert() -> None:
    pt, out = folder / "big.pt", folder / "out.safetensors"
    torch.save(big(2, False), pt)
    process("Retort", "convert_400_mb_pt_to_safetensors", [retort, "convert", pt, out])
    process("Python", "convert_400_mb_pt_to_safetensors", python(
        f"import os, torch\nfrom safetensors.torch import save_file\n"
        f"save_file(torch.load({str(pt)!r}, weights_only=True), {str(out)!r})\n"
        f"os.fsync(os.open({str(out)!r}, os.O_RDONLY))"))
    process("Retort", "verify_400_mb_pt", [retort, "verify", pt, "--full"])
    process("Python", "verify_400_mb_pt", python(f"import zipfile\nassert zipfile.ZipFile({str(pt)!r}).testzip() is None"))


def load() -> None:
    st, pt, h5 = folder / "load.safetensors", folder / "load.pt", folder / "load.h5"
    tensors = {f"layer{i}.weight": torch.randn(1_000_000) for i in range(64)}
    save_file(tensors, st)
    torch.save(tensors, pt)
    write_h5(h5, tensors)
    output = subprocess.run([root / ".build/release/retort-bench", "files", folder], check=True,
                            capture_output=True, text=True).stdout
    ours = json.loads(output)
    ours.pop("who")
    figures["Retort"].update(ours)
    peers = figures.setdefault("Python", {})
    for figure, read in [
        ("load_256_mb_safetensors", lambda: load_file(st)), ("load_256_mb_pt", lambda: torch.load(pt, mmap=True)),
        ("load_256_mb_hdf5", lambda: {k: torch.from_numpy(v[()]) for k, v in h5py.File(h5).items()}),
    ]:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            sum(float(tensor[::1024].sum()) for tensor in read().values())
            times.append(time.perf_counter() - start)
        peers[f"{figure}_seconds"] = sorted(times)[2]


for part in (inspect, diff, convert, load):
    part()
for who, record in figures.items():
    print(json.dumps({"who": who, **record}))
