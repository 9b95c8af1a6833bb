"""What the program computes, in floating point; and how good a model is.

    python examples/diabetes/reference.py                base model, and the reference over seeds 1 to 5
    python examples/diabetes/reference.py tuned.npz      error of a model that `ccr run` wrote

The batches and the noise are those of `ccr simulate --seed N`; what differs is that nothing is rounded.
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

HERE = Path(__file__).parent
BATCH, STEPS, CLIP, NOISE, RATE = 64, 40, Fraction(1, 4), Fraction(286, 100), 2.0
FEATURE = 256  # grid units of the features' kind
SPREAD = 200  # what 1 stands for in the scale of the disease's progression
GRID = 16  # fraction bits of the sum that the noise is added to
PARTIES, SAMPLER = ("vendor", "clinic"), sampler(NOISE * CLIP * 2**GRID)


def read(path: Path) -> tuple[Array, Array]:
    """Features (n, 11) and targets (n,) of a .csv of this folder, as the program reads them."""
    table = np.floor(np.loadtxt(path, delimiter=",", skiprows=1) * FEATURE + 0.5) / FEATURE
    return table[:, :-1], table[:, -1]


def error(weights: Array, path: Path = HERE / "test.csv") -> float:
    """The root mean square error, in the units of the progression (its standard deviation is 77)."""
    x, y = read(path)
    return float(np.sqrt(np.mean((x @ weights - y) ** 2))) * SPREAD


def train(weights: Array, path: Path, secret: RunSecret) -> Array:
    """DP-SGD on half the squared error, of which a patient's is clamped."""
    x, y = read(path)
    for step in range(STEPS):
        numbers = draw_batch(secret, 0, (step,), n=len(y), batch=BATCH, slots=slot_count(BATCH))
        chosen = numbers[numbers != EMPTY]
        errors = np.clip(x[chosen] @ weights - y[chosen], -float(CLIP), float(CLIP))
        noise = draw_joint(secret, PARTIES, 0, 0, (step,), sampler=SAMPLER, count=len(weights)) / 2**GRID
        weights = weights - RATE / BATCH * (errors @ x[chosen] + noise)
    return weights


def main() -> None:
    if len(sys.argv) > 1:
        with np.load(sys.argv[1], allow_pickle=False) as file:
            (name,) = file.files
            print(f"{name}: test error {error(file[name]):.1f}")
        return
    base = np.load(HERE / "base.npz", allow_pickle=False)["w0"]
    print(f"base model: test error {error(base):.1f}")
    found = [error(train(base, HERE / "records.csv", RunSecret.from_seed(seed))) for seed in range(1, 6)]
    print(f"reference, seeds 1 to 5: test error {np.mean(found):.1f} ({' '.join(f'{e:.1f}' for e in found)})")


if __name__ == "__main__":
    main()
