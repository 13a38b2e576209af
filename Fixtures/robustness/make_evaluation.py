# SPDX-License-Identifier: Apache-2.0
"""Writes evaluation.f32 and evaluation.json: stored sets and what numpy and scipy say of them.

Run as: python make_evaluation.py (numpy 2, scipy 1.11 or later). Nothing here calls Retort.

evaluation.f32 holds, as little-endian float32 one after the other: two linear models (weights (4, 16)
and biases (4) each), clean images (60, 16), and the examples of the sets `first`, `second` (linf 0.1)
and `nearest` (minimal l2), (60, 16) each. Values are rounded to 2^-10 (weights 2^-6), so that sums are
exact in any order.
"""

import json
import os

import numpy as np
from scipy.stats import CensoredData, binomtest, ecdf, norm

ROWS, PIXELS, CLASSES, EPSILON = 60, 16, 4, 0.1
folder = os.path.dirname(os.path.abspath(__file__))
random = np.random.default_rng(20)


def grid(values, step):
    return (np.round(np.asarray(values) / step) * step).astype(np.float32)


weights = [grid(random.normal(size=(CLASSES, PIXELS)), 2**-6)]
biases = [grid(random.normal(size=CLASSES) / 8, 2**-6)]
# The second model is a neighbour of the first.
weights.append(grid(weights[0] + 0.5 * random.normal(size=(CLASSES, PIXELS)), 2**-6))
biases.append(biases[0])
clean = grid(random.uniform(0.2, 0.8, size=(ROWS, PIXELS)), 2**-10)


def logits(model, images):
    return images.astype(np.float64) @ weights[model].T.astype(np.float64) + biases[model]


def predict(model, images):
    return np.argmax(logits(model, images), axis=1)


labels = predict(0, clean)
labels[::9] = (labels[::9] + 1) % CLASSES  # rows that are wrong when clean


def slope(model, images, label):
    z = logits(model, images)
    z[np.arange(len(z)), label] = -np.inf
    rival = np.argmax(z, axis=1)
    return weights[model][rival] - weights[model][label]


step = np.sign(slope(0, clean, labels))
first = np.clip(clean + grid(0.0986, 2**-10) * step, 0, 1).astype(np.float32)
first[7] = np.clip(clean[7] + np.float32(0.1875) * step[7], 0, 1)  # beyond epsilon
first[11, 3] = 1.0625  # outside the box
first[13, 5] = np.nan
other = np.sign(slope(1, clean, labels))
second = np.clip(clean + grid(0.0986, 2**-10) * other, 0, 1).astype(np.float32)

# The smallest l2 step over the boundary to the rival, up to a length of 0.6.
direction = slope(0, clean, labels).astype(np.float64)
z = logits(0, clean)
own = z[np.arange(ROWS), labels]
z[np.arange(ROWS), labels] = -np.inf
length = (own - z.max(axis=1)) / np.linalg.norm(direction, axis=1)
unit = direction / np.linalg.norm(direction, axis=1, keepdims=True)
reach = np.where(length < 0, 0, 1.05 * length + 0.02)
moved = grid(clean + unit * np.minimum(reach, 0.6)[:, None], 2**-10)
nearest = np.where((reach < 0.6)[:, None], np.clip(moved, 0, 1), clean).astype(np.float32)


def wilson(count, total):
    q, p = norm.ppf(0.975), count / total
    centre = (p + q * q / (2 * total)) / (1 + q * q / total)
    half = q / (1 + q * q / total) * np.sqrt(p * (1 - p) / total + q * q / (4 * total**2))
    return [float(max(0, centre - half)), float(min(1, centre + half))]


def distance(images, kind):
    change = images.astype(np.float64) - clean.astype(np.float64)
    return np.abs(change).max(1) if kind == "linf" else np.sqrt((change**2).sum(1))


def judge(model, images, kind, epsilon):
    finite = np.isfinite(images).all(1)
    far = distance(images, kind)
    tolerated = np.inf if epsilon is None else epsilon * (1 + 1e-6) + 2.0**-24
    ulp = np.finfo(np.float32).eps
    inside = ((images >= -ulp) & (images <= 1 + ulp)).all(1)
    with np.errstate(invalid="ignore"):
        sound = finite & inside & (far <= tolerated)
    before = predict(model, clean)
    stored = np.where(finite, predict(model, np.nan_to_num(images)), -1)
    counted = np.where(sound, stored, before)
    right, held = before == labels, counted == labels

    def rates(prediction):
        hold = prediction == labels
        return {
            "adversarial_accuracy": [int(hold.sum()), ROWS],
            "accuracy_on_both": [int((hold & right).sum()), ROWS],
            "success": [int((~hold).sum()), ROWS],
            "success_clean_correct": [int((right & ~hold).sum()), int(right.sum())],
        }

    result = {
        "clean_accuracy": [int(right.sum()), ROWS],
        "rates": rates(counted),
        "as_stored": rates(stored),
        "interval": wilson(int(held.sum()), ROWS),
        "violations": [int(i) for i in np.where(finite & ~sound)[0]],
        "rejected": [int(i) for i in np.where(~finite)[0]],
        "max_distance": float(far[finite].max()),
        "mean_distance": float(far[finite].mean()),
        "confusion": [
            [int(((labels == a) & (counted == b)).sum()) for b in range(CLASSES)]
            for a in range(CLASSES)
        ],
        "broken": [bool(value) for value in right & ~held],
    }
    return result


