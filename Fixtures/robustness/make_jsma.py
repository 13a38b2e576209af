# SPDX-License-Identifier: Apache-2.0
"""The features that torchattacks' JSMA, which differentiates the logits, changes step by step.

Writes raw little-endian float32 files beside this script: `inner` (24, 1, 6, 6), the images, and
(24, 8, 2) pairs of features in the order they were chosen, aimed at the class after the predicted
one; -1 where the target was reached or no pair was admissible, which torchattacks does not notice.
Its theta < 0 is of no use: it looks for the largest of products that are all negative, and changes
pixel 0 for ever. Made with torch 2.13 and torchattacks 3.5.1.
"""
import torch
import torchattacks
from network import CLASSES, ROWS, SIDE, Network, inner_images, save

STEPS = 8
network = Network().eval()
images = inner_images()
labels = network(images).argmax(1)
save("inner", images)

pairs = torch.full((ROWS, STEPS, 2), -1.0)
for row in range(ROWS):
    chosen = []
    attack = torchattacks.JSMA(network, theta=1.0, gamma=2 * STEPS / (SIDE * SIDE))
    attack.set_mode_targeted_by_function(lambda x, y: (y + 1) % CLASSES, quiet=True)
    choose = attack.saliency_map

    def recording(*arguments):
        p, q = choose(*arguments)
        chosen.append((int(p), int(q)))
        return p, q

    attack.saliency_map = recording
    attack(images[row : row + 1], labels[row : row + 1])
    for step, (p, q) in enumerate(chosen):
        if p == q:  # All products were 0: no pair was admissible.
            break
        pairs[row, step] = torch.tensor([min(p, q), max(p, q)], dtype=torch.float32)
save("torchattacks-jsma", pairs)
