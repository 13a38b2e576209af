"""One flipped bit in a payload: does the library say so on loading, does `retort verify --full`?

The files are written by Retort, whose digests travel in them, or by the libraries with the checksums
that their formats have. The flipped bit is the lowest mantissa bit of one weight.
"""

import pathlib

import h5py
import keras
import numpy as np
import onnx
import torch
from safetensors.numpy import load_file

from .retort import Retort

MARK = np.float32(0.123456789).tobytes()


def marked() -> np.ndarray:
    """A weight that holds bytes we can find again in any file that does not compress."""
    values = np.linspace(-1, 1, 64, dtype=np.float32)
    values[10] = np.frombuffer(MARK, np.float32)[0]
    return values.reshape(16, 4)


def flip(path: pathlib.Path) -> None:
    data = bytearray(path.read_bytes())
    at = data.find(MARK)
    assert at >= 0, f"{path} does not hold the marked weight as it is"
    data[at] ^= 1
    path.write_bytes(data)


def loads(load) -> bool:
    """Whether the library takes the damaged file without a word."""
    try:
        load()
        return True
    except Exception:
        return False


def dense_model() -> keras.Model:
    model = keras.Sequential([keras.Input((16,)), keras.layers.Dense(4, name="fc")])
    model.layers[-1].set_weights([marked(), np.zeros(4, np.float32)])
    return model


def run(retort: Retort, folder: pathlib.Path) -> tuple[list[list[str]], int]:
    source = folder / "source.keras"
    dense_model().save(source)
    array = folder / "source.npy"
    np.save(array, marked())

    def by_retort(suffix: str, origin: pathlib.Path = source) -> pathlib.Path:
        path = folder / ("ours" + suffix)
        retort.convert(origin, path, "--certificate", folder / ("ours" + suffix + ".json"))
        return path

    def by_h5py(name: str, **options) -> pathlib.Path:
        path = folder / name
        with h5py.File(path, "w") as file:
            file.create_dataset("weight", data=marked(), **options)
        return path

    def read_h5(path) -> None:
        with h5py.File(path) as file:
            file["weight"][()]

    def load_torch(path, **options):
        return lambda: torch.load(path, weights_only=True, **options)

    weights = by_retort(".weights.h5")
    pt, st, npz, onnx_file = (by_retort(s) for s in (".pt", ".safetensors", ".npz", ".onnx"))
    legacy, archive = by_retort(".h5"), by_retort(".keras")
    npy = by_retort(".npy", array)
    fletcher = by_h5py("fletcher.h5", chunks=(16, 4), fletcher32=True)
    gzip = by_h5py("gzip.h5", chunks=(16, 4), compression="gzip")
    store = by_retort(".retort.h5")
    pt2 = folder / "ours-mmap.pt"
    pt2.write_bytes(pt.read_bytes())
    rows = [
        ("safetensors", st, lambda: load_file(st)), ("torch.load", pt, load_torch(pt)),
        ("torch.load, mmap", pt2, load_torch(pt2, mmap=True)), ("npy", npy, lambda: np.load(npy)),
        ("npz", npz, lambda: dict(np.load(npz).items())),
        ("onnx + checker", onnx_file, lambda: onnx.checker.check_model(onnx.load(onnx_file))),
        (".weights.h5", weights, lambda: dense_model().load_weights(weights)),
        (".keras", archive, lambda: keras.models.load_model(archive)),
        ("legacy .h5", legacy, lambda: keras.models.load_model(legacy, compile=False)),
        ("HDF5, fletcher32", fletcher, lambda: read_h5(fletcher)), ("HDF5, gzip", gzip, lambda: read_h5(gzip)),
        ("Retort store", store, lambda: h5py.File(store).visititems(
            lambda _, o: o[()] if isinstance(o, h5py.Dataset) else None)),
    ]
    with h5py.File(gzip) as file:
        compressed = file["weight"].id.get_chunk_info(0)
    table, failures = [["format", "its library", "retort verify --full", "what it says"]], 0
    for name, path, load in rows:
        sound_before = retort.run("verify", path, "--full").returncode == 0
        if name == "HDF5, gzip":
            data = bytearray(path.read_bytes())
            data[compressed.byte_offset + compressed.size // 2] ^= 1
            path.write_bytes(data)
        else:
            flip(path)
        options = ["--certificate", folder / "ours.npy.json"] if path is npy else []
        report = retort.json("verify", path, "--full", *options)
        caught = not report["sound"]
        said = "; ".join(f"{p['object']}: {p['problem']}" for p in report["problems"])[:160]
        failures += not (caught and sound_before)
        table.append([name, "silent" if loads(load) else "caught",
                      "caught" if caught and sound_before else "FAILED", said or "-"])
    return table, failures
