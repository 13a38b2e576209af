"""Writes the layout and cast fixtures: KERAS_BACKEND=torch python3 make.py

Needs keras 3, torch, numpy and ml_dtypes. Each layout case is first proved: a Keras layer and a
PyTorch layer with the permuted kernel give the same output for the same image.
"""
import json
import os
from fractions import Fraction

os.environ["KERAS_BACKEND"] = "torch"
import keras
import ml_dtypes
import numpy as np
import torch
import torch.nn.functional as F

os.chdir(os.path.dirname(os.path.abspath(__file__)))
random = np.random.default_rng(3)


def close(ours, theirs):
    error = float(np.abs(np.asarray(ours) - np.asarray(theirs)).max())
    assert error < 1e-4, error
    return error


def nchw(x):
    return torch.tensor(x.transpose(0, 3, 1, 2).copy())


def nhwc(x):
    return x.detach().numpy().transpose(0, 2, 3, 1)


def layer(made, x):
    y = made(x)
    kernel = keras.ops.convert_to_numpy(made.weights[0])
    return kernel, keras.ops.convert_to_numpy(y)


cases = []


def case(name, kind, keras_shape, permute, **more):
    index = np.arange(np.prod(keras_shape, dtype=int)).reshape(keras_shape)
    moved = permute(index)
    cases.append({"name": name, "kind": kind, "keras": list(keras_shape), "pytorch": list(moved.shape),
                  "order": moved.ravel().tolist(), **more})


x = random.standard_normal((2, 9, 8, 4), "f4")

# kh != kw, in != out everywhere, so that no wrong order passes for a right one.
conv = lambda k: k.transpose(3, 2, 0, 1)
k, y = layer(keras.layers.Conv2D(6, (3, 5), use_bias=False), x)
close(nhwc(F.conv2d(nchw(x), torch.tensor(conv(k).copy()))), y)
case("Conv2D", "convolution", k.shape, conv)

k, y = layer(keras.layers.Conv2D(6, (3, 5), groups=2, use_bias=False), x)
close(nhwc(F.conv2d(nchw(x), torch.tensor(conv(k).copy()), groups=2)), y)
case("Conv2D in two groups", "convolution", k.shape, conv)

depthwise = lambda k: k.transpose(2, 3, 0, 1).reshape(-1, 1, *k.shape[:2])
k, y = layer(keras.layers.DepthwiseConv2D((3, 5), depth_multiplier=2, use_bias=False), x)
close(nhwc(F.conv2d(nchw(x), torch.tensor(depthwise(k).copy()), groups=4)), y)
case("DepthwiseConv2D", "depthwise", k.shape, depthwise, multiplier=2)

k, y = layer(keras.layers.Conv2DTranspose(6, (3, 5), strides=2, use_bias=False), x)
close(nhwc(F.conv_transpose2d(nchw(x), torch.tensor(conv(k).copy()), stride=2)), y)
case("Conv2DTranspose", "transposed", k.shape, conv)

dense = lambda k: k.T
k, y = layer(keras.layers.Dense(7, use_bias=False), x[:, 0, 0])
close(x[:, 0, 0] @ dense(k).T, y)
case("Dense", "dense", k.shape, dense)

h, w, c = 3, 2, 4
flat = lambda k: k.reshape(h, w, c, -1).transpose(3, 2, 0, 1).reshape(-1, c * h * w)
image = random.standard_normal((2, h, w, c), "f4")
k, y = layer(keras.layers.Dense(5, use_bias=False), image.reshape(2, -1))
close(nchw(image).reshape(2, -1).numpy() @ flat(k).T, y)
case("Dense after a flatten", "dense", k.shape, flat, flatten=[h, w, c])

line = random.standard_normal((2, 9, 4), "f4")
conv1 = lambda k: k.transpose(2, 1, 0)
k, y = layer(keras.layers.Conv1D(6, 5, use_bias=False), line)
ours = F.conv1d(torch.tensor(line.transpose(0, 2, 1).copy()), torch.tensor(conv1(k).copy()))
close(ours.numpy().transpose(0, 2, 1), y)
case("Conv1D", "convolution", k.shape, conv1)

