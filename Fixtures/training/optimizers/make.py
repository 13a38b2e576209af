# SPDX-License-Identifier: Apache-2.0
"""Records three steps of every optimiser, norm clipping and learning rates from PyTorch."""

import json
import pathlib

import torch

folder = pathlib.Path(__file__).parent
torch.manual_seed(7)

start = torch.randn(37)
gradients = [torch.randn(37) * scale for scale in (1.0, 1e-3, 10.0)]

variants = {
    "sgd": (torch.optim.SGD, dict(lr=0.1), dict()),
    "sgd decay": (torch.optim.SGD, dict(lr=0.1, weight_decay=0.01), dict(weight_decay=0.01)),
    "sgd momentum": (
        torch.optim.SGD, dict(lr=0.05, momentum=0.9, weight_decay=5e-4),
        dict(momentum=0.9, weight_decay=5e-4)),
    "sgd nesterov": (
        torch.optim.SGD, dict(lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4),
        dict(momentum=0.9, nesterov=True, weight_decay=5e-4)),
    "adam": (torch.optim.Adam, dict(lr=1e-3), dict()),
    "adam decay": (
        torch.optim.Adam, dict(lr=1e-2, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1),
        dict(beta1=0.8, beta2=0.99, epsilon=1e-6, weight_decay=0.1)),
    "adamw": (torch.optim.AdamW, dict(lr=1e-3), dict()),
    "adamw decay": (
        torch.optim.AdamW, dict(lr=1e-2, weight_decay=0.3), dict(weight_decay=0.3)),
}

cases = []
for name, (make, arguments, settings) in variants.items():
    value = start.clone().requires_grad_()
    optimizer = make([value], **arguments)
    steps = []
    for gradient in gradients:
        value.grad = gradient.clone()
        optimizer.step()
        steps.append(value.detach().tolist())
    settings["kind"] = name.split()[0]
    cases.append(dict(
        name=name, settings=settings, learning_rate=arguments["lr"], steps=steps))

clipped = []
for norm in (1.0, 100.0):
    value = torch.zeros(37, requires_grad=True)
    value.grad = gradients[0].clone()
    total = torch.nn.utils.clip_grad_norm_([value], norm)
    clipped.append(dict(maximum=norm, norm=total.item(), gradient=value.grad.tolist()))


def rates(make, epochs):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(optimizer)
    found = []
    for _ in range(epochs):
        found.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return found


schedule = torch.optim.lr_scheduler
schedules = [
    dict(schedule=dict(kind="step", epochs=3, factor=0.1), epochs=10,
         rates=rates(lambda o: schedule.StepLR(o, 3, 0.1), 10)),
    dict(schedule=dict(kind="cosine", final=0.0), epochs=10,
         rates=rates(lambda o: schedule.CosineAnnealingLR(o, 10), 10)),
    dict(schedule=dict(kind="cosine", final=0.05), epochs=7,
         rates=rates(lambda o: schedule.CosineAnnealingLR(o, 7, eta_min=0.05), 7)),
    # Goyal's warm-up starts at 1/4 and is over after the fourth step.
    dict(schedule=dict(kind="cosine", final=0.0, warm_up_epochs=4), epochs=12,
         rates=rates(lambda o: schedule.SequentialLR(o, [
             schedule.LinearLR(o, 0.25, 1.0, 3), schedule.CosineAnnealingLR(o, 8)], [4]), 12)),
]

fixture = dict(
    torch=torch.__version__, start=start.tolist(), gradients=[g.tolist() for g in gradients],
    cases=cases, clipped=clipped, schedules=schedules)
(folder / "torch.json").write_text(json.dumps(fixture, separators=(",", ":")))
