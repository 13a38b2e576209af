"""Minimal-norm attacks: mean l2 over the rows that the model gets right, and that all are broken."""

import foolbox
import torch
from parity.bench import timed

# Foolbox's C&W runs all rows to the end of the slowest, which takes long; both get these steps.
STEPS, SEARCHES, RATE = 100, 6, "0.05"


def run(bench, row, gate) -> None:
    right = torch.from_numpy(bench.is_right)
    images, labels = bench.images, bench.labels

    # Ours have to lead by a margin above rounding, which moves them out by less than 0.1 %.
    def compare(name: str, ours: dict, peer, tolerance: float) -> None:
        (_, theirs, _), seconds = timed(lambda: peer(bench.foolbox, images, labels, epsilons=None))
        mine = torch.from_numpy(ours["adversarial"])
        means, broken = [], []
        for examples in (mine, theirs):
            distance = (examples - images).flatten(1).norm(dim=1)
            is_broken = (bench.predict(examples) != labels) & right
            broken.append(int(is_broken.sum()))
            means.append(float(distance[is_broken].mean()))
        judged = bench.our_accuracy(theirs, f"{name}.Foolbox")
        row(name, "Foolbox", f"mean l2 {means[0]:.4f} and {means[1]:.4f} (ratio {means[0] / means[1]:.3f}), "
            f"broken {broken[0]} and {broken[1]} of {int(right.sum())}, "
            f"{ours['seconds']:.2f} and {seconds:.2f} s ({seconds / ours['seconds']:.1f}x); "
            f"theirs judged by us {judged:.1%}")
        gate(means[0] <= means[1] * tolerance and broken[0] >= broken[1])

    compare("deepfool", bench.attack("deepfool:norm=l2", "deepfool"),
            foolbox.attacks.L2DeepFoolAttack(steps=50, candidates=10, overshoot=0.02), 1.02)
    text = f"cw:norm=l2,steps={STEPS},search={SEARCHES},learning-rate={RATE},c=0.01,abort-early=false"
    compare("cw", bench.attack(text, "cw"),
            foolbox.attacks.L2CarliniWagnerAttack(
                binary_search_steps=SEARCHES, steps=STEPS, stepsize=float(RATE), initial_const=0.01,
                abort_early=False), 1.005)
