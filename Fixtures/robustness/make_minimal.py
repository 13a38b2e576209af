# SPDX-License-Identifier: Apache-2.0
"""Distances of the smallest changes that Foolbox's minimising attacks find.

Writes raw little-endian float32 files beside this script: one distance for each of the 24 images of
make_jsma.py, of the untargeted attacks away from the predicted class and of the targeted ones
towards the class after it; infinite where Foolbox finds nothing. Made with torch 2.13 and
Foolbox 3.3.4.
"""
import foolbox
import torch
from network import CLASSES, ROWS, Network, inner_images, save

network = Network().eval()
images = inner_images()
labels = network(images).argmax(1)
model = foolbox.PyTorchModel(network, bounds=(0, 1))
away = foolbox.criteria.Misclassification(labels)
next_class = foolbox.criteria.TargetedMisclassification((labels + 1) % CLASSES)
attacks = foolbox.attacks
cw = {"binary_search_steps": 6, "steps": 200, "stepsize": 0.02, "initial_const": 0.01}
peers = {
    "foolbox-deepfool-l2": (attacks.L2DeepFoolAttack(), away),
    "foolbox-deepfool-linf": (attacks.LinfDeepFoolAttack(), away),
    "foolbox-cw": (attacks.L2CarliniWagnerAttack(**cw), away),
    "foolbox-cw-next": (attacks.L2CarliniWagnerAttack(**cw), next_class),
    "foolbox-cw-kappa": (attacks.L2CarliniWagnerAttack(confidence=0.5, **cw), away),
}
for name, (attack, criterion) in peers.items():
    examples = attack.run(model, images, criterion)
    change = (examples - images).flatten(1).double()
    distance = change.abs().amax(1) if name.endswith("linf") else change.norm(dim=1)
    reached = criterion(examples, model(examples))
    save(name, torch.where(reached, distance, torch.inf))
    print(name, int(reached.sum()), "of", ROWS, float(distance[reached].mean()))
