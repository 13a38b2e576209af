"""The layout traps between Keras and PyTorch: outputs of a PyTorch twin that loads what Retort converted.

Each row also computes the usual wrong way, whose shapes fit and whose numbers do not.
"""

import pathlib
from dataclasses import dataclass
from typing import Callable

import keras
import numpy as np
import onnxruntime
import torch
from torch import nn
from torch.nn import functional as F

from .models import generator, randomize
from .retort import Refused, Retort

State = dict[str, torch.Tensor]


@dataclass
class Trap:
    name: str
    shape: tuple[int, ...]
    layers: list
    #: PyTorch output from Retort's tensors.
    right: Callable[[State, torch.Tensor], torch.Tensor]
    #: The usual mistake, from Keras's own weights.
    wrong: Callable[[list[np.ndarray], torch.Tensor], torch.Tensor]
    limit: float = 1e-5


def nchw(x: torch.Tensor) -> torch.Tensor:
    return x.permute(0, 3, 1, 2)


def nhwc(x: torch.Tensor) -> torch.Tensor:
    return x.permute(0, 2, 3, 1)


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))


def recurrent(module: type, units: int, state: State, x: torch.Tensor) -> torch.Tensor:
    cell = module(x.shape[-1], units, batch_first=True)
    cell.load_state_dict({key.removeprefix("x."): value for key, value in state.items()})
    return cell(x)[0][:, -1]


def wrong_recurrent(module: type, units: int, w: list[np.ndarray], x: torch.Tensor) -> torch.Tensor:
    """Both halves of a GRU's bias are there; an LSTM's goes to the input side. Gates as Keras has them."""
    bias = w[2] if w[2].ndim == 2 else np.stack([w[2], np.zeros_like(w[2])])
    names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
    values = [w[0].T, w[1].T, *bias]
    if module is nn.LSTM:  # the mistake there is PyTorch-style chunk order i, o, f, c
        order = np.r_[0:units, 3 * units:4 * units, units:3 * units]
        values = [v[order] for v in values]
    return recurrent(module, units, {f"x.{n}": tensor(v) for n, v in zip(names, values)}, x)


