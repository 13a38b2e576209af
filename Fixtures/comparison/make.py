"""Writes pairs of arrays and what NumPy says of their difference: python3 make.py (needs ml_dtypes)."""
import json
import os

import ml_dtypes
import numpy as np

os.chdir(os.path.dirname(os.path.abspath(__file__)))
random = np.random.default_rng(11)
WORDS = {1: "i1", 2: "i2", 4: "i4", 8: "i8"}
TOLERANCES = [(0, 0), (1e-3, 0), (0, 1e-3), (1e-4, 1e-3)]


def ordered(array):
    """Floating-point bits as integers in the order of the values; -0 and 0 are one."""
    bits = array.view(WORDS[array.dtype.itemsize]).astype(object)
    lowest = -(1 << (8 * array.dtype.itemsize - 1))
    return np.array([b if b >= 0 else lowest - b for b in bits], dtype=object)


def expected(a, b, is_float):
    x, y = a.astype("f8"), b.astype("f8")
    both_nan = np.isnan(x) & np.isnan(y)
    same_inf = np.isinf(x) & (x == y)
    finite = np.isfinite(x) & np.isfinite(y)
    bad = ~finite & ~both_nan & ~same_inf
    if a.dtype == b.dtype and a.dtype.kind in "iu":
        d = np.array([abs(int(p) - int(q)) for p, q in zip(a, b)], dtype=object).astype("f8")
    else:
        with np.errstate(invalid="ignore"):
            d = np.where(finite, np.abs(x - y), 0)
    xs, ys, ds = x[finite], y[finite], d[finite]
    result = {
        "count": len(a), "different": int((d > 0).sum() + bad.sum()), "nan": int(both_nan.sum()),
        "inf": int(same_inf.sum()), "non_finite": int(bad.sum()), "max_abs": float(ds.max()),
        "mean_abs": float(ds.sum() / len(a)), "rel_l2": float(np.sqrt((ds ** 2).sum() / (ys ** 2).sum())),
        "cosine": float((xs * ys).sum() / np.sqrt((xs ** 2).sum() * (ys ** 2).sum())),
        "beyond": [int((ds > atol + rtol * np.abs(ys)).sum() + bad.sum()) for atol, rtol in TOLERANCES],
        "worst": int(np.argmax(bad)) if bad.any() else int(np.argmax(d)),
        "signed_zeros": int((finite & (x == 0) & (y == 0) & (np.signbit(x) != np.signbit(y))).sum()),
    }
    if a.dtype == b.dtype:
        words = WORDS[a.dtype.itemsize]
        result["bits"] = int((a.view(words) != b.view(words)).sum())
        if is_float:
            result["max_ulp"] = int(max(abs(ordered(a) - ordered(b))[finite]))
    return result


def save(name, array):
    brain = array.dtype == ml_dtypes.bfloat16
    np.save(name + ".npy", array.view("u2") if brain else array)


cases = []


def case(name, a, b, shared=None):
    save(name + "-a", a)
    save(name + "-b", b)
    is_float = a.dtype.kind == "f" or a.dtype == ml_dtypes.bfloat16
    cases.append({"name": name, "a": dtype(a), "b": dtype(b), "tolerances": TOLERANCES,
                  **expected(a, b, is_float)})


def dtype(a):
    return {"float32": "F32", "float64": "F64", "float16": "F16", "bfloat16": "BF16", "int8": "I8",
            "uint8": "U8", "int64": "I64", "uint64": "U64", "int32": "I32"}[str(a.dtype)]


def pair(kind, count, step=1e-3):
    a = random.standard_normal(count)
    moved = np.where(random.random(count) < 0.7, a * (1 + step * random.standard_normal(count)), a)
    return a.astype(kind), moved.astype(kind)


case("f32", *pair("f4", 2500))
case("f64", *pair("f8", 1300))
case("f16", *pair("f2", 2500, 1e-2))
case("bf16", *pair(ml_dtypes.bfloat16, 2500, 1e-1))
for kind, name in (("f4", "f32"), ("f2", "f16"), ("f8", "f64"), (ml_dtypes.bfloat16, "bf16")):
    a, b = pair(kind, 1203)
    a[5], b[5] = np.nan, np.nan
    a[70], b[70] = np.inf, np.inf
    a[71], b[71] = -np.inf, -np.inf
    a[1100], b[1100] = np.inf, -np.inf
    a[1101], b[1101] = 1, np.nan
    a[1102], b[1102] = np.inf, 1
    a[9], b[9] = 0.0, -0.0
    a[1150], b[1150] = -0.0, 0.0
    if name == "f32":
        a.view("u4")[6], b.view("u4")[6] = 0x7FC00001, 0x7FC00002
    case("special-" + name, a, b)
zeros = pair("f4", 1100)
zeros[0][3], zeros[1][3] = 0.0, -0.0
case("zeros", *zeros)
a, _ = pair("f4", 1500)
case("f32-to-f16", a, a.astype("f2"))
case("bf16-to-f32", a.astype(ml_dtypes.bfloat16), a)
case("i64", np.array([1, -5, 2**62, -2**63, 2**53 + 1, 7], "i8"), np.array([1, 5, 2**62 + 1, 2**63 - 1, 2**53, 7], "i8"))
case("u64", np.array([1, 2**64 - 1, 2**63, 9], "u8"), np.array([2, 0, 2**63 + 1, 9], "u8"))
case("i8", random.integers(-128, 128, 1500).astype("i1"), random.integers(-128, 128, 1500).astype("i1"))
case("u8", random.integers(0, 256, 700).astype("u1"), random.integers(0, 256, 700).astype("u1"))
case("subnormal", (np.arange(1, 1200) * 1e-45).astype("f4"), (np.arange(2, 1201) * 1e-45).astype("f4"))
json.dump(cases, open("cases.json", "w"), indent=0, separators=(",", ":"))
