"""Every source into every format and back: equal digests, and `diff` agrees."""

import pathlib

from .models import make_sources
from .retort import Refused, Retort

TARGETS = {
    "retort-store": ".retort.h5", "safetensors": ".safetensors",
    "safetensors-sharded": ".safetensors.index.json", "keras-weights": ".weights.h5", "keras": ".keras",
    "keras-legacy": ".h5", "pytorch": ".pt", "npz": ".npz", "onnx": ".onnx", "hdf5": ".hdf5",
}
# What the first two words of a refusal may be about: a format that cannot hold the source.
LEGITIMATE = {
    "keras": "needs the model's structure", "keras-legacy": "needs the model's structure",
}


def round_trip(retort: Retort, source: pathlib.Path, target: str, folder: pathlib.Path) -> tuple[str, str]:
    """('equal' | 'refused' | 'FAILED', explanation)."""
    origin = retort.json("inspect", source)["format"]
    there = folder / f"{source.name}.{target}{TARGETS[target]}"
    try:
        retort.convert(source, there, "--to", target)
    except Refused as refusal:
        return ("refused", str(refusal))
    if not retort.is_equal(source, there):
        return ("FAILED", "diff between the source and what was written")
    back_format = {"pytorch-legacy": "pytorch", "gguf": "safetensors"}.get(origin, origin)
    back = folder / f"{there.name}.back{'.npy' if origin == 'npy' else TARGETS[back_format]}"
    try:
        retort.convert(there, back, "--to", back_format)
    except Refused as refusal:
        return ("FAILED", f"back to {back_format}: {refusal}")
    before, after = retort.digests(source), retort.digests(back)
    if before == after:
        return ("equal", "")
    changed = sorted(set(before.items()) ^ set(after.items()))
    return ("FAILED", f"{len(changed)} digests differ, first {changed[0][0]}")


def run(retort: Retort, folder: pathlib.Path) -> tuple[list[list[str]], int]:
    sources = make_sources(folder)
    rows, failures, notes = [], 0, []
    for name, path in sources.items():
        row = [name]
        for target in TARGETS:
            outcome, why = round_trip(retort, path, target, folder)
            failures += outcome == "FAILED"
            row.append(outcome)
            if why:
                notes.append(f"{name} -> {target}: {outcome}: {why}")
        rows.append(row)
    return [["source", *TARGETS], *rows, *[[note] for note in notes]], failures
