# SPDX-License-Identifier: Apache-2.0
"""Records what PyTorch computes for small graphs: python make.py (torch 2.x, numpy).

Every input is a formula that the Swift tests evaluate too, so only results are stored. Torch runs
in double precision. Big tensors are stored as their first values, sum and norm.
"""
import json
import os

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
HERE = os.path.dirname(os.path.abspath(__file__))


def formula(count, salt):
    """Uniform-looking values in [-0.5, 0.5): an integer hash of (index, salt), exact in f32."""
    h = np.arange(count, dtype=np.uint64) * 2654435761 + salt * 97911 + 12345
    h &= 0xFFFFFFFF
    h ^= h >> 15
    h = (h * 2246822519) & 0xFFFFFFFF
    h ^= h >> 13
    h = (h * 3266489917) & 0xFFFFFFFF
    h ^= h >> 16
    return (h >> 8).astype(np.float64) / 2**24 - 0.5


def parameter(name, shape, salt):
    v = formula(int(np.prod(shape)), salt)
    role = name.split("/")[1]
    if role == "weight" and len(shape) > 1:
        v = v * (4 / np.sqrt(np.prod(shape[1:])))
    elif role == "weight" or role == "running_var":
        v = 1 + v
    else:
        v = 0.5 * v
    return torch.tensor(v.astype(np.float32).astype(np.float64)).reshape(shape)


def pair(value):
    return tuple(value) if isinstance(value, list) else (value, value)


def padded(x, a, fill=0.0):
    """The image with its padding of two or four numbers applied, top and left first."""
    p = a.get("padding", 0)
    top, left, bottom, right = p if isinstance(p, list) and len(p) == 4 else pair(p) * 2
    return F.pad(x, (left, right, top, bottom), value=fill)


