"""Source models: Keras 3, legacy Keras, PyTorch and ONNX, with kh != kw, H != W, in != out."""

import json
import pathlib

import h5py
import keras
import ml_dtypes
import numpy as np
import onnx
import torch
from safetensors.torch import save_file
from torch import nn

IMAGE = (10, 7, 3)  # height, width, channels
generator = np.random.default_rng(5)
BATCH = generator.random((4, *IMAGE), dtype=np.float32)
BATCH_NCHW = np.ascontiguousarray(BATCH.transpose(0, 3, 1, 2))


def randomize(model: keras.Model) -> keras.Model:
    """Untrained normalisations hide mistakes: give every weight a value of its own."""
    model.set_weights([(generator.random(w.shape) * 0.4 + (0.8 if w.ndim == 1 else -0.2)).astype(w.dtype)
                       for w in model.get_weights()])
    return model


def keras_plain() -> keras.Model:
    x = inputs = keras.Input(IMAGE, name="image")
    x = keras.layers.Conv2D(6, (3, 5), padding="same", activation="relu", name="c1")(x)
    x = keras.layers.MaxPooling2D(2, name="p1")(x)
    x = keras.layers.DepthwiseConv2D((3, 2), depth_multiplier=2, name="dw")(x)
    x = keras.layers.BatchNormalization(name="bn")(x)
    x = keras.layers.ReLU(name="r1")(x)
    x = keras.layers.Flatten(name="flat")(x)
    x = keras.layers.Dense(11, activation="tanh", name="d1")(x)
    x = keras.layers.Dense(5, name="logits")(x)
    return keras.Model(inputs, x, name="plain")


def keras_residual() -> keras.Model:
    block = keras.Sequential([
        keras.layers.Conv2D(8, (3, 1), padding="same", use_bias=False, name="conv"),
        keras.layers.BatchNormalization(scale=False, center=False, name="norm"),
        keras.layers.LeakyReLU(negative_slope=0.1, name="leaky")], name="block")
    x = inputs = keras.Input(IMAGE, name="image")
    x = keras.layers.Conv2D(8, 3, strides=2, padding="same", name="stem")(x)
    x = keras.layers.Add(name="sum")([x, block(x)])
    x = keras.layers.Concatenate(name="join")([x, keras.layers.Activation("sigmoid", name="gate")(x)])
    x = keras.layers.GlobalAveragePooling2D(name="gap")(x)
    x = keras.layers.Dense(4, activation="softmax", name="classes")(x)
    return keras.Model(inputs, x, name="residual")


def keras_tensors() -> keras.Model:
    """Layers that Retort does not run: only their tensors travel."""
    x = inputs = keras.Input((6, 8), name="sequence")
    x = keras.layers.LSTM(5, return_sequences=True, name="lstm")(x)
    x = keras.layers.GRU(4, name="gru")(x)
    x = keras.layers.Reshape((2, 2, 1), name="grid")(x)
    x = keras.layers.Conv2DTranspose(3, (3, 2), name="up")(x)
    return keras.Model(inputs, keras.layers.Flatten()(x), name="tensors")


class Plain(nn.Module):
    """The PyTorch twin of keras_plain, under Retort's parameter names."""

    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(3, 6, (3, 5), padding=(1, 2))
        self.dw = nn.Conv2d(6, 12, (3, 2), groups=6)
        self.bn = nn.BatchNorm2d(12, eps=1e-3)
        self.d1 = nn.Linear(12 * 3 * 2, 11)
        self.logits = nn.Linear(11, 5)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.c1(x)), 2)
        x = torch.relu(self.bn(self.dw(x)))
        return self.logits(torch.tanh(self.d1(torch.flatten(x, 1))))


def torch_plain() -> Plain:
    torch.manual_seed(3)
    module = Plain().eval()
    with torch.no_grad():
        module.bn.running_mean.uniform_(-0.2, 0.2)
        module.bn.running_var.uniform_(0.5, 1.5)
        module.bn.weight.uniform_(0.5, 1.5)
        module.bn.bias.uniform_(-0.5, 0.5)
    return module


def odd_tensors() -> dict[str, torch.Tensor]:
    torch.manual_seed(4)
    base = torch.randn(7, 5)
    return {
        "block.0.weight": base, "block.0.tied": base, "block.0.strided": torch.randn(6, 4).t(),
        "half": torch.randn(3, 2).half(), "brain": torch.randn(5).bfloat16(),
        "bytes": torch.arange(-4, 4, dtype=torch.int8), "scalar": torch.tensor(2.5, dtype=torch.float64),
        "empty": torch.zeros(0, 3), "mask": torch.tensor([True, False, True]),
        "step": torch.tensor(7, dtype=torch.int64),
    }


def legacy_by_hand(path: pathlib.Path) -> None:
    """The tf.keras 2 form: fixed-length names with ':0', lists split into chunks."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = np.bytes_("2.11.0")
        file.attrs["backend"] = np.bytes_("tensorflow")
        layers = ["conv2d", "dropout", "dense"]
        file.attrs["layer_names0"] = np.array(layers[:2], dtype="S")
        file.attrs["layer_names1"] = np.array(layers[2:], dtype="S")
        shapes = {"conv2d": {"kernel:0": (3, 5, 2, 4), "bias:0": (4,)}, "dropout": {},
                  "dense": {"kernel:0": (20, 3), "bias:0": (3,)}}
        for layer, weights in shapes.items():
            group = file.create_group(layer)
            names = [f"{layer}/{name}" for name in weights]
            group.attrs["weight_names"] = np.array(names, dtype="S") if names else np.array([])
            for name, shape in zip(names, weights.values()):
                group.create_dataset(name, data=generator.standard_normal(shape).astype("f4"))


def make_sources(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """Writes every source model; name -> file."""
    files: dict[str, pathlib.Path] = {}

    def put(name: str, suffix: str) -> pathlib.Path:
        files[name] = folder / f"{name}{suffix}"
        return files[name]

    for name, model in [("plain", keras_plain()), ("residual", keras_residual()), ("layers", keras_tensors())]:
        randomize(model)
        model.save(put(f"keras-{name}", ".keras"))
        model.save_weights(put(f"keras-{name}-weights", ".weights.h5"))
        model.save(put(f"keras-{name}-legacy", ".h5"))
    half = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, dtype="bfloat16")])
    half.save_weights(put("keras-bf16-weights", ".weights.h5"))
    legacy_by_hand(put("tfkeras-weights", ".h5"))
    module = torch_plain()
    torch.save(module.state_dict(), put("torch-plain", ".pt"))
    torch.save(odd_tensors(), put("torch-odd", ".pt"))
    torch.save(module.state_dict(), put("torch-old", ".pth"), _use_new_zipfile_serialization=False)
    save_file({k: v.contiguous().clone() for k, v in odd_tensors().items()}, put("safetensors-odd", ".safetensors"))
    np.savez(put("numpy", ".npz"), **{k: v.numpy() for k, v in module.state_dict().items()})
    np.save(put("array", ".npy"), np.asfortranarray(generator.standard_normal((4, 3))))
    torch.onnx.export(module, (torch.from_numpy(BATCH_NCHW),), str(put("onnx-plain", ".onnx")), dynamo=False,
                      do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE,
                      dynamic_axes={"x": {0: "n"}}, input_names=["x"])
    return files
