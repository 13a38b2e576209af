# SPDX-License-Identifier: Apache-2.0
"""Trains a small perceptron in PyTorch for four full-batch steps: start, end and losses."""

import json
import pathlib

import torch
import torch.nn.functional as F

folder = pathlib.Path(__file__).parent
torch.manual_seed(3)

rows, side, hidden, classes = 24, 6, 10, 4
pixels = torch.randint(256, (rows, side * side))
labels = torch.arange(rows) % classes
teacher = torch.randn(rows, classes) * 6
images = pixels.float() / 255


def network():
    torch.manual_seed(5)
    return torch.nn.Sequential(
        torch.nn.Linear(side * side, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, classes))


def record(name, recipe, make, loss, clip=None, factors=(1, 1, 1, 1)):
    model = network()
    start = [p.detach().flatten().tolist() for p in model.parameters()]
    optimizer = make(model.parameters())
    rate = optimizer.param_groups[0]["lr"]
    losses = []
    for factor in factors:
        optimizer.param_groups[0]["lr"] = rate * factor
        optimizer.zero_grad()
        value = loss(model(images))
        value.backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        losses.append(value.item())
    end = [p.detach().flatten().tolist() for p in model.parameters()]
    return dict(name=name, recipe=recipe, start=start, end=end, losses=losses)


def soft(z, temperature):
    return F.cross_entropy(z / temperature, F.softmax(teacher / temperature, 1))


def hinton(z, alpha, temperature):
    divergence = F.kl_div(
        F.log_softmax(z / temperature, 1), F.softmax(teacher / temperature, 1),
        reduction="batchmean")
    return (1 - alpha) * F.cross_entropy(z, labels) + alpha * temperature**2 * divergence


cases = [
    record(
        "labels", dict(optimizer=dict(kind="adam"), learning_rate=0.01),
        lambda p: torch.optim.Adam(p, lr=0.01), lambda z: F.cross_entropy(z, labels)),
    record(
        "defensive",
        dict(optimizer=dict(kind="adamw", weight_decay=0.1), learning_rate=0.01,
             loss=dict(kind="soft_cross_entropy", temperature=40)),
        lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1), lambda z: soft(z, 40)),
    record(
        "hinton",
        dict(optimizer=dict(kind="sgd", momentum=0.9, nesterov=True, weight_decay=0.001),
             learning_rate=0.05, clip_norm=0.5,
             schedule=dict(kind="step", epochs=2, factor=0.1),
             loss=dict(kind="hinton", alpha=0.7, temperature=5)),
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.001),
        lambda z: hinton(z, 0.7, 5), clip=0.5, factors=(1, 1, 0.1, 0.1)),
]

fixture = dict(
    torch=torch.__version__, side=side, hidden=hidden, pixels=pixels.flatten().tolist(),
    teacher=teacher.flatten().tolist(), cases=cases)
(folder / "torch.json").write_text(json.dumps(fixture, separators=(",", ":")))
