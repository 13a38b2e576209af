"""Writes the PyTorch fixtures with PyTorch: python3 make.py (PyTorch 2.4 or later, NumPy 2).

Beside each file stands what PyTorch itself says of it: names, types, shapes, the SHA-256 of each
tensor's dense little-endian bytes, and plain values.
"""
import argparse
import collections
import hashlib
import io
import json
import os
import pathlib
import zipfile

import numpy as np
import torch

os.chdir(os.path.dirname(os.path.abspath(__file__)))
torch.manual_seed(1)

TYPES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
         torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
         torch.uint8: "U8", torch.uint16: "U16", torch.uint32: "U32", torch.uint64: "U64",
         torch.bool: "BOOL", torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2"}


def describe(name, value):
    if isinstance(value, np.ndarray):
        kinds = {"f": "F", "i": "I", "u": "U"}
        kind = "BOOL" if value.dtype.kind == "b" else (
            kinds[value.dtype.kind] + str(8 * value.dtype.itemsize))
        little = value.astype(value.dtype.newbyteorder("<"))
        content, shape = np.ascontiguousarray(little).tobytes(), list(value.shape)
    else:
        value = value.detach()
        kind, shape = TYPES[value.dtype], list(value.shape)
        content = torch.cat([value.reshape(-1)]).view(torch.uint8).numpy().tobytes() if (
            value.numel()) else b""
    return {"name": name, "dtype": kind, "shape": shape,
            "sha256": hashlib.sha256(content).hexdigest()}


def expect(name, tensors, metadata=None, shared=None):
    result = {"tensors": [describe(*pair) for pair in tensors], "shared": shared or {}}
    if metadata is not None:
        result["metadata"] = metadata
    with open(name + ".json", "w") as file:
        json.dump(result, file, indent=1)


def save(name, value, tensors=None, metadata=None, shared=None, **options):
    torch.save(value, name + ".pt", **options)
    expect(name, list(value.items()) if tensors is None else tensors, metadata, shared)


def numbers(*shape):
    count = int(np.prod(shape))
    return (torch.arange(count, dtype=torch.float32) * 0.37 - 3).reshape(shape)


# Every element type.
every = {}
for dtype, kind in TYPES.items():
    source = numbers(2, 3)
    if kind == "BOOL":
        source = source > 0
    elif kind[0] == "U":
        source = source.abs() * 20
    every[kind] = source.to(dtype)
every["scalar"] = torch.tensor(2.5)
every["empty"] = torch.zeros(0, 7)
every["rank5"] = numbers(1, 2, 1, 3, 1)
save("types", every)
save("types-legacy", every, _use_new_zipfile_serialization=False)

# Views of one storage, and strides of every sort.
base = numbers(4, 6)
image = numbers(2, 3, 4, 5).to(memory_format=torch.channels_last)
strides = {
    "base": base, "transposed": base.t(), "rows": base[1:3], "columns": base[:, 1:3],
    "every_second": base[::2, ::3], "element": base[2, 3], "same": base,
    "expanded": torch.tensor([1.5]).expand(3, 4), "half_expanded": base[0].expand(5, 6),
    "overlapping": torch.as_strided(base, (5, 4), (1, 2), 1),
    "channels_last": image, "permuted": image.permute(3, 0, 2, 1), "one": base[:1, :1].t(),
    "bytes": numbers(3, 4).to(torch.int8).t(), "halves": numbers(3, 4).half().t(),
    "doubles": numbers(3, 4).double().t(), "no_elements": base[4:].t(),
}
save("strides", strides, shared={"same": "base"})
save("strides-legacy", strides, shared={"same": "base"}, _use_new_zipfile_serialization=False)


# A state_dict as training scripts keep it, with tied weights.
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(7, 4)
        self.conv = torch.nn.Conv2d(1, 2, (2, 3))
        self.norm = torch.nn.BatchNorm2d(2)
        self.head = torch.nn.Linear(4, 7, bias=False)
        self.head.weight = self.embed.weight


net = Net()
save("state", net.state_dict(), shared={"head.weight": "embed.weight"})

# The whole object, of PyTorch's own classes.
whole = torch.nn.Sequential(
    collections.OrderedDict(conv=torch.nn.Conv2d(1, 2, (2, 3)), norm=torch.nn.BatchNorm2d(2),
                            block=torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Linear(5, 3))))
save("module", whole, tensors=list(whole.state_dict().items()))
for protocol in (1, 4):
    save(f"module-protocol{protocol}", whole, list(whole.state_dict().items()),
         pickle_protocol=protocol)

# A checkpoint: model, optimiser and plain values.
model = torch.nn.Linear(3, 2)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, betas=(0.8, 0.99))
model(torch.ones(1, 3)).sum().backward()
optimizer.step()
checkpoint = {
    "epoch": 12, "best": 0.8125, "name": "run \u00e9", "finished": False, "note": None,
    "state_dict": model.state_dict(), "optimizer": optimizer.state_dict(),
    "args": argparse.Namespace(lr=0.1, layers=[1, 2, 3], init=torch.full((2,), 4.0)),
    "big": 1 << 40, "huge": 1 << 100, "size": torch.Size([3, 2]), "device": torch.device("cpu"),
    "dtype": torch.float16, "path": pathlib.PurePosixPath("a/b"),
    "history": [torch.tensor([1.0]), {"loss": torch.tensor([2.0])}],
    3: torch.tensor([3]), (1, "x"): torch.tensor([4]),
}
state = optimizer.state_dict()["state"]
tensors = [("state_dict." + key, value) for key, value in model.state_dict().items()]
tensors += [(f"optimizer.state.{index}.{key}", value)
            for index, values in state.items() for key, value in values.items()]