def saved(images, how):
    if how == "rounded":
        return np.clip(np.rint(images * np.float32(255)), 0, 255).astype(np.float32) / np.float32(255)
    if how == "truncated":
        return np.clip(np.trunc(images * np.float32(255)), 0, 255).astype(np.float32) / np.float32(255)
    return images.astype(np.float16).astype(np.float32)


def quantised(images, how):
    finite = np.isfinite(images).all(1)
    after = saved(np.nan_to_num(images), how)
    far = distance(after, "linf")
    ulp = np.finfo(np.float32).eps
    inside = ((after >= -ulp) & (after <= 1 + ulp)).all(1)
    sound = inside & (far <= EPSILON * (1 + 1e-6) + 2.0**-24)
    hold = finite & (predict(0, after) == labels)
    return {
        "accuracy": int(hold.sum()),
        "violations": int((finite & ~sound).sum()),
        "max_distance": float(far[finite].max()),
    }


results = {name: judge(0, images, "linf", EPSILON) for name, images in
           [("first", first), ("second", second)]}
results["nearest"] = judge(0, nearest, "l2", None)
elsewhere = judge(1, first, "linf", EPSILON)
a, b = (np.array(results[name]["broken"]) for name in ("first", "second"))
right = predict(0, clean) == labels
worst = {
    "waterfall": [int(right.sum()), int((right & ~a).sum()), int((right & ~a & ~b).sum())],
    "alone": [int((a & ~b).sum()), int((b & ~a).sum())],
    "breakers": [0 if x else 1 if y else -1 for x, y in zip(a, b)],
}
def wrong(result, model, images):
    """Wrong on the example that counts, rows wrong when clean included."""
    sound = np.ones(ROWS, bool)
    sound[result["violations"] + result["rejected"]] = False
    return np.where(sound, predict(model, np.nan_to_num(images)), predict(model, clean)) != labels


m, n = wrong(results["first"], 0, first), wrong(elsewhere, 1, first)
left, rightward = int((m & ~n).sum()), int((~m & n).sum())
paired = {
    "both": int((m & n).sum()), "fixed": left, "newly_wrong": rightward,
    "neither": int((~m & ~n).sum()),
    "p_value": float(binomtest(min(left, rightward), left + rightward).pvalue),
}

broken = np.array(results["nearest"]["broken"])
far = distance(nearest, "l2")
events, limit = far[right & broken], float(far[right & broken].max())
censored = np.full(int((right & ~broken).sum()), limit)
sf = ecdf(CensoredData(uncensored=events, right=censored)).sf
times = np.concatenate([[0.0], sf.quantiles])
survival = np.concatenate([[1.0], sf.probabilities])
mean = float((survival[:-1] * np.diff(np.minimum(times, limit))).sum())
below = sf.quantiles[sf.probabilities <= 0.5]
hardness = {
    "rows": int(right.sum()), "broken": int((right & broken).sum()), "limit": limit,
    "median": float(below[0]) if len(below) else None, "restricted_mean": mean,
    "mean_of_broken": float(events.mean()),
}
reached = np.where(~right, 0, np.where(broken, far, np.inf))
curve = {str(e): int((reached > e).sum()) for e in (0.0, 0.05, 0.1, 0.2, 0.3, 0.5)}

np.concatenate([
    array.ravel().astype("<f4") for array in
    [weights[0], biases[0], weights[1], biases[1], clean, first, second, nearest]
]).tofile(os.path.join(folder, "evaluation.f32"))
with open(os.path.join(folder, "evaluation.json"), "w") as file:
    json.dump({
        "labels": [int(label) for label in labels], "sets": results, "elsewhere": elsewhere,
        "worst_case": worst, "paired": paired, "hardness": hardness, "curve": curve,
        "quantised": {how: quantised(first, how) for how in ("rounded", "truncated", "half")},
    }, file, indent=1)
    file.write("\n")
