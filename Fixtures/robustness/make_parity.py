# SPDX-License-Identifier: Apache-2.0
"""Examples of torchattacks and Foolbox on a small network whose weights follow a formula.

Writes raw little-endian float32 files beside this script: logits (24, 5) of the clean images and
(24, 1, 6, 6) examples. Made with torch 2.13, torchattacks 3.5.1 and Foolbox 3.3.4.
"""
import math
import pathlib

import foolbox
import torch
import torchattacks

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


def save(name, tensor):
    tensor.detach().numpy().astype("<f4").tofile(HERE / f"{name}.f32")


network = Network().eval()
images = (0.5 + 0.5 * formula(ROWS * SIDE * SIDE, 0.2, 0.37, 0.0021, 1.0)).clamp(0, 1).view(ROWS, 1, SIDE, SIDE)
labels = torch.tensor([(3 * i) % CLASSES for i in range(ROWS)])
save("clean", images)
save("logits", network(images))

peers = {
    "torchattacks-fgsm": torchattacks.FGSM(network, eps=0.1),
    "torchattacks-pgd": torchattacks.PGD(network, eps=0.1, alpha=0.02, steps=10, random_start=False),
    "torchattacks-pgd-l2": torchattacks.PGDL2(network, eps=0.5, alpha=0.1, steps=10, random_start=False),
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
    "foolbox-pgd": (attacks.LinfPGD(abs_stepsize=0.02, steps=10, random_start=False), 0.1),
    "foolbox-pgd-l2": (attacks.L2PGD(abs_stepsize=0.1, steps=10, random_start=False), 0.5),
}
for name, (attack, epsilon) in peers.items():
    save(name, attack.run(model, images, foolbox.criteria.Misclassification(labels), epsilon=epsilon))
