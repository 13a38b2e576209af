# SPDX-License-Identifier: Apache-2.0
"""Trains a small perceptron in PyTorch by adversarially robust distillation for three full-batch
steps: alpha T^2 KL(teacher(x) || student(x + d)) + (1 - alpha) CE(student(x), y), with the same
given d at every step, and records start, end and losses."""

import json
import pathlib

import torch
import torch.nn.functional as F

folder = pathlib.Path(__file__).parent
torch.manual_seed(8)

rows, side, hidden, classes = 12, 5, 8, 4
pixels = torch.randint(256, (rows, side * side))
labels = torch.arange(rows) % classes
teacher = torch.randn(rows, classes) * 6
images = pixels.float() / 255
# As Tests/TrainingTests/Trainer/AdversarialTrainingTests.swift computes it.
signs = torch.where((torch.arange(rows)[:, None] + torch.arange(side * side)[None]) % 3 == 0, 1.0, -1.0)
perturbed = (images + 0.125 * signs).clamp(0, 1)


def record(name, alpha, temperature):
    torch.manual_seed(5)
    model = torch.nn.Sequential(
        torch.nn.Linear(side * side, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, classes))
    start = [p.detach().flatten().tolist() for p in model.parameters()]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        divergence = F.kl_div(
            F.log_softmax(model(perturbed) / temperature, 1), F.softmax(teacher / temperature, 1),
            reduction="batchmean")
        loss = alpha * temperature**2 * divergence
        loss = loss + (1 - alpha) * F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    end = [p.detach().flatten().tolist() for p in model.parameters()]
    return dict(name=name, alpha=alpha, temperature=temperature, start=start, end=end, losses=losses)


cases = [record("both", 0.7, 5), record("teacher", 1, 30), record("mostly labels", 0.05, 2)]
fixture = dict(
    torch=torch.__version__, side=side, hidden=hidden, pixels=pixels.flatten().tolist(),
    teacher=teacher.flatten().tolist(), cases=cases)
(folder / "adversarial.json").write_text(json.dumps(fixture, separators=(",", ":")))
