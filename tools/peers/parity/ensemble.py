"""APGD, FAB, Square and AutoAttack leave the accuracy that torchattacks' classes leave at the settings of
the original, and each side's examples fool the other side's model."""

import torchattacks
from parity.bench import timed

# Budgets at which a normally trained network keeps some of its accuracy.
EPSILONS = {"linf": 0.1, "l2": 1.0}


def peers(model, norm: str, epsilon: float) -> dict:
    common = {"norm": {"linf": "Linf", "l2": "L2"}[norm], "eps": epsilon, "seed": 0}
    # By default torchattacks runs 10 steps where the original runs 100, and lets Square's windows shrink
    # on a schedule of its own.
    parts = {
        "apgd-ce": torchattacks.APGD(model, steps=100, loss="ce", **common),
        "apgd-dlr": torchattacks.APGD(model, steps=100, loss="dlr", **common),
        "apgd-t": torchattacks.APGDT(model, steps=100, n_classes=10, **common),
        "fab-t": torchattacks.FAB(model, steps=100, multi_targeted=True, n_classes=10, **common),
        "square": torchattacks.Square(model, n_queries=5000, resc_schedule=False, **common),
    }
    standard = [parts[name] for name in ("apgd-ce", "apgd-t", "fab-t", "square")]
    return {**parts, "autoattack": torchattacks.MultiAttack(standard)}


def run(bench, row, gate) -> None:
    texts = {"apgd-ce": "apgd:loss=ce,", "apgd-dlr": "apgd:loss=dlr,", "autoattack": "autoattack:standard,"}
    for norm, epsilon in EPSILONS.items():
        for name, peer in peers(bench.model, norm, epsilon).items():
            text = texts.get(name, f"{name}:") + f"norm={norm},epsilon={epsilon}"
            ours = bench.attack(text, f"{name}.{norm}")
            theirs, seconds = timed(lambda: peer(bench.images, bench.labels))
            # Accuracies as PyTorch sees them, and theirs as we see it.
            own, other = bench.accuracy(ours["adversarial"]), bench.accuracy(theirs)
            judged = bench.our_accuracy(theirs, f"{name}.{norm}.torchattacks")
            # status 1 is "failed": rows that are right still.
            claimed = float((ours["status"] == 1).mean())
            row(f"{name} {norm}", "torchattacks",
                f"accuracy {own:.1%} (by our model {claimed:.1%}) and {other:.1%} (by our model {judged:.1%}), "
                f"{ours['seconds']:.2f} and {seconds:.2f} s ({seconds / ours['seconds']:.1f}x)")
            # Examples that lie on a boundary may flip between two libraries' sums.
            flips = 1.5 / len(bench.labels)
            gate(own <= other + 0.01 + 1e-9 and abs(own - claimed) <= flips and abs(judged - other) <= flips)
