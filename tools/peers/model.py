"""The seed CNN in PyTorch and inputs both sides can make."""

import torch
from torch import nn


def seed_cnn(channels: int = 1, side: int = 28) -> nn.Sequential:
    end = ((side - 2) // 2 - 2) // 2
    return nn.Sequential(
        nn.Conv2d(channels, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * end * end, 128), nn.ReLU(), nn.Linear(128, 10),
    )


def random_images(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(count, 1, 28, 28, generator=generator)
    labels = torch.randint(0, 10, (count,), generator=generator)
    return images, labels
