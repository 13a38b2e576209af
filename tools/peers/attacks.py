"""torchattacks and Foolbox: images per second of FGSM and PGD-40 on the seed CNN, and the bare
input gradient in PyTorch, on 2 threads."""

import json
import time

import foolbox
import torch
import torchattacks
from model import random_images, seed_cnn

torch.set_num_threads(2)
COUNT, STEPS = 512, 40

torch.manual_seed(0)
model = seed_cnn().eval()
# No row can be broken, so every library does all its steps: the speed of a step is compared, not
# how early each one stops.
model[-1].bias.data[0] = 1000
images, _ = random_images(COUNT)
labels = model(images).argmax(1)


def rate(attack, count: int = COUNT) -> float:
    attack()
    start = time.perf_counter()
    attack()
    return count / (time.perf_counter() - start)


def bare() -> None:
    for _ in range(STEPS):
        x = images.clone().requires_grad_(True)
        torch.nn.functional.cross_entropy(model(x), labels).backward()


fgsm = torchattacks.FGSM(model, eps=0.3)
pgd = torchattacks.PGD(model, eps=0.3, alpha=0.01, steps=STEPS, random_start=True)
smodel = foolbox.PyTorchModel(model, bounds=(0, 1))
fb_fgsm = foolbox.attacks.FGSM()
fb_pgd = foolbox.attacks.LinfPGD(steps=STEPS, abs_stepsize=0.01)

rows = {
    "torchattacks": {"fgsm": rate(lambda: fgsm(images, labels)), "pgd40": rate(lambda: pgd(images, labels))},
    "Foolbox": {
        "fgsm": rate(lambda: fb_fgsm(smodel, images, labels, epsilons=0.3)),
        "pgd40": rate(lambda: fb_pgd(smodel, images, labels, epsilons=0.3)),
    },
    "PyTorch": {"input_gradient": rate(bare, COUNT * STEPS)},
}
for who, rates in rows.items():
    print(json.dumps({"who": who, **{f"{k}_images_per_second": v for k, v in rates.items()}}))
