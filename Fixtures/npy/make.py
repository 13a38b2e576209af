"""Writes the NPY fixtures with NumPy: python3 make.py (NumPy 1.24 or later)."""
import os

import numpy as np
from numpy.lib import format as npy

os.chdir(os.path.dirname(os.path.abspath(__file__)))

# Every element type, 0...23 as (2, 3, 4), in both byte orders and both element orders.
TYPES = {"u1": "u8", "i1": "i8", "u2": "u16", "i2": "i16", "u4": "u32", "i4": "i32",
         "u8": "u64", "i8": "i64", "f2": "f16", "f4": "f32", "f8": "f64"}
for code, name in TYPES.items():
    values = np.arange(24).astype(code).reshape(2, 3, 4)
    np.save(f"{name}.npy", values)
    np.save(f"{name}-fortran.npy", np.asfortranarray(values))
    np.save(f"{name}-big-endian.npy", values.astype(">" + code))
np.save("f32-big-endian-fortran.npy", np.asfortranarray(np.arange(24, dtype=">f4").reshape(2, 3, 4)))
np.save("bool.npy", np.arange(24).reshape(2, 3, 4) % 3 == 0)
np.save("scalar.npy", np.float64(2.5))
np.save("vector.npy", np.arange(5, dtype="<i4"))
np.save("empty.npy", np.zeros((0, 7), "<f4"))

for version in (2, 3):
    with open(f"version-{version}.npy", "wb") as file:
        npy.write_array(file, np.arange(24, dtype="<f4").reshape(2, 3, 4), (version, 0))

# What is refused by name.
np.save("refused-object.npy", np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
np.save("refused-text.npy", np.array(["one", "two"]))
np.save("refused-complex.npy", np.zeros(2, "c8"))
np.save("refused-dates.npy", np.zeros(2, "M8[s]"))
np.save("refused-records.npy", np.zeros(2, [("x", "<f4"), ("y", "<i4")]))
np.save("refused-void.npy", np.zeros(2, "V2"))

# Image and label pairs: pixel (n, c, h, w) is n * 50 + c * 20 + h * 5 + w.
n, c, h, w = np.meshgrid(*map(np.arange, (4, 3, 4, 5)), indexing="ij")
pixels = (n * 50 + c * 20 + h * 5 + w).astype("u1")
np.save("images-nchw.npy", pixels)
np.save("images-nhwc.npy", pixels.transpose(0, 2, 3, 1).copy())
np.save("images-nhw.npy", pixels[:, 0])
np.save("images-float.npy", (pixels / 255).astype("<f4"))
np.save("images-double.npy", pixels.transpose(0, 2, 3, 1) / 255)
np.save("images-float-255.npy", pixels.astype("<f4"))
np.save("images-nan.npy", np.full((4, 4, 5), np.nan, "<f4"))
np.save("images-i64.npy", pixels.astype("<i8"))
np.save("labels.npy", np.array([3, 0, 2, 1]))
np.save("labels-column.npy", np.array([[3], [0], [2], [1]], "u1"))
np.save("labels-one-hot.npy", np.eye(4, dtype="u1"))
np.save("labels-negative.npy", np.array([3, 0, -1, 1]))
np.save("labels-five.npy", np.array([3, 0, 2, 1, 1]))
np.save("labels-float.npy", np.array([3.0, 0, 2, 1]))
