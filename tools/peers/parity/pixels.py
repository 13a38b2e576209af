"""FGSM and BIM end at the same pixels as the peers'.

In single precision PyTorch itself leaves the examples that it makes in double precision on some 0.3 %
of pixels of a trained network: where a max pooling looks at equal values, rounding decides which one
is the largest. So the peers run in double precision as well, and that is what ours are held against;
what they make in single precision may not lie further from ours than from their own.
"""

import copy

import art.attacks.evasion as art_attacks
import foolbox
import torch
import torchattacks
from art.estimators.classification import PyTorchClassifier

EPSILON, STEPS = 0.1, 10
STEP = EPSILON / STEPS


def torchattacks_run(attack: str, model, images, labels):
    if attack == "fgsm":
        return torchattacks.FGSM(model, eps=EPSILON)(images, labels)
    return torchattacks.BIM(model, eps=EPSILON, alpha=STEP, steps=STEPS)(images, labels)


def foolbox_run(attack: str, model, images, labels):
    wrapped = foolbox.PyTorchModel(model, bounds=(0, 1))
    chosen = foolbox.attacks.FGSM() if attack == "fgsm" else (
        foolbox.attacks.LinfBasicIterativeAttack(abs_stepsize=STEP, steps=STEPS, random_start=False))
    return chosen(wrapped, images, labels, epsilons=EPSILON)[1]


def art_run(attack: str, model, images, labels):
    classifier = PyTorchClassifier(
        model, torch.nn.CrossEntropyLoss(), tuple(images.shape[1:]), 10, clip_values=(0, 1))
    chosen = art_attacks.FastGradientMethod(classifier, eps=EPSILON) if attack == "fgsm" else (
        art_attacks.BasicIterativeMethod(
            classifier, eps=EPSILON, eps_step=STEP, max_iter=STEPS, verbose=False))
    return torch.as_tensor(chosen.generate(images.numpy(), labels.numpy()))


def share(left, right) -> float:
    return float(((left - right).abs() <= 1e-6).float().mean())


def run(bench, row, gate) -> None:
    images, labels = bench.images, bench.labels
    double = copy.deepcopy(bench.model).double()
    texts = {"fgsm": f"fgsm:epsilon={EPSILON}",
             "bim": f"bim:epsilon={EPSILON},steps={STEPS},step={STEP},keep=last"}
    for attack, text in texts.items():
        mine = torch.from_numpy(bench.attack(text, attack)["adversarial"])
        exact = torchattacks_run(attack, double, images.double(), labels).float()
        equal = share(mine, exact)
        row(attack, "torchattacks", f"{equal:.4%} of pixels within 1e-6 of the examples made in double precision")
        gate(equal >= 0.999)
        for who, attacker in (("torchattacks", torchattacks_run), ("Foolbox", foolbox_run), ("ART", art_run)):
            theirs = attacker(attack, bench.model, images, labels)
            own, other = share(mine, theirs), share(exact, theirs)
            judged = bench.our_accuracy(theirs, f"{attack}.{who}")
            row(attack, who, f"single precision: {own:.4%} within 1e-6 of ours, {other:.4%} of double's; accuracy "
                f"{bench.accuracy(mine):.1%} and {bench.accuracy(theirs):.1%}, theirs judged by us {judged:.1%}")
            gate(own >= other - 5e-4 and abs(judged - bench.accuracy(theirs)) < 1e-6)
