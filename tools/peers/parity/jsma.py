"""JSMA on logits towards the next class: the same pixels as torchattacks, whose loop has no early stop
for rows without an admissible pair."""

import torch
import torchattacks
from parity.bench import timed

ROWS = 20


def run(bench, row, gate) -> None:
    ours = bench.attack("jsma:variant=z,theta=1,targeted=next", "jsma-z")
    right = [index for index in range(bench.count) if bench.is_right[index]][:ROWS]
    images, labels = bench.images[right], bench.labels[right]
    attack = torchattacks.JSMA(bench.model, theta=1.0, gamma=112 / images[0].numel())
    attack.set_mode_targeted_by_function(lambda _, labels: (labels + 1) % 10)
    theirs, seconds = timed(lambda: attack(images, labels))
    mine = torch.from_numpy(ours["adversarial"])[right]
    equal = int((mine == theirs).flatten(1).all(1).sum())
    mine_hits = int((bench.predict(mine) == (labels + 1) % 10).sum())
    their_hits = int((bench.predict(theirs) == (labels + 1) % 10).sum())
    each = ours["seconds"] / bench.count
    row("jsma", "torchattacks", f"{equal} of {ROWS} examples are equal in every pixel, targets reached "
        f"{mine_hits} and {their_hits}; {each * 1e3:.1f} ms and {seconds / ROWS * 1e3:.0f} ms a row "
        f"({seconds / ROWS / each:.0f}x)")
    gate(mine_hits >= their_hits)
