# SPDX-License-Identifier: Apache-2.0
"""Examples of torchattacks, Foolbox and ART on a small network whose weights follow a formula.

Writes raw little-endian float32 files beside this script: logits (24, 5) of the clean images and
(24, 1, 6, 6) examples; for the projection onto an l1 ball in the box, points (24, 36) around the
clean images and the points nearest to them as scipy's SLSQP finds them. Made with torch 2.13,
torchattacks 3.5.1, Foolbox 3.3.4, ART 1.20.1 and scipy.
"""
import foolbox
import numpy
import scipy.optimize
import torch
import torchattacks
from art.attacks.evasion import BasicIterativeMethod, FastGradientMethod, MomentumIterativeMethod
from art.estimators.classification import PyTorchClassifier
from network import CLASSES, HERE, ROWS, SIDE, Network, formula, save

network = Network().eval()
images = (0.5 + 0.5 * formula(ROWS * SIDE * SIDE, 0.2, 0.37, 0.0021, 1.0)).clamp(0, 1).view(ROWS, 1, SIDE, SIDE)
labels = torch.tensor([(3 * i) % CLASSES for i in range(ROWS)])
save("clean", images)
save("logits", network(images))

peers = {
    "torchattacks-fgsm": torchattacks.FGSM(network, eps=0.1),
    "torchattacks-pgd": torchattacks.PGD(network, eps=0.1, alpha=0.02, steps=10, random_start=False),
    "torchattacks-pgd-l2": torchattacks.PGDL2(network, eps=0.5, alpha=0.1, steps=10, random_start=False),
    "torchattacks-bim": torchattacks.BIM(network, eps=0.1, alpha=0.02, steps=10),
    "torchattacks-mi-fgsm": torchattacks.MIFGSM(network, eps=0.1, alpha=0.02, steps=10, decay=1.0),
    "torchattacks-mi-fgsm-half": torchattacks.MIFGSM(network, eps=0.1, alpha=0.02, steps=10, decay=0.5),
    "torchattacks-fgsm-next": torchattacks.FGSM(network, eps=0.1),
    "torchattacks-pgd-next": torchattacks.PGD(network, eps=0.1, alpha=0.02, steps=10, random_start=False),
}
for name, attack in peers.items():
    if name.endswith("next"):
        attack.set_mode_targeted_by_function(lambda x, y: (y + 1) % CLASSES)
    save(name, attack(images, labels))

model = foolbox.PyTorchModel(network, bounds=(0, 1))
attacks = foolbox.attacks
peers = {
    "foolbox-fgsm": (attacks.LinfFastGradientAttack(random_start=False), 0.1),
    "foolbox-fgsm-l2": (attacks.L2FastGradientAttack(random_start=False), 0.5),
    "foolbox-bim": (attacks.LinfBasicIterativeAttack(abs_stepsize=0.02, steps=10, random_start=False), 0.1),
    "foolbox-pgd": (attacks.LinfPGD(abs_stepsize=0.02, steps=10, random_start=False), 0.1),
    "foolbox-pgd-l2": (attacks.L2PGD(abs_stepsize=0.1, steps=10, random_start=False), 0.5),
}
for name, (attack, epsilon) in peers.items():
    save(name, attack.run(model, images, foolbox.criteria.Misclassification(labels), epsilon=epsilon))

estimator = PyTorchClassifier(
    network, loss=torch.nn.CrossEntropyLoss(), input_shape=(1, SIDE, SIDE), nb_classes=CLASSES,
    clip_values=(0, 1), device_type="cpu")
steps = {"eps": 0.1, "eps_step": 0.02, "max_iter": 10, "verbose": False}
peers = {
    "art-fgsm": FastGradientMethod(estimator, eps=0.1),
    "art-bim": BasicIterativeMethod(estimator, **steps),
    "art-mi-fgsm": MomentumIterativeMethod(estimator, decay=1.0, **steps),
}
for name, attack in peers.items():
    save(name, torch.from_numpy(attack.generate(images.numpy(), labels.numpy())))


def nearest(clean, point, radius):
    """The point of the ball and the box: rises and falls of their own make the problem smooth."""
    count = len(clean)
    moved = lambda v: clean + v[:count] - v[count:]
    found = scipy.optimize.minimize(
        lambda v: numpy.sum((moved(v) - point) ** 2), numpy.zeros(2 * count), method="SLSQP",
        jac=lambda v: numpy.concatenate([2 * (moved(v) - point), -2 * (moved(v) - point)]),
        bounds=[(0, 1 - x) for x in clean] + [(0, x) for x in clean],
        constraints={"type": "ineq", "fun": lambda v: radius - numpy.sum(v), "jac": lambda v: -numpy.ones(2 * count)},
        options={"ftol": 1e-14, "maxiter": 1000})
    assert found.success, found.message
    return moved(found.x)


centres = images.flatten(1).double().numpy()
points = (images.flatten(1) + formula(ROWS * SIDE * SIDE, 0.6, 0.71, 0.0033, 0.4).view(ROWS, -1)).double().numpy()
projected = numpy.stack([nearest(*pair, 1.5) for pair in zip(centres, points)])
save("scipy-l1-points", torch.from_numpy(points))
save("scipy-l1-projected", torch.from_numpy(projected))
