# SPDX-License-Identifier: Apache-2.0
"""Writes the ONNX fixtures with PyTorch's exporter and onnx's own helpers, and records what
onnxruntime computes with them: python make.py (torch, onnx, onnxruntime, ml_dtypes, numpy)."""
import io
import json
import os
import warnings

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper

warnings.simplefilter("ignore")
os.chdir(os.path.dirname(os.path.abspath(__file__)))
expected = {}


def formula(count, salt):
    """The same integer hash as in Fixtures/training/make.py, in [-0.5, 0.5)."""
    h = np.arange(count, dtype=np.uint64) * 2654435761 + salt * 97911 + 12345
    h &= 0xFFFFFFFF
    h ^= h >> 15
    h = (h * 2246822519) & 0xFFFFFFFF
    h ^= h >> 13
    h = (h * 3266489917) & 0xFFFFFFFF
    h ^= h >> 16
    return (h >> 8).astype(np.float64) / 2**24 - 0.5


def values(shape, salt, scale=1.0, offset=0.0):
    return (formula(int(np.prod(shape)), salt) * scale + offset).astype(np.float32).reshape(shape)


def fnv(data):
    """FNV-1a, 64 bits, of the bytes."""
    h = 0xCBF29CE484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{h:016x}"


NAMES = {"float32": "F32", "float64": "F64", "float16": "F16", "bfloat16": "BF16", "uint8": "U8",
         "int8": "I8", "uint16": "U16", "int16": "I16", "uint32": "U32", "int32": "I32",
         "uint64": "U64", "int64": "I64", "bool": "BOOL", "float8_e4m3fn": "F8_E4M3",
         "float8_e5m2": "F8_E5M2"}


def describe(tensor, folder="."):
    array = numpy_helper.to_array(tensor, folder)
    return {"dtype": NAMES[array.dtype.name], "shape": list(array.shape), "fnv": fnv(array.tobytes())}


def record(name, unread=(), run=True, constants=(), **more):
    """What the model holds, and its logits for images of the formula's values."""
    model = onnx.load(name + ".onnx", load_external_data=False)
    entry = dict(more)
    entry["tensors"] = {t.name: describe(t) for t in model.graph.initializer if t.name not in unread}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.output[0] in constants:
            entry["tensors"][node.output[0]] = describe(node.attribute[0].t)
    entry["unread"] = list(unread)
    if run:
        session = onnxruntime.InferenceSession(name + ".onnx", providers=["CPUExecutionProvider"])
        shape = [2] + session.get_inputs()[0].shape[1:]
        x = values(shape, 1, offset=0.5)
        entry["input"] = shape
        entry["logits"] = [float(str(v)) for v in session.run(None, {session.get_inputs()[0].name: x})[0].ravel()]
    expected[name] = entry
    print(name, os.path.getsize(name + ".onnx"))


# MARK: What PyTorch exports

def fill(module):
    """Every parameter and statistic by formula, all different."""
    for salt, (name, tensor) in enumerate(module.state_dict().items()):
        if tensor.dtype != torch.float32:
            continue
        fan = max(1, tensor[0].numel()) if tensor.dim() > 1 else 1
        data = values(tuple(tensor.shape), 100 + salt, scale=4 / np.sqrt(fan) if tensor.dim() > 1 else 1,
                      offset=1 if name.endswith(("running_var", "norm.weight")) else 0)
        tensor.copy_(torch.from_numpy(data))
    return module.eval()


def export(name, module, shape, **options):
    torch.onnx.export(
        fill(module), torch.zeros(1, *shape), name + ".onnx", dynamo=False,
        input_names=["input"], output_names=["logits"],
        dynamic_axes={"input": {0: "N"}, "logits": {0: "N"}}, **options)


class Plain(nn.Module):
    """kh != kw, H != W, in != out, groups, and batch norm kept as it is."""

    def __init__(self):
        super().__init__()
        self.conv1, self.norm = nn.Conv2d(2, 6, (3, 2), padding=(1, 0)), nn.BatchNorm2d(6, eps=1e-3)
        self.conv2 = nn.Conv2d(6, 6, 3, groups=6, bias=False)
        self.fc1, self.fc2 = nn.Linear(6 * 2 * 1, 7), nn.Linear(7, 3, bias=False)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.conv1(x))), 2, ceil_mode=True)
        x = F.leaky_relu(self.conv2(x), 0.2)
        return self.fc2(torch.tanh(self.fc1(torch.flatten(x, 1))))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)
        self.a, self.b = nn.Conv2d(4, 8, 3, stride=2, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.down, self.side, self.fc = nn.Conv2d(4, 8, 1, stride=2), nn.Conv2d(3, 5, 1), nn.Linear(13, 4)
        self.register_buffer("mean", torch.zeros(1, 3, 1, 1))
        self.register_buffer("std", torch.zeros(1, 3, 1, 1))

    def forward(self, image):
        image = (image - self.mean) / (self.std + 1)
        x = F.relu(self.norm(self.stem(image)))
        x = F.relu(self.b(torch.sigmoid(self.a(x))) + self.down(x))
        side = F.avg_pool2d(self.side(image), 2, ceil_mode=False, padding=1, count_include_pad=False)
        x = torch.cat([F.adaptive_avg_pool2d(x, 1), side.mean((2, 3), keepdim=True)], 1)
        return F.log_softmax(self.fc(x.view(x.size(0), -1)), 1)


export("torch-plain", Plain(), (2, 8, 6), do_constant_folding=False)
record("torch-plain", producer="pytorch")
export("torch-folded", Plain(), (2, 8, 6))
record("torch-folded")
export("torch-residual", Residual(), (3, 8, 6))
record("torch-residual", probabilities="log")
export("torch-opset9", Plain(), (2, 8, 6), opset_version=9, do_constant_folding=False, keep_initializers_as_inputs=True)
record("torch-opset9")


# MARK: Other exporters' ways

def build(name, nodes, initializers, shape, out, opset=17, ir=8, properties=None, save=None, extra=()):
    graph = helper.make_graph(
        nodes, "made by hand", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N"] + shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", out])], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), *extra], ir_version=ir,
                              producer_name="make.py", producer_version="1")
    if properties:
        helper.set_model_props(model, properties)
    if not extra:
        onnx.checker.check_model(model, full_check=True)
    onnx.save(model, name + ".onnx", **(save or {}))


