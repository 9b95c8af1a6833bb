"""Makes the vendor's model and the bank's payments. Everything is synthetic: no bank, no payment, no fraud is real.

    python examples/fraud/prepare.py

It draws 4 000 payments from a seeded generator, trains the vendor's network on them in the clear, and draws 64 more for
the bank. Its outputs are in the repository.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HERE = Path(__file__).parent
SEED = 4
HISTORY, PAYMENTS, HIDDEN = 4000, 64, 6
FEATURE, WEIGHT, RISK = 64, 256, 256  # grid units of fix<9, 6>, fix<12, 8>, fix<9, 8>
NAMES = ("amount", "hour", "distance", "frequency", "new_device", "new_payee", "failed_pins", "account_age")


def draw(random: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Payments (count, 8), standardised and on the grid of fix<9, 6>, and whether each is a fraud (count,).

    A payment looks like fraud if it is large on a new device, or far away and often, or to a new payee after failed
    PINs; each other feature says little by itself, so a linear model would not do.
    """
    x = random.normal(size=(count, len(NAMES)))
    x[:, 4:6] = random.random((count, 2)) < 0.25  # new device, new payee: 0 or 1
    x[:, 6] = random.poisson(0.4, count)
    signs = 4 * x[:, 0] * x[:, 4] + 3 * np.maximum(x[:, 2], 0) * np.maximum(x[:, 3], 0) + 2.5 * x[:, 5] * x[:, 6]
    fraud = signs - 0.5 * x[:, 7] + random.logistic(scale=0.5, size=count) > 3
    return np.floor(np.clip(x, -4, 4 - 1 / FEATURE) * FEATURE + 0.5) / FEATURE, fraud.astype(np.float64)


def fit(x: Array, y: Array, random: np.random.Generator) -> dict[str, Array]:
    """A network 8-6-1 with ReLU, by gradient descent with momentum on the cross-entropy."""
    first, shift = random.normal(size=(len(NAMES), HIDDEN)) / 2, np.zeros(HIDDEN)
    second, offset = random.normal(size=HIDDEN) / 2, np.zeros(())
    weights = [first, shift, second, offset]
    speed = [np.zeros_like(w) for w in weights]
    for _ in range(3000):
        first, shift, second, offset = weights
        hidden = np.maximum(x @ first + shift, 0)
        error = (1 / (1 + np.exp(-(hidden @ second + offset))) - y) / len(y)
        back = np.outer(error, second) * (hidden > 0)
        gradients = [x.T @ back, back.sum(axis=0), hidden.T @ error, error.sum()]
        speed = [0.9 * s - 0.2 * g for s, g in zip(speed, gradients, strict=True)]
        weights = [w + s for w, s in zip(weights, speed, strict=True)]
    names = ("first", "shift", "second", "offset")
    return {
        n: np.floor(np.clip(w, -8, 8 - 1 / WEIGHT) * WEIGHT + 0.5) / WEIGHT for n, w in zip(names, weights, strict=True)
    }


def main() -> None:
    random = np.random.default_rng(SEED)
    model = fit(*draw(random, HISTORY), random)
    np.savez(HERE / "model.npz", **model, limit=np.array(0.5))
    payments, fraud = draw(random, PAYMENTS)
    with (HERE / "payments.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(f"payments[{i}]" for i in range(len(NAMES)))
        writer.writerows([f"{v:.3f}" for v in row] for row in payments)
    with (HERE / "truth.csv").open("w", newline="", encoding="utf-8") as file:
        file.write("fraud\n" + "".join(f"{int(y)}\n" for y in fraud))


if __name__ == "__main__":
    main()
