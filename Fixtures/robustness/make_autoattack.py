# SPDX-License-Identifier: Apache-2.0
"""What torchattacks' parts of AutoAttack make of a small trained network, the losses they climb,
and optima of FAB's projection found by scipy.

usage: make_autoattack.py MNIST_DIRECTORY

Writes beside this script, little-endian:
  digits-weights.f32  (32, 64), (32), (10, 32), (10) of logits = W2 tanh(W1 x + b1) + b2
  digits-images.u8    (200, 64): MNIST test images averaged to 7 x 7 and padded to 8 x 8, of 255
  digits-labels.u8    (200)
  autoattack-broken.u8  (attacks, 200): 1 where the attack's example is misclassified
  autoattack-fab.f32  (2, 200): linf and l2 distances of untargeted FAB without a budget
  autoattack-dlr.f32  (16, 10) logits; (16) values and (16, 10) gradients of the difference of
                      logits ratio for the label i % 10; the same for the target (i + 3) % 10
  autoattack-projection.f32  (48, 12) points, (48, 12) normals, (48) gaps, (3, 48) norms of the
                      smallest changes for linf, l2 and l1
Made with torch 2.13, torchattacks 3.5.1 and scipy 1.17.1.
"""
import gzip
import pathlib
import sys

import numpy as np
import scipy.optimize
import torch
import torchattacks

HERE = pathlib.Path(__file__).parent
ROWS, HIDDEN = 200, 32
torch.set_num_threads(1)


def idx(name, offset):
    path = pathlib.Path(sys.argv[1]) / name
    data = gzip.open(f"{path}.gz").read() if not path.exists() else path.read_bytes()
    return np.frombuffer(data, np.uint8, offset=offset)


def small(name):
    images = idx(name, 16).reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).round().astype(np.uint8)
    return np.pad(images, ((0, 0), (0, 1), (0, 1)))


def save(name, array, kind="<f4"):
    np.asarray(array).astype(kind).tofile(HERE / name)


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(64, HIDDEN)
        self.second = torch.nn.Linear(HIDDEN, 10)

    def forward(self, x):
        return self.second(torch.tanh(self.first(x.flatten(1))))


torch.manual_seed(0)
network = Network()
train = torch.from_numpy(small("train-images-idx3-ubyte")[:20000]).float().div(255).unsqueeze(1)
train_labels = torch.from_numpy(idx("train-labels-idx1-ubyte", 8)[:20000].astype(np.int64))
optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
for epoch in range(6):
    for batch in torch.randperm(len(train)).split(128):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(train[batch]), train_labels[batch]).backward()
        optimizer.step()
network.eval()

pixels = small("t10k-images-idx3-ubyte")[:ROWS]
images = torch.from_numpy(pixels).float().div(255).unsqueeze(1)
labels = torch.from_numpy(idx("t10k-labels-idx1-ubyte", 8)[:ROWS].astype(np.int64))
save("digits-weights.f32", torch.cat([p.detach().flatten() for p in network.parameters()]))
save("digits-images.u8", pixels, "u1")
save("digits-labels.u8", labels, "u1")
print("clean accuracy", (network(images).argmax(1) == labels).float().mean().item())

attacks = []
for norm, eps in (("Linf", 0.03), ("L2", 0.13)):
    common = {"norm": norm, "eps": eps, "seed": 0}
    attacks += [
        torchattacks.APGD(network, steps=100, loss="ce", **common),
        torchattacks.APGD(network, steps=100, loss="dlr", **common),
        torchattacks.APGDT(network, steps=100, n_classes=10, **common),
        torchattacks.FAB(network, steps=100, multi_targeted=True, n_classes=10, **common),
        torchattacks.Square(network, n_queries=5000, resc_schedule=False, **common),
    ]
broken = []
for attack in attacks:
    found = attack(images, labels)
    broken.append((network(found).argmax(1) != labels).numpy())
    print(attack.attack, attack.norm, "accuracy", 1 - broken[-1].mean())
save("autoattack-broken.u8", broken, "u1")

distances = []
for norm in ("Linf", "L2"):
    found = torchattacks.FAB(network, norm=norm, eps=1e9, steps=100, n_classes=10, seed=0)(images, labels)
    change = (found - images).flatten(1).double()
    distances.append((change.abs().amax(1) if norm == "Linf" else change.norm(dim=1)).numpy())
    print("FAB", norm, "mean distance", distances[-1][distances[-1] > 0].mean())
save("autoattack-fab.f32", distances)

generator = torch.Generator().manual_seed(1)
logits = torch.randn(16, 10, generator=generator, dtype=torch.float64).mul(3).float().double()
answers = [logits.numpy().ravel()]
own = torch.arange(16) % 10
for loss in (
    lambda z: torchattacks.APGD(network).dlr_loss(z, own),
    lambda z: torchattacks.APGDT(network).dlr_loss_targeted(z, own, (torch.arange(16) + 3) % 10),
):
    z = logits.clone().requires_grad_(True)
    values = loss(z)
    values.sum().backward()
    answers += [values.detach().numpy(), z.grad.numpy().ravel()]
save("autoattack-dlr.f32", np.concatenate(answers))

random = np.random.default_rng(2)
cases, size = 48, 12
points = random.random((cases, size)).astype(np.float32)
points[random.random((cases, size)) < 0.3] = 0
normals = random.normal(size=(cases, size)).astype(np.float32)
normals[random.random((cases, size)) < 0.1] = 0
gaps, optima = [], [[], [], []]
for case in range(cases):
    x, w = points[case].astype(float), normals[case].astype(float)
    sign = 1 if case % 2 else -1
    most = sum(max(sign * v * -p, sign * v * (1 - p)) for v, p in zip(w, x))
    gap = float(np.float32(sign * most * random.uniform(0.05, 0.95)))
    gaps.append(gap)
    bounds = [(-p, 1 - p) for p in x]
    # linf: minimise t with |d| <= t; l1: minimise sum of u + v with d = u - v.
    eye = np.eye(size)
    ones = np.ones((size, 1))
    linf = scipy.optimize.linprog(
        np.r_[np.zeros(size), 1], A_ub=np.block([[eye, -ones], [-eye, -ones]]), b_ub=np.zeros(2 * size),
        A_eq=[np.r_[w, 0]], b_eq=[gap], bounds=bounds + [(0, None)])
    l1 = scipy.optimize.linprog(
        np.ones(2 * size), A_eq=[np.r_[w, -w]], b_eq=[gap],
        bounds=[(0, 1 - p) for p in x] + [(0, p) for p in x])
    l2 = scipy.optimize.minimize(
        lambda d: d @ d, np.zeros(size), jac=lambda d: 2 * d, bounds=bounds, method="SLSQP",
        constraints={"type": "eq", "fun": lambda d: w @ d - gap, "jac": lambda d: w},
        options={"ftol": 1e-14, "maxiter": 1000})
    assert linf.success and l1.success and l2.success
    for row, value in zip(optima, (linf.fun, l2.fun**0.5, l1.fun)):
        row.append(value)
save("autoattack-projection.f32", np.concatenate([points.ravel(), normals.ravel(), gaps, np.ravel(optima)]))