def init(name, array):
    return numpy_helper.from_array(np.ascontiguousarray(array), name)


def node(op, inputs, output, **attributes):
    return helper.make_node(op, inputs, [output], name=f"model/{op.lower()}/{output}", **attributes)


# TensorFlow's way: channels last outside the convolutions, MatMul and Add, probabilities at the end.
build("tensorflow", [
    node("Transpose", ["x"], "t0", perm=[0, 3, 1, 2]),
    node("Conv", ["t0", "conv/kernel"], "c0", auto_pad="SAME_UPPER", strides=[2, 2]),
    node("Add", ["c0", "conv/bias"], "c1"),
    node("Relu", ["c1"], "r"),
    node("Transpose", ["r"], "t1", perm=[0, 2, 3, 1]),
    node("Reshape", ["t1", "flat"], "f"),
    node("MatMul", ["f", "dense/kernel"], "d"),
    node("Add", ["d", "dense/bias"], "e"),
    node("Softmax", ["e"], "y", axis=-1),
], [
    init("conv/kernel", values((5, 2, 3, 3), 3)), init("conv/bias", values((1, 5, 1, 1), 4)),
    init("flat", np.array([-1, 4 * 3 * 5])), init("dense/kernel", values((60, 4), 5)),
    init("dense/bias", values((4,), 6)),
], [8, 6, 2], 4, properties={"task": "digits", "note": "naïve"})
record("tensorflow", probabilities="plain", properties={"task": "digits", "note": "naïve"})

# Normalised input, explicit padding, weights in Constant nodes, a transposed constant.
w = values((4, 3, 2, 3), 7)
build("constants", [
    node("Constant", [], "mean", value=init("m", np.array([0.5, 0.25, 0.125], np.float32).reshape(3, 1, 1))),
    node("Constant", [], "scale", value_float=4.0),
    node("Sub", ["x", "mean"], "s"), node("Mul", ["s", "scale"], "n"),
    node("Constant", [], "pads", value=init("p", np.array([0, 0, 1, 0, 0, 0, 0, 2]))),
    node("Pad", ["n", "pads"], "p"),
    node("Constant", [], "weights", value=init("", w)),
    node("Conv", ["p", "weights"], "c"), node("Relu", ["c"], "r"),
    node("Constant", [], "pads2", value_ints=[0, 0, 0, 0, 0, 0, 1, 1]),
    node("Pad", ["r", "pads2"], "q"),
    node("MaxPool", ["q"], "m", kernel_shape=[2, 2], strides=[2, 2]),
    node("Dropout", ["m"], "drop"),
    node("GlobalAveragePool", ["drop"], "g"),
    node("Constant", [], "axes", value_ints=[-1, -2]),
    node("Squeeze", ["g", "axes"], "v"),
    node("Transpose", ["fc"], "fct", perm=[1, 0]),
    node("MatMul", ["v", "fct"], "z"), node("Identity", ["z"], "y"),
], [init("fc", values((5, 4), 8))], [3, 5, 4], 5)
record("constants", constants=["weights"])

# Half-precision weights widened where they are used, and one tensor for two layers.
build("half", [
    node("Cast", ["shared"], "w", to=TensorProto.FLOAT), node("Gemm", ["x", "w", "b"], "h", transB=1),
    node("Tanh", ["h"], "t"), node("Gemm", ["t", "w", "b"], "y", transB=1),
], [init("shared", values((6, 6), 9).astype(np.float16)), init("b", values((6,), 10))], [6], 6)
record("half")

