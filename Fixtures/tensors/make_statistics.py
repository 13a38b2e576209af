"""Writes statistics.json: tensors as bytes, and what numpy says of them in double precision.

Run with Python 3, numpy and ml_dtypes: python3 Fixtures/tensors/make_statistics.py
"""

import json
import pathlib

import ml_dtypes
import numpy as np

TYPES = {
    "BOOL": np.bool_, "U8": np.uint8, "I8": np.int8, "U16": np.uint16, "I16": np.int16,
    "U32": np.uint32, "I32": np.int32, "U64": np.uint64, "I64": np.int64, "F16": np.float16,
    "BF16": ml_dtypes.bfloat16, "F32": np.float32, "F64": np.float64,
    "F8_E4M3": ml_dtypes.float8_e4m3fn, "F8_E5M2": ml_dtypes.float8_e5m2,
}  # fmt: skip
BINS = 7


def least_normal(dtype) -> float:
    kind = np.dtype(dtype)
    if kind.kind in "biu":
        return 0
    return float(ml_dtypes.finfo(kind).smallest_normal)


def case(name: str, array: np.ndarray) -> dict:
    wide = array.astype(np.float64).ravel()
    finite = wide[np.isfinite(wide)]
    tiny = (np.abs(finite) < least_normal(array.dtype)) & (finite != 0)
    out = {
        "name": name,
        "dtype": next(k for k, v in TYPES.items() if np.dtype(v) == array.dtype),
        "shape": list(array.shape),
        "bytes": array.tobytes().hex(),
        "finite": len(finite),
        "l2": float(np.linalg.norm(finite)),
        "zeros": int((finite == 0).sum()),
        "subnormal": int(tiny.sum()),
        "nan": int(np.isnan(wide).sum()),
        "inf": int(np.isinf(wide).sum()),
    }
    if len(finite):
        low, high = float(finite.min()), float(finite.max())
        out |= {
            "min": low,
            "max": high,
            "mean": float(finite.mean()),
            "std": float(finite.std()),
        }
        if low < high:
            out["histogram"] = np.histogram(finite, BINS, (low, high))[0].tolist()
    return out


rng = np.random.default_rng(7)
cases = []
for name, dtype in TYPES.items():
    kind = np.dtype(dtype)
    if kind.kind in "iu" and kind.itemsize > 1:
        info = np.iinfo(kind)
        values = rng.integers(info.min, info.max, 37, dtype=kind, endpoint=True)
    else:
        values = (rng.normal(size=37) * 50).clip(0 if kind.kind in "bu" else -100, 100).astype(kind)
    values[3] = 0
    cases.append(case(name, values))

special = np.array([1, -0.0, np.nan, 3, np.inf, -np.inf, 1e-3, -2, 0, 1e-40, 7, np.nan, 5, 2, 1, 9, 4])
for name in ["F16", "BF16", "F32", "F64", "F8_E4M3", "F8_E5M2"]:
    with np.errstate(over="ignore"):
        cases.append(case("special " + name, special.astype(TYPES[name])))
halves = np.arange(0, 65536, 97, dtype=np.uint16).view(np.float16)
cases.append(case("every kind of F16", halves))
for name in ["F8_E4M3", "F8_E5M2"]:
    cases.append(case("every " + name, np.arange(256, dtype=np.uint8).view(TYPES[name])))
cases.append(case("only NaN", np.full(11, np.nan, np.float32)))
cases.append(case("constant", np.full((3, 5), 0.1, np.float32)))
cases.append(case("empty", np.zeros((0, 3), np.float32)))
cases.append(case("scalar", np.array(2.5, np.float32)))
cases.append(case("far from zero", (1e6 + rng.normal(size=200)).astype(np.float32)))
cases.append(case("huge", np.array([3e38, -3e38, 3e38, 1] * 5, np.float32)))

# A big one that both sides can make: i * 40503 mod 65536 / 256 - 100.
count = 300_001
wide = (np.arange(count, dtype=np.int64) * 40503 % 65536) / 256 - 100
big = case("big", wide.astype(np.float32))
del big["bytes"]
cases.append(big)

path = pathlib.Path(__file__).with_name("statistics.json")
path.write_text(json.dumps({"bins": BINS, "cases": cases}, indent=0, allow_nan=False) + "\n")