block = random.standard_normal((1, 5, 6, 7, 2), "f4")
conv3 = lambda k: k.transpose(4, 3, 0, 1, 2)
k, y = layer(keras.layers.Conv3D(3, (2, 3, 4), use_bias=False), block)
ours = F.conv3d(torch.tensor(block.transpose(0, 4, 1, 2, 3).copy()), torch.tensor(conv3(k).copy()))
close(ours.numpy().transpose(0, 2, 3, 4, 1), y)
case("Conv3D", "convolution", k.shape, conv3)

# A kernel large enough for several tiles and threads; only sums of it are recorded.
case("Conv2D, one output", "convolution", (3, 5, 7, 1), conv)
case("Conv2D, 1 x 1", "convolution", (1, 1, 3, 4), conv)
json.dump(cases, open("layouts.json", "w"), separators=(",", ":"))


# Casts: bits before and after, by the libraries or, where they round twice, by exact arithmetic.
def nearest(value, finite):
    """The index of the nearest of the sorted `finite` values, ties to the even index."""
    at = int(np.searchsorted(finite, value))
    best = min((i for i in (at - 1, at, at + 1) if 0 <= i < len(finite)),
               key=lambda i: (abs(Fraction(float(finite[i])) - Fraction(value)), i % 2))
    return best


edges = [0.0, -0.0, 1.0, 65504.0, 65519.99, 65520.0, 65536.0, -1e6, 6e-8, 2.9e-8, 2.99e-8, 5.96e-8, 6.1e-5,
         6.09e-5, 1e-7, 3.4e38, 3.3961775e38, 3.39e38, 1e39, 1e-39, 1e-45, 1e-46, 5e-324, 1e300, 1 + 2**-8, 1 + 2**-9,
         1 + 2**-8 + 2**-40, 1 + 2**-11, 1 + 2**-11 + 2**-40, 1 + 3 * 2**-11, 1 + 3 * 2**-11 - 2**-40,
         np.inf, -np.inf, np.nan]
values = np.concatenate([np.array(edges), random.standard_normal(120), random.standard_normal(60) * 1e-6,
                         random.standard_normal(60) * 1e5, -(2.0 ** random.uniform(-30, 20, 60))])
bits16 = np.arange(0x7F80, dtype="u2")
brain = bits16.view(ml_dtypes.bfloat16).astype("f8")


def to_brain(value):
    sign = 0x8000 if np.signbit(value) else 0
    if np.isnan(value):
        return None
    if abs(value) >= float(brain[-1]) + float(brain[-1] - brain[-2]) / 2:
        return sign | 0x7F80
    return sign | nearest(abs(float(value)), brain)


def hexes(array):
    kind = {2: "u2", 4: "u4", 8: "u8"}[array.dtype.itemsize]
    return [f"{int(v):x}" for v in array.view(kind)]


with np.errstate(all="ignore"):
    single = values.astype("f4")
    casts = {
        "F64": {"bits": hexes(values), "F32": hexes(single), "F16": hexes(values.astype("f2")),
                "BF16": [None if (b := to_brain(v)) is None else f"{b:x}" for v in values]},
        "F32": {"bits": hexes(single), "F64": hexes(single.astype("f8")), "F16": hexes(single.astype("f2")),
                "BF16": hexes(single.astype(ml_dtypes.bfloat16))},
        "F16": {"bits": hexes(values.astype("f2")), "F32": hexes(values.astype("f2").astype("f4"))},
        "BF16": {"bits": hexes(single.astype(ml_dtypes.bfloat16)),
                 "F32": hexes(single.astype(ml_dtypes.bfloat16).astype("f4"))},
    }
    half = single.astype("f2").astype("f8")
    both = np.isfinite(single) & np.isfinite(half)
    exact = single.astype("f8")
    report = {"max_abs": float(np.abs(half - exact)[both].max()),
              "rel_l2": float(np.linalg.norm((half - exact)[both]) / np.linalg.norm(exact[both])),
              "overflowed": int((np.isfinite(single) & np.isinf(half)).sum()),
              "underflowed": int(((exact != 0) & (half == 0)).sum()), "nan": int(np.isnan(single).sum())}
json.dump({"casts": casts, "report": report}, open("casts.json", "w"), separators=(",", ":"))
small = {"e4m3": ml_dtypes.float8_e4m3fn, "e5m2": ml_dtypes.float8_e5m2}
all8 = np.arange(256, dtype="u1")
json.dump({name: [None if np.isnan(v) else repr(float(v)) for v in all8.view(kind).astype("f8")]
           for name, kind in small.items()}, open("fp8.json", "w"), separators=(",", ":"))