# Operators that no graph of ours has.
build("selu", [
    node("Flatten", ["x"], "f"), node("Gemm", ["f", "w"], "h", transB=1), node("Selu", ["h"], "y"),
], [init("w", values((3, 8), 11))], [2, 2, 2], 3)
record("selu", note="Selu 'model/selu/y' is not understood: graphs have no such operation")
build("foreign", [
    helper.make_node("Fancy", ["x", "w"], ["y"], name="fancy", domain="com.example"),
], [init("w", values((3, 2), 12))], [2], 3, extra=[helper.make_opsetid("com.example", 1)])
record("foreign", run=False, note="the operator Fancy 'fancy' of the domain 'com.example' is unknown")
branch = helper.make_graph([helper.make_node("Identity", ["x"], ["inner"])], "branch", [],
                           [helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)])
build("branches", [
    helper.make_node("If", ["yes"], ["y"], name="if", then_branch=branch, else_branch=branch),
], [init("yes", np.array(True))], [2], 2)
record("branches", run=False, note="If 'if' is not understood: graphs have no such operation")

# MARK: Every element type, in raw_data and in typed fields

TYPES = ["float32", "float64", "float16", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "bool"]
MINIMAL = {"uint8": [0, 1, 254, 255, 7, 8], "int8": [0, 1, -128, 127, -1, 8], "uint16": [0, 1, 65535, 300, 5, 6],
           "int16": [0, -32768, 32767, -1, 5, 6], "uint32": [0, 1, 2**32 - 1, 2**31, 5, 6],
           "int32": [0, -2**31, 2**31 - 1, -1, 5, 6], "uint64": [0, 2**64 - 1, 2**63, 3, 4, 5],
           "int64": [0, -2**63, 2**63 - 1, -1, 4, 5], "bool": [0, 1, 1, 0, 1, 0]}
tensors = []
for code in TYPES:
    array = np.array(MINIMAL.get(code, [0.5, -1.25, 3, 1e-3, np.inf, -0.0])).astype(code).reshape(2, 3)
    tensors.append(init("raw " + code, array))
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    tensors.append(helper.make_tensor("typed " + code, kind, [2, 3], array.ravel().tolist()))
for code in ["bfloat16", "float8_e4m3fn", "float8_e5m2"]:
    array = np.array([0.5, -1.25, 3, 0.0625, 448, -0.0]).astype(getattr(ml_dtypes, code)).reshape(3, 2)
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    tensors.append(helper.make_tensor("raw " + code, kind, [3, 2], array.tobytes(), raw=True))
    t = TensorProto(name="typed " + code, data_type=kind, dims=[3, 2])
    t.int32_data.extend(array.view("u2" if code == "bfloat16" else "u1").ravel().tolist())
    tensors.append(t)
tensors += [init("scalar", np.float32(2.5)), init("empty", np.zeros((0, 3), np.float32)),
            helper.make_tensor("no values", TensorProto.FLOAT, [2, 0], [])]
unread = [
    helper.make_tensor("text", TensorProto.STRING, [2], [b"one", b"two"]),
    helper.make_tensor("complex64", TensorProto.COMPLEX64, [2], [1 + 2j, 3j]),
    helper.make_tensor("complex128", TensorProto.COMPLEX128, [1], [1 + 2j]),
    helper.make_tensor("int4", TensorProto.INT4, [3], [1, -2, 3]),
    helper.make_tensor("uint4", TensorProto.UINT4, [2, 2], b"\x12\x34", raw=True),
    helper.make_tensor("fnuz", TensorProto.FLOAT8E4M3FNUZ, [2], b"\x01\x02", raw=True),
]
# The same numbers one field each, as old writers had them.
spread = TensorProto(name="unpacked", data_type=TensorProto.FLOAT, dims=[3])
body = spread.SerializeToString() + b"".join(b"\x25" + np.float32(v).tobytes() for v in (1, 2, 3))
graph = helper.make_graph([], "types", [], [], tensors + unread)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
data = model.graph.SerializeToString() + b"\x2a" + bytes([len(body)]) + body
model.ClearField("graph")
head = model.SerializeToString()
length = len(data)
varint = b""
while length >= 0x80:
    varint, length = varint + bytes([length & 0x7F | 0x80]), length >> 7
with open("types.onnx", "wb") as file:
    file.write(head + b"\x3a" + varint + bytes([length]) + data)
record("types", unread=[t.name for t in unread], run=False)

sparse = helper.make_sparse_tensor(init("sparse", np.array([1.5, 2.5], np.float32)), init("", np.array([1, 5])), [3, 3])
model = helper.make_model(helper.make_graph([], "sparse", [], [], [init("dense", values((2,), 13))], sparse_initializer=[sparse]))
model.ir_version = 8
onnx.save(model, "sparse.onnx")
record("sparse", run=False)

# MARK: Elements in another file

if os.path.exists("external.data"):
    os.remove("external.data")  # onnx would append to it
build("external", [
    node("Gemm", ["x", "w", "b"], "y", transB=1),
], [init("w", values((300, 8), 14)), init("b", values((300,), 15))], [8], 300,
    save={"save_as_external_data": True, "location": "external.data", "size_threshold": 0})
os.chmod("external.data", 0o644)
record("external")

with open("expected.json", "w") as file:
    file.write("{\n" + ",\n".join(
        f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in expected.items()) + "\n}\n")
