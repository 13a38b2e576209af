"""FGSM and BIM end at the same pixels wherever the gradient's sign is not a matter of rounding."""

import art.attacks.evasion as art_attacks
import foolbox
import torch
import torchattacks
from art.estimators.classification import PyTorchClassifier

EPSILON, STEPS = 0.1, 10


def run(bench, row, gate) -> None:
    step = EPSILON / STEPS
    shape = tuple(bench.images.shape[1:])
    classifier = PyTorchClassifier(
        bench.model, torch.nn.CrossEntropyLoss(), shape, 10, clip_values=(0, 1))
    images, labels = bench.images, bench.labels
    theirs = {
        "fgsm": {
            "torchattacks": torchattacks.FGSM(bench.model, eps=EPSILON)(images, labels),
            "Foolbox": foolbox.attacks.FGSM()(bench.foolbox, images, labels, epsilons=EPSILON)[1],
            "ART": art_attacks.FastGradientMethod(classifier, eps=EPSILON).generate(
                images.numpy(), labels.numpy()),
        },
        "bim": {
            "torchattacks": torchattacks.BIM(bench.model, eps=EPSILON, alpha=step, steps=STEPS)(
                images, labels),
            "Foolbox": foolbox.attacks.LinfBasicIterativeAttack(
                abs_stepsize=step, steps=STEPS, random_start=False)(
                bench.foolbox, images, labels, epsilons=EPSILON)[1],
            "ART": art_attacks.BasicIterativeMethod(
                classifier, eps=EPSILON, eps_step=step, max_iter=STEPS, verbose=False).generate(
                images.numpy(), labels.numpy()),
        },
    }
    ours = {
        "fgsm": bench.attack(f"fgsm:epsilon={EPSILON}", "fgsm"),
        "bim": bench.attack(f"bim:epsilon={EPSILON},steps={STEPS},step={step},keep=last", "bim"),
    }
    for attack, results in theirs.items():
        mine = torch.from_numpy(ours[attack]["adversarial"])
        for who, examples in results.items():
            difference = (mine - torch.as_tensor(examples)).abs()
            share = float((difference <= 1e-6).float().mean())
            own, other = bench.accuracy(mine), bench.accuracy(examples)
            judged = bench.our_accuracy(examples, f"{attack}.{who}")
            row(attack, who, f"{share:.4%} of pixels within 1e-6, largest difference {difference.max():.1e}; "
                f"accuracy {own:.1%} and {other:.1%}; theirs judged by us {judged:.1%}")
            gate(share >= 0.999 and abs(judged - other) < 1e-9)
