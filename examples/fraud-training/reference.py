"""What the program computes, in floating point: the base model, each bank alone, one after another, all three together.

    python examples/fraud-training/reference.py

The batches and the noise are those of `ccr simulate --seed` 1 to 5; what differs is that nothing is rounded. A bank
that trains alone does it with the same clauses.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from compiler.training.dpsgd import slot_count
from runtime.privacy.draws import draw_batch, draw_noise
from runtime.privacy.randomness import RunSecret
from runtime.privacy.sampling import EMPTY

Array = NDArray[np.float64]

HERE = Path(__file__).parent
BANKS = ("bank_a", "bank_b", "bank_c")
BATCH, STEPS, NOISE, RATE = 100, 40, Fraction(165, 100), 32.0
GRID = 13  # fraction bits of the sums that the noise is added to
SEEDS = range(1, 6)


def read(name: str) -> tuple[Array, Array]:
    """Features (n, 15), multiples of 1/32 as the program reads them, and whether each is a fraud (n,)."""
    table = np.loadtxt(HERE / f"{name}.csv", delimiter=",", skiprows=1)
    return np.floor(table[:, :-1] * 32 + 0.5) / 32, table[:, -1]


def auc(weights: Array, name: str = "test") -> float:
    """How often a fraud has a higher score than an honest payment; half where they are equal."""
    x, y = read(name)
    scores = x @ weights
    fraud, honest = scores[y == 1][:, None], scores[y == 0][None, :]
    return float(np.mean((fraud > honest) + (fraud == honest) / 2))


def accuracy(weights: Array, name: str = "test") -> float:
    """The share of a file's payments that the weights put on the right side."""
    x, y = read(name)
    return float(np.mean((x @ weights > 0) == (y == 1)))


def caught(weights: Array, name: str = "test") -> float:
    """The share of its frauds."""
    x, y = read(name)
    return float(np.mean(x[y == 1] @ weights > 0))


def train(weights: Array, banks: Sequence[str], seed: int) -> Array:
    """DP-SGD on the logistic loss, each bank's noise on its own sum; the mean of the later half of the weights.

    Every row has norm at most 1, so no gradient needs clipping.
    """
    records, secrets = [read(bank) for bank in banks], [RunSecret.from_seed(seed, bank) for bank in banks]
    made: list[Array] = []
    for step in range(STEPS):
        total = np.zeros_like(weights)
        for (x, y), secret in zip(records, secrets, strict=True):
            numbers = draw_batch(secret, 0, (step,), n=len(y), batch=BATCH, slots=slot_count(BATCH))
            chosen = numbers[numbers != EMPTY]
            error = 1 / (1 + np.exp(-x[chosen] @ weights)) - y[chosen]
            noise = draw_noise(secret, 0, 0, (step,), sigma=NOISE * 2**GRID, count=len(weights)) / 2**GRID
            total += error @ x[chosen] + noise
        weights = weights - RATE * total / (BATCH * len(banks))
        made.append(weights)
    return np.asarray(np.mean(made[-(STEPS // 2) :], axis=0))


def base() -> Array:
    with np.load(HERE / "base.npz", allow_pickle=False) as file:
        return np.asarray(file["w0"])


def in_the_clear(banks: Sequence[str]) -> Array:
    """Without any privacy: logistic regression with the base model's penalty on all that the banks have."""
    x, y = (np.concatenate(part) for part in zip(*map(read, banks), strict=True))
    w = np.zeros(x.shape[1])
    for _ in range(5000):
        w -= ((1 / (1 + np.exp(-x @ w)) - y) @ x + w) / len(y) * 3
    return w


def tell(what: str, found: Sequence[Array]) -> None:
    means = tuple(float(np.mean([measure(w) for w in found])) for measure in (auc, accuracy, caught))
    print("{}: AUC {:.3f}, accuracy {:.3f}, frauds caught {:.3f}".format(what, *means), flush=True)


def main() -> None:
    tell("the vendor's base model", [base()])
    for banks in (*((bank,) for bank in BANKS), BANKS):
        name = banks[0] if len(banks) == 1 else "all three together"
        tell(name, [train(base(), banks, seed) for seed in SEEDS])
        tell(f"{name}, without privacy", [in_the_clear(banks)])
    for order in (BANKS, BANKS[::-1]):
        found = [reduce(lambda w, bank: train(w, (bank,), seed), order, base()) for seed in SEEDS]
        tell(f"one after another, {', '.join(order)}", found)


if __name__ == "__main__":
    main()
