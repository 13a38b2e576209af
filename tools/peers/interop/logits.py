"""Keras, PyTorch and onnxruntime load what Retort wrote: their logits against the source model's."""

import json
import pathlib

import keras
import numpy as np
import onnxruntime
import torch
from safetensors.torch import load_file

from . import models
from .retort import Refused, Retort

LIMIT = 1e-5


def softmax(values: np.ndarray) -> np.ndarray:
    weights = np.exp(values - values.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def keras_logits(model: keras.Model) -> np.ndarray:
    return np.asarray(model.predict(models.BATCH, verbose=0))


def load_keras(path: pathlib.Path, build) -> np.ndarray:
    if path.name.endswith(".weights.h5"):
        model = build()
        model.load_weights(path)
    else:
        model = keras.models.load_model(path, compile=False)
    return keras_logits(model)


def load_torch(path: pathlib.Path) -> np.ndarray:
    state = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
    module = models.Plain().eval()
    missing, unexpected = module.load_state_dict(state, strict=False)
    if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
        raise ValueError(f"torch misses {missing} and does not know {unexpected}")
    with torch.no_grad():
        return module(torch.from_numpy(models.BATCH_NCHW)).numpy()


def load_onnx(path: pathlib.Path) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: models.BATCH_NCHW})[0]


def cases(sources: dict[str, pathlib.Path]) -> list[tuple]:
    """(source, how it computes, whether it ends in softmax, steps of (suffix, options), loader)"""
    plain, residual = models.keras_plain, models.keras_residual
    pytorch = ("--layout", "pytorch")
    # An .h5 written from a store may be several things.
    keras_targets = [(".weights.h5", ()), (".keras", ()), (".h5", ("--to", "keras-legacy"))]
    result = []
    for name, build, soft in [("keras-plain", plain, False), ("keras-residual", residual, True)]:
        expected = keras_logits(keras.models.load_model(sources[name], compile=False))
        # Bare weights say nothing of the structure; the other two are whole models.
        for kind in (name, f"{name}-legacy"):
            for target in keras_targets:
                result.append((kind, expected, soft, [target], lambda p, b=build: load_keras(p, b)))
                result.append((kind, expected, soft, [(".retort.h5", ()), target],
                               lambda p, b=build: load_keras(p, b)))
            result.append((kind, expected, soft, [(".onnx", ())], load_onnx))
            result.append((kind, expected, soft, [(".safetensors", pytorch), (".onnx", ())], load_onnx))
            if build is plain:
                for suffix in (".pt", ".safetensors"):
                    result.append((kind, expected, soft, [(suffix, pytorch)], load_torch))
                    result.append((kind, expected, soft, [(".retort.h5", ()), (suffix, ())], load_torch))
    expected = load_torch(sources["torch-plain"])
    for suffix in (".safetensors", ".pt"):
        result.append(("torch-plain", expected, False, [(suffix, ())], load_torch))
        result.append(("torch-old", expected, False, [(".retort.h5", ()), (suffix, ())], load_torch))
        result.append(("onnx-plain", expected, False, [(suffix, ())], load_torch))
    for target in keras_targets:
        result.append(("onnx-plain", expected, False, [target], lambda p: load_keras(p, plain)))
        result.append(("onnx-plain", expected, False, [(".retort.h5", ()), target], lambda p: load_keras(p, plain)))
    result.append(("onnx-plain", expected, False, [(".retort.h5", ()), (".onnx", ())], load_onnx))
    return result


def run(retort: Retort, folder: pathlib.Path) -> tuple[list[list[str]], int]:
    sources = models.make_sources(folder)
    rows, failures = [["source", "way", "judge", "largest difference", "verdict"]], 0
    for index, (name, expected, soft, steps, load) in enumerate(cases(sources)):
        path, way = sources[name], []
        try:
            for step, (suffix, options) in enumerate(steps):
                target = folder / f"case{index}-{step}{suffix}"
                retort.convert(path, target, *options)
                path = target
                way.append(suffix + (" " + " ".join(options) if options else ""))
            found = load(path)
            # Retort's graphs end in logits, so a source that ends in softmax is compared after it.
            if soft and not np.allclose(found.sum(axis=1), 1, atol=1e-4):
                found = softmax(found)
            worst = float(np.abs(found - expected).max())
            verdict = "equal" if worst <= LIMIT else "FAILED"
        except Refused as refusal:
            worst, verdict = float("nan"), f"FAILED: {refusal}"
        except Exception as error:  # a loader's refusal is the finding
            worst, verdict = float("nan"), f"FAILED: {type(error).__name__}: {str(error)[:200]}"
        failures += verdict != "equal"
        judge = {".onnx": "onnxruntime", ".pt": "PyTorch", ".safetensors": "PyTorch"}.get(path.suffix, "Keras")
        rows.append([name, " -> ".join(way), judge, f"{worst:.2g}", verdict])
    return rows, failures
