# SPDX-License-Identifier: Apache-2.0
"""Records losses and their gradients from PyTorch, in double precision."""

import json
import pathlib

import torch
import torch.nn.functional as F

folder = pathlib.Path(__file__).parent
torch.manual_seed(11)
torch.set_default_dtype(torch.float64)

# Rounded to single precision first: both sides then start from the same numbers.
student = (torch.randn(6, 10) * 5).float().double()
teacher = (torch.randn(6, 10) * 8).float().double()
labels = torch.randint(10, (6,))


def cross_entropy(z, temperature):
    return F.cross_entropy(z / temperature, labels)


def soft_cross_entropy(z, temperature):
    return F.cross_entropy(z / temperature, F.softmax(teacher / temperature, 1))


def hinton(z, alpha, temperature):
    soft = F.kl_div(
        F.log_softmax(z / temperature, 1), F.softmax(teacher / temperature, 1),
        reduction="batchmean")
    return (1 - alpha) * F.cross_entropy(z, labels) + alpha * temperature**2 * soft


def logit_matching(z):
    centred = teacher - teacher.mean(1, keepdim=True)
    return 0.5 * ((z - z.mean(1, keepdim=True) - centred) ** 2).sum(1).mean()


cases = []
for temperature in (1, 5, 40):
    cases.append(("cross_entropy", dict(temperature=temperature)))
    cases.append(("soft_cross_entropy", dict(temperature=temperature)))
    for alpha in (0.0, 0.7, 1.0):
        cases.append(("hinton", dict(alpha=alpha, temperature=temperature)))
cases.append(("logit_matching", dict()))

recorded = []
for kind, settings in cases:
    z = student.clone().requires_grad_()
    loss = globals()[kind](z, **settings)
    loss.backward()
    recorded.append(dict(
        loss=dict(kind=kind, **settings), value=loss.item(), gradient=z.grad.flatten().tolist()))

fixture = dict(
    torch=torch.__version__, student=student.flatten().tolist(),
    teacher=teacher.flatten().tolist(), labels=labels.tolist(), cases=recorded)
(folder / "torch.json").write_text(json.dumps(fixture, separators=(",", ":")))
