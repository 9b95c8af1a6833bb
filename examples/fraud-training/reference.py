"""What the program computes, in floating point: AUC and accuracy, of the base model, of each bank alone, of all three.

    python examples/fraud-training/reference.py

The batches and the noise are those of `ccr simulate --seed` 1 to 5; what differs is that nothing is rounded. A bank alone
trains with the same clauses; the vendor goes on from its sums alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
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


def _told(what: str, found: Sequence[Array]) -> None:
    means = (float(np.mean([measure(w) for w in found])) for measure in (auc, accuracy, caught))
    print(f"{what}: AUC {next(means):.3f}, accuracy {next(means):.3f}, frauds caught {next(means):.3f}", flush=True)


def main() -> None:
    _told("the vendor's base model", [base()])
    for banks in (*((bank,) for bank in BANKS), BANKS):
        name = " and ".join(banks) if len(banks) == 1 else "all three"
        _told(name, [train(base(), banks, seed) for seed in SEEDS])
        _told(f"{name}, in the clear", [in_the_clear(banks)])


if __name__ == "__main__":
    main()
