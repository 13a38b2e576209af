"""torchattacks, Foolbox and ART: images per second of FGSM and PGD-40 on the seed CNN, and the bare
input gradient in PyTorch; JSMA, DeepFool and C&W on the weights and images that retort-bench left
in the folder; on 2 threads."""

import copy
import json
import pathlib
import sys
import time

import foolbox
import numpy
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

folder = pathlib.Path(sys.argv[1])
trained = seed_cnn().eval()
for tensor in (numpy.load(path) for path in sorted(folder.glob("attacks-[0-9]*.npy"))):
    # All shapes of the seed CNN differ.
    next(p for p in trained.parameters() if p.shape == tensor.shape).data = torch.from_numpy(tensor)
digits = torch.from_numpy(numpy.load(folder / "attacks-images.npy")).reshape(-1, 1, 28, 28).float() / 255
digit_labels = torch.from_numpy(numpy.load(folder / "attacks-labels.npy")).long()
unbreakable = copy.deepcopy(trained)
unbreakable[-1].bias.data[0] = 1000


def once(name: str, attack, count: int) -> dict[str, float]:
    """Images per second on the first so many, and how far the examples of those it breaks are."""
    x, y = digits[:count], digit_labels[:count]
    start = time.perf_counter()
    examples = attack(x, y).detach() if name != "jsma" else attack(x, y)
    figures = {f"{name}_images_per_second": len(x) / (time.perf_counter() - start)}
    if name != "jsma":
        broken = (trained(x).argmax(1) == y) & (trained(examples).argmax(1) != y)
        figures[f"{name}_mean_l2"] = float((examples - x).flatten(1).norm(dim=1)[broken].mean())
    return figures


def art_jsma(batch_size: int):
    from art.attacks.evasion import SaliencyMapMethod
    from art.estimators.classification import PyTorchClassifier

    classifier = PyTorchClassifier(
        unbreakable, torch.nn.CrossEntropyLoss(), (1, 28, 28), 10, clip_values=(0, 1), device_type="cpu")
    # Its last step starts at the cap: 55 pairs and one more.
    attack = SaliencyMapMethod(
        classifier, theta=1.0, gamma=110 / 784, batch_size=batch_size, verbose=False)
    return lambda x, y: attack.generate(x.numpy(), numpy.eye(10)[numpy.ones(len(x), int)])


def foolbox_run(attack):
    smodel = foolbox.PyTorchModel(trained, bounds=(0, 1))
    return lambda x, y: attack(smodel, x, y, epsilons=None)[1]


rows = {who: {f"{k}_images_per_second": v for k, v in rates.items()} for who, rates in rows.items()}
# The slow ones get few images.
jsma = torchattacks.JSMA(unbreakable, theta=1.0, gamma=112 / 784)
jsma.set_mode_targeted_by_function(lambda x, y: torch.ones_like(y), quiet=True)
deepfool = torchattacks.DeepFool(trained, steps=50, overshoot=0.02)
rows["torchattacks"].update(once("jsma", jsma, 1) | once("deepfool", deepfool, 8))
rows["ART"] = once("jsma", art_jsma(1), 4)
rows["ART, batch 128"] = once("jsma", art_jsma(128), 128)
fb_deepfool = foolbox_run(foolbox.attacks.L2DeepFoolAttack())
fb_cw = foolbox_run(foolbox.attacks.L2CarliniWagnerAttack(
    binary_search_steps=5, steps=100, stepsize=0.1, initial_const=0.01))
# All images for the mean distances to be of the same ones.
rows["Foolbox"].update(once("deepfool", fb_deepfool, 128) | once("cw", fb_cw, 128))
for who, figures in rows.items():
    print(json.dumps({"who": who, **figures}))
