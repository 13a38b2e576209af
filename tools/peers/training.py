"""PyTorch: images per second of the seed CNN at batch 128, Adam, on 2 threads."""

import json
import time

import torch
from model import random_images, seed_cnn

torch.set_num_threads(2)
BATCH, COUNT = 128, 12_800

model = seed_cnn()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss = torch.nn.CrossEntropyLoss()
images, labels = random_images(COUNT)


def epoch() -> float:
    start = time.perf_counter()
    order = torch.randperm(COUNT)
    for i in range(0, COUNT, BATCH):
        rows = order[i : i + BATCH]
        optimizer.zero_grad()
        loss(model(images[rows]), labels[rows]).backward()
        optimizer.step()
    return COUNT / (time.perf_counter() - start)


epoch()
print(json.dumps({"who": "PyTorch", "images_per_second": max(epoch() for _ in range(2))}))
