"""Small tables of one's own, as `ccr new` is given them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np


def own_table(path: Path, classes: int, n: int = 80, seed: int = 1) -> str:
    """Three columns of different scales, one that says nothing, one of text, and `kind`: of as many classes, or, of
    none, a number."""
    rng = np.random.default_rng(seed)
    if classes:
        y = np.arange(n) % classes
        centre = np.column_stack([np.cos(2 * np.pi * y / classes), np.sin(2 * np.pi * y / classes)])
        answers = [f"class {'abcdef'[label]}" for label in y]
    else:
        centre = rng.normal(size=(n, 2))
        answers = [f"{v:.3f}" for v in 20 + 5 * centre[:, 0] - 3 * centre[:, 1] + rng.normal(0, 0.5, n)]
    x = np.column_stack([100 * centre[:, 0], 0.01 * centre[:, 1], rng.normal(size=n)])
    x += rng.normal(0, 0.2, x.shape) * [100, 0.01, 1]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["the size", "weight", "noise", "always", "name", "kind"])
        writer.writerows(
            [*(f"{v:.6g}" for v in row), 7, f"n{i}", a] for i, (row, a) in enumerate(zip(x, answers, strict=True))
        )
    return str(path)
