#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adversarial sets and logits as other tools save them: torchattacks by its own Attack.save,
AutoAttack's and Madry's forms by the calls their scripts make (torch.save of {'adv_complete': x},
numpy.save), CIFAR-10-C by numpy. Small images of a fixed seed; expected.json holds what a reader
has to find. Needs torch, torchattacks and numpy."""
import json
import os

import numpy as np
import torch
import torchattacks

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS, CHANNELS, HEIGHT, WIDTH, CLASSES = 10, 3, 4, 5, 4
EPSILON = 8 / 255


def path(name):
    return os.path.join(HERE, name)


torch.manual_seed(3)
rng = np.random.default_rng(3)
pixels = rng.integers(20, 236, (ROWS, CHANNELS, HEIGHT, WIDTH), dtype=np.uint8)
labels = rng.integers(0, CLASSES, ROWS)
# The data set, as --data npy:IMAGES,LABELS reads it.
np.save(path("images.npy"), pixels)
np.save(path("labels.npy"), labels)

model = torch.nn.Sequential(
    torch.nn.Flatten(), torch.nn.Linear(CHANNELS * HEIGHT * WIDTH, CLASSES)).eval()
clean = torch.from_numpy(pixels).float() / 255
batches = [(clean[i:i + 4], torch.from_numpy(labels[i:i + 4])) for i in range(0, ROWS, 4)]


def attacked(name, **options):
    attack = torchattacks.FGSM(model, eps=EPSILON)
    attack.save(batches, path(name), verbose=True, **options)
    return torch.load(path(name))


whole = attacked("torchattacks.pt", save_predictions=True, save_clean_inputs=True)
attacked("torchattacks-int.pt", save_type="int")
torch.save({"adv_complete": whole["adv_inputs"]}, path("autoattack.pth"))
torch.save({"apgd-ce": whole["adv_inputs"], "square": clean}, path("autoattack-individual.pth"))
torch.save({"adv_inputs": (whole["adv_inputs"] - 0.5) / 0.25, "labels": whole["labels"],
            "save_type": "float"}, path("normalised.pt"))
broken = whole["adv_inputs"].clone()
broken[7, 1, 2, 3] = float("nan")
torch.save({"adv_complete": broken}, path("nan.pth"))

adversarial = whole["adv_inputs"].numpy()
np.save(path("madry-colour.npy"), adversarial.transpose(0, 2, 3, 1) * 255)
np.save(path("flat-colour.npy"), adversarial.reshape(ROWS, -1))
grey = np.ascontiguousarray(adversarial[:, 0])
np.save(path("madry-grey.npy"), grey.reshape(ROWS, -1))
np.save(path("images-grey.npy"), pixels[:, 0])

folder = path("cifar-10-c")
os.makedirs(folder, exist_ok=True)
severities = [np.clip(pixels.astype(int) + 5 * (s + 1), 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)
              for s in range(5)]
np.save(os.path.join(folder, "fog.npy"), np.concatenate(severities))
np.save(os.path.join(folder, "labels.npy"), np.tile(labels, 5))

with torch.no_grad():
    logits = model(clean).numpy()
np.save(path("logits.npy"), logits)
torch.save({"outputs": torch.from_numpy(logits), "epoch": 3}, path("logits.pt"))
exponentials = np.exp(logits - logits.max(1, keepdims=True))
np.save(path("probabilities.npy"), exponentials / exponentials.sum(1, keepdims=True))
np.savez(path("logits.npz"), logits=logits.astype(np.float16), other=labels)

with open(path("expected.json"), "w") as file:
    json.dump({
        "shape": [ROWS, CHANNELS, HEIGHT, WIDTH],
        "labels": labels.tolist(),
        "adversarial": [float(v) for v in adversarial.ravel()],
        "clean": [float(v) for v in clean.numpy().ravel()],
        "fog3": [float(v) for v in (severities[2].transpose(0, 3, 1, 2) / np.float32(255)).ravel()],
        "logits": [float(v) for v in logits.ravel()],
        "linf": float(np.abs(adversarial.astype(np.float64) - clean.numpy()).max()),
    }, file)
