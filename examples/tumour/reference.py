"""What the program computes, in floating point: accuracy of the base model, and of training with seeds 1 to 5.

    python examples/tumour/reference.py

The batches and the noise are those of `ccr simulate --seed N`; what differs is that nothing is rounded.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from compiler.training.dpsgd import slot_count
from compiler.words.sampler import sampler
from runtime.privacy.draws import draw_batch, draw_joint
from runtime.privacy.randomness import RunSecret
from runtime.privacy.sampling import EMPTY

HERE = Path(__file__).parent
BATCH, STEPS, NOISE, RATE = 64, 20, Fraction(169, 100), 8.0
GRID = 16  # fraction bits of the sum that the noise is added to
PARTIES, SAMPLER = ("vendor", "hospital"), sampler(NOISE * 2**GRID)


def read(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Features (n, 31) and labels (n,) of a .csv of this folder."""
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    return table[:, :-1], table[:, -1]


def accuracy(weights: NDArray[np.float64], path: Path = HERE / "test.csv") -> float:
    """The share of a file's records that the weights put on the right side."""
    features, labels = read(path)
    return float(np.mean((features @ weights > 0) == (labels == 1)))


def train(weights: NDArray[np.float64], path: Path, secret: RunSecret) -> NDArray[np.float64]:
    """DP-SGD on the logistic loss; every row has norm at most 1, so no gradient needs clipping."""
    features, labels = read(path)
    for step in range(STEPS):
        numbers = draw_batch(secret, 0, (step,), n=len(labels), batch=BATCH, slots=slot_count(BATCH))
        chosen = numbers[numbers != EMPTY]
        error = 1 / (1 + np.exp(-features[chosen] @ weights)) - labels[chosen]
        noise = draw_joint(secret, PARTIES, 0, 0, (step,), sampler=SAMPLER, count=len(weights)) / 2**GRID
        weights = weights - RATE * (error @ features[chosen] + noise) / BATCH
    return weights


def main() -> None:
    base = np.load(HERE / "base.npz", allow_pickle=False)["w0"]
    print(f"base model: test accuracy {accuracy(base):.3f}")
    found = [accuracy(train(base, HERE / "records.csv", RunSecret.from_seed(seed))) for seed in range(1, 6)]
    print(f"reference, seeds 1 to 5: test accuracy {np.mean(found):.4f} ({' '.join(f'{a:.3f}' for a in found)})")


if __name__ == "__main__":
    main()