def traps() -> list[Trap]:
    L = keras.layers
    return [
        Trap("Conv2D", (9, 7, 3), [L.Conv2D(4, (3, 3), name="x")],
             lambda s, x: nhwc(F.conv2d(nchw(x), s["x.weight"], s["x.bias"])),
             # Reversing all axes also swaps height and width.
             lambda w, x: nhwc(F.conv2d(nchw(x), tensor(w[0].T), tensor(w[1])))),
        Trap("DepthwiseConv2D", (9, 7, 3), [L.DepthwiseConv2D((3, 3), depth_multiplier=2, name="x")],
             lambda s, x: nhwc(F.conv2d(nchw(x), s["x.weight"], s["x.bias"], groups=3)),
             lambda w, x: nhwc(F.conv2d(nchw(x), tensor(w[0].transpose(3, 2, 0, 1)).reshape(6, 1, 3, 3), tensor(w[1]), groups=3))),
        Trap("Conv2DTranspose", (5, 4, 3), [L.Conv2DTranspose(3, (3, 2), name="x")],
             lambda s, x: nhwc(F.conv_transpose2d(nchw(x), s["x.weight"], s["x.bias"])),
             lambda w, x: nhwc(F.conv_transpose2d(nchw(x), tensor(w[0].transpose(2, 3, 0, 1)), tensor(w[1])))),
        Trap("Dense", (6,), [L.Dense(6, name="x")],
             lambda s, x: F.linear(x, s["x.weight"], s["x.bias"]), lambda w, x: F.linear(x, tensor(w[0]), tensor(w[1]))),
        Trap("Flatten -> Dense", (3, 2, 4), [L.Flatten(), L.Dense(5, name="x")],
             lambda s, x: F.linear(nchw(x).flatten(1), s["x.weight"], s["x.bias"]),
             lambda w, x: F.linear(nchw(x).flatten(1), tensor(w[0].T), tensor(w[1]))),
        Trap("BatchNormalization, epsilon 1e-3", (4, 3, 5), [L.BatchNormalization(name="x")],
             lambda s, x: nhwc(F.batch_norm(nchw(x), s["x.running_mean"], s["x.running_var"], s["x.weight"], s["x.bias"], eps=1e-3)),
             lambda w, x: nhwc(F.batch_norm(nchw(x), *map(tensor, (w[2], w[3], w[0], w[1])), eps=1e-5))),
        Trap("LayerNormalization, epsilon 1e-3", (7,), [L.LayerNormalization(name="x")],
             lambda s, x: F.layer_norm(x, (7,), s["x.weight"], s["x.bias"], eps=1e-3),
             lambda w, x: F.layer_norm(x, (7,), tensor(w[0]), tensor(w[1]), eps=1e-5)),
        Trap("Conv2D, 'same', stride 2", (8, 6, 3), [L.Conv2D(4, 3, strides=2, padding="same", name="x"), L.GlobalAveragePooling2D()],
             lambda s, x: F.conv2d(F.pad(nchw(x), (0, 1, 0, 1)), s["x.weight"], s["x.bias"], stride=2).mean((2, 3)),
             lambda w, x: F.conv2d(nchw(x), tensor(w[0].transpose(3, 2, 0, 1)), tensor(w[1]), stride=2, padding=1).mean((2, 3))),
        Trap("LSTM", (6, 4), [L.LSTM(5, name="x")],
             lambda s, x: recurrent(nn.LSTM, 5, s, x), lambda w, x: wrong_recurrent(nn.LSTM, 5, w, x)),
        Trap("GRU", (6, 4), [L.GRU(5, name="x")],
             lambda s, x: recurrent(nn.GRU, 5, s, x), lambda w, x: wrong_recurrent(nn.GRU, 5, w, x)),
    ]


def run(retort: Retort, folder: pathlib.Path) -> tuple[list[list[str]], int]:
    rows, failures = [["layer", "Retort, largest difference", "the usual wrong way", "verdict"]], 0
    for index, trap in enumerate(traps()):
        model = randomize(keras.Sequential([keras.Input(trap.shape), *trap.layers]))
        source, target = folder / f"trap{index}.keras", folder / f"trap{index}.pt"
        model.save(source)
        batch = generator.standard_normal((3, *trap.shape)).astype("f4")
        expected = np.asarray(model.predict(batch, verbose=0))
        x = torch.from_numpy(batch)
        named = next(layer for layer in model.layers if layer.name == "x")
        with torch.no_grad():
            wrong = float(np.abs(trap.wrong(named.get_weights(), x).numpy() - expected).max())
            try:
                retort.convert(source, target, "--layout", "pytorch")
                found = trap.right(torch.load(target, weights_only=True), x).numpy()
                worst = float(np.abs(found - expected).max())
                verdict = "right" if worst <= trap.limit else "FAILED"
            except (Refused, KeyError, RuntimeError) as error:
                worst, verdict = float("nan"), f"FAILED: {type(error).__name__}: {error}"
        if trap.name.startswith("Conv2D, 'same'") and verdict == "right":
            worst = max(worst, runs_in_onnxruntime(retort, source, batch, expected))
            verdict = "right" if worst <= trap.limit else "FAILED"
        failures += verdict != "right"
        rows.append([trap.name, f"{worst:.1e}", f"{wrong:.1e}", verdict])
    return rows, failures


def runs_in_onnxruntime(retort: Retort, source: pathlib.Path, batch: np.ndarray, expected: np.ndarray) -> float:
    """Padding is in no weight file: the exported graph must carry it."""
    target = source.with_suffix(".onnx")
    retort.convert(source, target)
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    image = np.ascontiguousarray(batch.transpose(0, 3, 1, 2))
    return float(np.abs(session.run(None, {session.get_inputs()[0].name: image})[0] - expected).max())
