# SPDX-License-Identifier: Apache-2.0
"""A small network whose weights follow a formula, and images for it; both sides can make them."""
import math
import pathlib

import torch

ROWS, SIDE, HIDDEN, CLASSES = 24, 6, 16, 5
HERE = pathlib.Path(__file__).parent


def formula(count, a, b, c, scale):
    values = [scale * math.sin(a + b * i + c * i * i) for i in range(count)]
    return torch.tensor(values, dtype=torch.float64).to(torch.float32)


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        pixels = SIDE * SIDE
        self.w1 = torch.nn.Parameter(formula(HIDDEN * pixels, 0.3, 1.7, 0.013, 0.5).view(HIDDEN, pixels))
        self.b1 = torch.nn.Parameter(formula(HIDDEN, 0.1, 0.7, 0.0, 0.1))
        self.w2 = torch.nn.Parameter(formula(CLASSES * HIDDEN, 1.1, 2.3, 0.017, 1.0).view(CLASSES, HIDDEN))
        self.b2 = torch.nn.Parameter(formula(CLASSES, 0.9, 1.3, 0.0, 0.1))

    def forward(self, x):
        hidden = torch.tanh(x.flatten(1) @ self.w1.T + self.b1)
        return hidden @ self.w2.T + self.b2


def inner_images():
    """Pixels from 0.05 to 0.95, away from the ends where libraries disagree about saturation."""
    return (0.5 + 0.45 * formula(ROWS * SIDE * SIDE, 0.2, 0.37, 0.0021, 1.0)).view(ROWS, 1, SIDE, SIDE)


def save(name, tensor):
    tensor.detach().numpy().astype("<f4").tofile(HERE / f"{name}.f32")