class Model:
    """Interprets the graph's JSON form with torch.nn.functional."""

    def __init__(self, graph, batch):
        self.nodes, self.batch, self.parameters, self.running = graph["nodes"], batch, {}, {}
        shape = [batch] + self.nodes[0]["attributes"]["shape"]
        count = int(np.prod(shape))
        self.input = torch.tensor((formula(count, 1) + 0.5).astype(np.float32).astype(np.float64))
        self.input = self.input.reshape(shape).requires_grad_(True)

    def get(self, name, shape, trainable=True):
        if name not in self.parameters:
            salt = 100 + len(self.parameters)
            self.parameters[name] = parameter(name, shape, salt).requires_grad_(trainable)
        return self.parameters[name]

    def forward(self, training):
        values, last = {}, None
        for node in self.nodes:
            inputs = [values[n] for n in node["inputs"]] if node.get("inputs") else [last]
            last = self.run(node, inputs, training)
            values[node["name"]] = last
        return last

    def run(self, node, inputs, training):
        a, op, name, x = node.get("attributes", {}), node["op"], node["name"], inputs[0]
        if op == "input":
            return self.input
        if op == "normalize":
            view = (1, -1) + (1,) * (x.dim() - 2)
            mean = torch.tensor(a["mean"], dtype=torch.float64).reshape(view)
            return (x - mean) / torch.tensor(a["std"], dtype=torch.float64).reshape(view)
        if op == "conv2d":
            groups = a.get("groups", 1)
            shape = (a["filters"], x.shape[1] // groups) + pair(a["kernel"])
            weight = self.get(name + "/weight", shape)
            bias = self.get(name + "/bias", shape[:1]) if a.get("bias", True) else None
            return F.conv2d(padded(x, a), weight, bias, pair(a.get("stride", 1)), 0, 1, groups)
        if op == "dense":
            weight = self.get(name + "/weight", (a["units"], x.shape[1]))
            bias = self.get(name + "/bias", (a["units"],)) if a.get("bias", True) else None
            return F.linear(x, weight, bias)
        if op == "batch_norm":
            c = (x.shape[1],)
            weight, bias = self.get(name + "/weight", c), self.get(name + "/bias", c)
            mean = self.get(name + "/running_mean", c, False).clone()
            var = self.get(name + "/running_var", c, False).clone()
            y = F.batch_norm(x, mean, var, weight, bias, training, a.get("momentum", 0.1), a.get("epsilon", 1e-5))
            self.running[name + "/running_mean"], self.running[name + "/running_var"] = mean, var
            return y
        if op == "max_pool":
            return F.max_pool2d(padded(x, a, -torch.inf), pair(a["kernel"]), pair(a.get("stride", a["kernel"])))
        if op == "avg_pool":
            window = pair(a["kernel"]), pair(a.get("stride", a["kernel"]))
            mean = F.avg_pool2d(padded(x, a), *window)
            if a.get("count_padding", True):
                return mean
            return mean / F.avg_pool2d(padded(torch.ones_like(x), a), *window)
        return {
            "relu": lambda: F.relu(x),
            "leaky_relu": lambda: F.leaky_relu(x, a.get("slope", 0.01)),
            "tanh": lambda: torch.tanh(x),
            "sigmoid": lambda: torch.sigmoid(x),
            "global_avg_pool": lambda: F.adaptive_avg_pool2d(x, 1),
            "flatten": lambda: x.flatten(1),
            "dropout": lambda: x,
            "add": lambda: sum(inputs[1:], inputs[0]),
            "concat": lambda: torch.cat(inputs, 1),
        }[op]()


def short(value):
    """The shortest decimal that reads back as the same f32."""
    return float(str(np.float32(value)))


def record(tensor, full):
    """All values, or the first 8 with sum and norm."""
    v = tensor.detach().flatten().numpy()
    if full:
        return [short(x) for x in v]
    return {"first": [short(x) for x in v[:8]], "sum": float(v.sum()), "norm": float(np.linalg.norm(v))}


def case(name, graph, batch, full=True):
    result = {"name": name, "graph": graph, "batch": batch}
    for mode in ["inference", "training"]:
        model = Model(graph, batch)
        logits = model.forward(mode == "training")
        gradient = torch.tensor(formula(logits.numel(), 2)).reshape(logits.shape)
        logits.backward(gradient)
        entry = {"logits": record(logits, full or logits.numel() < 200)}
        if mode == "inference":
            entry["input_gradient"] = record(model.input.grad, full)
        else:
            entry["gradients"] = {n: record(p.grad, full) for n, p in model.parameters.items() if p.requires_grad}
            entry["running"] = {n: record(t, full) for n, t in model.running.items()}
        result[mode] = entry
    return result


def node(name, op, inputs=None, **attributes):
    n = {"name": name, "op": op}
    if inputs:
        n["inputs"] = inputs
    if attributes:
        n["attributes"] = attributes
    return n


def graph(shape, *nodes, flatten=True):
    tail = [node("flatten", "flatten")] if flatten else []
    return {"nodes": [node("input", "input", shape=shape), *nodes, *tail]}


def weighted(shape, *nodes, filters=5):
    """Nodes behind a 1x1 convolution, whose weight gradient shows their input gradient."""
    return graph(shape, node("first", "conv2d", filters=filters, kernel=1), *nodes)


def write(file, cases):
    with open(os.path.join(HERE, file), "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
    print(file, os.path.getsize(os.path.join(HERE, file)))


write("convolution.json", [
    case("3x2 kernel", graph([2, 5, 4], node("conv", "conv2d", filters=3, kernel=[3, 2])), 2),
    case("stride (2, 1), padding (1, 2)", graph(
        [3, 6, 5], node("conv", "conv2d", filters=4, kernel=[3, 5], stride=[2, 1], padding=[1, 2])), 2),
    case("two groups", graph([4, 5, 4], node("conv", "conv2d", filters=6, kernel=3, groups=2, bias=False)), 2),
    case("depthwise, stride 2", graph([4, 6, 5], node("conv", "conv2d", filters=4, kernel=3, stride=2, padding=1, groups=4)), 2),
    case("16 to 32 channels, 1x1, stride 2", graph([16, 3, 3], node("conv", "conv2d", filters=32, kernel=1, stride=2)), 1),
    case("two convolutions with relu", graph(
        [1, 7, 6], node("conv1", "conv2d", filters=17, kernel=3), node("relu", "relu"),
        node("conv2", "conv2d", filters=3, kernel=[2, 3])), 2),
])
write("elementwise.json", [
    case("relu", weighted([2, 3, 5], node("f", "relu")), 2),
    case("leaky relu", weighted([2, 3, 5], node("f", "leaky_relu", slope=0.2)), 2),
    case("tanh", weighted([2, 3, 5], node("f", "tanh")), 2),
    case("sigmoid", weighted([2, 3, 5], node("f", "sigmoid")), 2),
    case("activations of activations", weighted(
        [2, 3, 4], node("a", "tanh"), node("b", "leaky_relu", slope=0.1), node("c", "sigmoid")), 2),
    case("activation of a flat view", graph(
        [2, 3, 4], node("a", "tanh"), node("flat", "flatten"), node("b", "relu"), flatten=False), 2),
    case("normalize", graph(
        [3, 4, 3], node("n", "normalize", mean=[0.1, 0.2, 0.3], std=[0.5, 0.25, 2.0]),
        node("conv", "conv2d", filters=2, kernel=2)), 2),
    case("dense", graph([7], node("fc1", "dense", units=5), node("f", "tanh"),
                        node("fc2", "dense", units=3, bias=False), flatten=False), 3),
    case("batch norm of images", weighted([2, 4, 3], node("bn", "batch_norm"), filters=3), 3),
    case("batch norm with relu", weighted([2, 4, 3], node("bn", "batch_norm", epsilon=0.01, momentum=0.3), node("f", "relu"), filters=17), 2),
    case("batch norm with tanh", weighted([2, 4, 3], node("bn", "batch_norm"), node("f", "tanh"), filters=16), 2),
    case("batch norm of vectors", graph(
        [6], node("fc", "dense", units=5), node("bn", "batch_norm"), node("f", "relu"),
        node("fc2", "dense", units=3), flatten=False), 5),
])
write("pooling.json", [
    case("max 2x2", weighted([2, 4, 6], node("p", "max_pool", kernel=2)), 2),
    case("max 3x2, overlapping, padded", weighted([2, 6, 5], node("p", "max_pool", kernel=[3, 2], stride=[2, 1], padding=[1, 1])), 2),
    case("max of relu", weighted([2, 5, 5], node("f", "relu"), node("p", "max_pool", kernel=2)), 2),
    case("overlapping max of leaky relu", weighted([2, 5, 6], node("f", "leaky_relu", slope=0.3), node("p", "max_pool", kernel=3, stride=1), filters=16), 1),
    case("relu of max of tanh", weighted([2, 4, 4], node("f", "tanh"), node("p", "max_pool", kernel=2), node("g", "relu")), 2),
    case("average 2x3 with padding", weighted([2, 5, 6], node("p", "avg_pool", kernel=[2, 3], stride=[1, 2], padding=[1, 1])), 2),
    case("average, padding not counted", weighted([2, 5, 6], node("p", "avg_pool", kernel=3, stride=2, padding=1, count_padding=False)), 2),
    case("global average", weighted([2, 5, 3], node("p", "global_avg_pool")), 3),
])
write("padding.json", [
    case("stride 2, padded below and right as Keras does", graph(
        [3, 6, 8], node("conv", "conv2d", filters=4, kernel=3, stride=2, padding=[0, 0, 1, 1])), 2),
    case("four different paddings over 5 channels", weighted(
        [2, 4, 5], node("conv", "conv2d", filters=3, kernel=[3, 4], stride=[1, 2], padding=[2, 1, 0, 3])), 2),
    case("16 to 32 channels, padded above", weighted(
        [2, 3, 4], node("conv", "conv2d", filters=32, kernel=2, padding=[1, 0, 0, 0]), node("g", "global_avg_pool"), filters=16), 1),
    case("depthwise, padded to the right", weighted(
        [2, 5, 4], node("conv", "conv2d", filters=16, kernel=3, stride=2, padding=[1, 0, 1, 1], groups=16), filters=16), 1),
    case("disjoint max, padded below and right", weighted([2, 3, 5], node("f", "relu"), node("p", "max_pool", kernel=2, padding=[0, 0, 1, 1]), filters=16), 1),
    case("overlapping max, padded above and left", weighted([2, 4, 5], node("p", "max_pool", kernel=3, stride=2, padding=[1, 1, 0, 0])), 2),
    case("average, padded on two sides", weighted([2, 4, 5], node("p", "avg_pool", kernel=[2, 3], stride=[2, 1], padding=[1, 0, 0, 1])), 2),
    case("average, padding on two sides not counted", weighted([2, 4, 5], node("p", "avg_pool", kernel=3, stride=2, padding=[0, 1, 1, 0], count_padding=False), filters=16), 1),
])
write("joining.json", [
    case("residual block", weighted(
        [2, 4, 5], node("f", "relu"), node("conv", "conv2d", filters=5, kernel=3, padding=1),
        node("g", "tanh"), node("add", "add", ["g", "f"]), node("h", "relu")), 2),
    case("three branches", graph(
        [3, 4, 3], node("a", "conv2d", filters=4, kernel=1), node("b", "conv2d", ["input"], filters=4, kernel=3, padding=1),
        node("c", "sigmoid", ["a"]), node("add", "add", ["a", "b", "c"])), 2),
    case("a node added to itself", weighted([2, 3, 3], node("add", "add", ["first", "first"])), 2),
    case("one branch read again between", weighted(
        [2, 3, 3], node("a", "tanh"), node("b", "sigmoid", ["first"]), node("add", "add", ["a", "b"]),
        node("c", "conv2d", ["a"], filters=5, kernel=1), node("add2", "add", ["c", "add"]), node("add3", "add", ["add2", "b"])), 2),
    case("concat of images", graph(
        [2, 4, 3], node("a", "conv2d", filters=3, kernel=1), node("b", "conv2d", ["input"], filters=16, kernel=3, padding=1),
        node("concat", "concat", ["a", "b", "input"]), node("f", "relu")), 1),
    case("concat of vectors", graph(
        [5], node("a", "dense", units=3), node("b", "dense", ["input"], units=4), node("f", "tanh"),
        node("concat", "concat", ["f", "a"]), flatten=False), 3),
    case("dropout in inference only", graph([6], node("a", "dense", units=5), node("d", "dropout", rate=0.0), node("f", "relu"), flatten=False), 2),
])


def numbered():
    counts = {}

    def add(kind, op, **attributes):
        counts[kind] = counts.get(kind, 0) + 1
        return node(f"{kind}{counts[kind]}", op, **attributes)
    return add


def seed_cnn():
    add, nodes = numbered(), []
    for filters in [32, 64]:
        nodes += [add("conv", "conv2d", filters=filters, kernel=3), add("relu", "relu"), add("pool", "max_pool", kernel=2)]
    nodes += [node("flatten", "flatten"), add("fc", "dense", units=128), add("relu", "relu"), add("fc", "dense", units=10)]
    return graph([1, 28, 28], *nodes, flatten=False)


def resnet20(shape):
    def conv(name, bn, filters, kernel, stride, inputs=None):
        return [node(name, "conv2d", inputs, filters=filters, kernel=kernel, stride=stride, padding=kernel // 2, bias=False),
                node(bn, "batch_norm")]
    nodes, channels = conv("conv1", "bn1", 16, 3, 1) + [node("relu1", "relu")], 16
    for stage, filters in enumerate([16, 32, 64]):
        for block in range(3):
            b, stride, source = f"layer{stage + 1}.{block}", 2 if stage and not block else 1, nodes[-1]["name"]
            nodes += conv(b + ".conv1", b + ".bn1", filters, 3, stride) + [node(b + ".relu1", "relu")]
            nodes += conv(b + ".conv2", b + ".bn2", filters, 3, 1)
            shortcut = source
            if stride != 1 or channels != filters:
                shortcut = b + ".downsample.1"
                nodes += conv(b + ".downsample.0", shortcut, filters, 1, stride, [source])
            nodes += [node(b + ".add", "add", [b + ".bn2", shortcut]), node(b + ".relu2", "relu")]
            channels = filters
    nodes += [node("pool", "global_avg_pool"), node("flatten", "flatten"), node("fc", "dense", units=10)]
    return graph(shape, *nodes, flatten=False)


write("networks.json", [
    case("cnn", seed_cnn(), 3, full=False),
    case("resnet20", resnet20([3, 32, 32]), 2, full=False),
])