tensors += [("args.init", checkpoint["args"].init), ("history.0", checkpoint["history"][0]),
            ("history.1.loss", checkpoint["history"][1]["loss"]), ("3", checkpoint[3]),
            ("(1, 'x')", checkpoint[(1, "x")])]
metadata = {"epoch": 12, "best": 0.8125, "name": "run \u00e9", "finished": False, "note": None,
            "args.lr": 0.1, "args.layers": [1, 2, 3], "big": 1 << 40, "size": [3, 2],
            "optimizer.param_groups.0.betas": [0.8, 0.99], "optimizer.param_groups.0.lr": 0.01,
            "dtype": "torch.float16"}
save("checkpoint", checkpoint, tensors, metadata)
for protocol in (1, 3, 4, 5):
    save(f"checkpoint-protocol{protocol}", checkpoint, tensors, metadata, pickle_protocol=protocol)
save("checkpoint-legacy", checkpoint, tensors, metadata, _use_new_zipfile_serialization=False)

# NumPy's arrays and numbers beside tensors.
arrays = {"f4": np.arange(6, dtype="f4").reshape(2, 3) / 7, "big": np.arange(4, dtype=">i4") * 1000,
          "fortran": np.asfortranarray(np.arange(6, dtype="f8").reshape(2, 3) * -1.25),
          "bool": np.array([True, False]), "u1": np.arange(256, dtype="u1"),
          "scalar": np.array(7, dtype="i8"), "tensor": torch.ones(1)}
numpy = dict(arrays, loss=np.float64(0.25), count=np.int64(9), rate=np.float32(0.1))
for name, options in {"numpy": {}, "numpy-protocol4": {"pickle_protocol": 4},
                      "numpy-protocol5": {"pickle_protocol": 5},
                      "numpy-legacy": {"_use_new_zipfile_serialization": False}}.items():
    save(name, numpy, list(arrays.items()), {"loss": 0.25, "count": 9, "rate": 0.1}, **options)

# Parameters, buffers and a tensor that is a file of its own.
save("parameter", {"weight": torch.nn.Parameter(numbers(2, 2)),
                   "frozen": torch.nn.Parameter(numbers(2), requires_grad=False)})
with_state = torch.nn.Parameter(numbers(3))
with_state.tag = "kept"
save("parameter-with-state", {"weight": with_state})
save("tensor", numbers(2, 3), [("tensor", numbers(2, 3))])
save("list", [numbers(2), (numbers(3), numbers(1))],
     [("0", numbers(2)), ("1.0", numbers(3)), ("1.1", numbers(1))])

# Types that are listed and not read, next to one that is.
torch.save({"complex": torch.ones(2, dtype=torch.complex64),
            "quantised": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
            "sparse": torch.eye(3).to_sparse(), "meta": torch.ones(2, device="meta"),
            "plain": numbers(2)}, "listed.pt")

# TorchScript: code and constants beside the tensors.
factors = torch.tensor([2.0, 3.0])


class Script(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 3)

    def forward(self, x):
        return self.conv(x) * factors.reshape(2, 1, 1)


script = torch.jit.trace(Script(), torch.ones(1, 1, 3, 3))
torch.jit.save(script, "script.pt")
expect("script", list(script.state_dict().items()))


def repack(source, target, change, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for item in old.infolist():
            content = change(item.filename, old.read(item.filename))
            if content is not None:
                info = zipfile.ZipInfo(item.filename, (1980, 1, 1, 0, 0, 0))
                info.compress_type = compression
                new.writestr(info, content)


# A file as a big-endian machine writes it, and one from before the byte order was stated.
def big_endian(name, content):
    if name.endswith("/byteorder"):
        return b"big"
    if "/data/" in name:
        width = widths[name.split("/")[-1]]
        return np.frombuffer(content, f"u{width}").byteswap().tobytes()
    return content


sources = {"f32": numbers(2, 3), "f64": numbers(2).double(), "i16": numbers(3).to(torch.int16),
           "u8": numbers(3).abs().to(torch.uint8), "transposed": numbers(4, 5).t()}
widths = {str(index): value.element_size() for index, value in enumerate(sources.values())}
buffer = io.BytesIO()
torch.save(sources, buffer)
repack(buffer, "big-endian.pt", big_endian)
expect("big-endian", list(sources.items()))
repack(buffer, "no-byteorder.pt", lambda name, content: (
    None if name.endswith(("byteorder", ".format_version", ".storage_alignment")) else content))
expect("no-byteorder", list(sources.items()))
repack(buffer, "deflated.pt", lambda name, content: content, zipfile.ZIP_DEFLATED)
expect("deflated", list(sources.items()))

# The whole object, of a class that only the writer's script has, and a tensor of such a class.
class Custom(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleList([torch.nn.Linear(2, 3), torch.nn.Linear(3, 2)])
        self.scale = torch.nn.Parameter(numbers(2))
        self.register_buffer("count", torch.tensor(5))
        self.settings = {"depth": 2}
        self.activation = torch.nn.functional.relu


class Marked(torch.Tensor):
    pass


custom = Custom()
save("custom", custom, list(custom.state_dict().items()), {"settings.depth": 2})
save("subclass", {"marked": numbers(2, 3).as_subclass(Marked)},
     [("marked", numbers(2, 3))])

for path in sorted(pathlib.Path(".").glob("*.pt")):
    if path.name == "types-legacy.pt":
        continue  # PyTorch writes bytes without a class in the old form and cannot read them.
    loaded = torch.load(path, weights_only=False)
    assert loaded is not None, path
