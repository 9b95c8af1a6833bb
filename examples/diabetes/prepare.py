"""Makes records.csv, vendor.csv, test.csv and base.npz from the patients that scikit-learn ships.

    python examples/diabetes/prepare.py

It needs scikit-learn and is run once, by whoever maintains the example; its outputs are in the repository.
"""

from __future__ import annotations

import csv
import hashlib
from math import sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_diabetes

HERE = Path(__file__).parent
VENDOR, TEST = 40, 88
BIAS = 128  # 1/2, in grid units
FEATURE = 256  # grid units of fix<9, 8>
WEIGHT = 4096  # grid units in which the base model is written; the program rounds it to its own kind
MIDDLE, SPREAD = 150, 200  # of the progression, whose scale is 25 to 346


def split(total: int) -> tuple[list[int], list[int], list[int]]:
    """Record numbers of (records, vendor, test), ordered by SHA-256 of the number."""
    order = sorted(range(total), key=lambda i: hashlib.sha256(f"diabetes {i}".encode()).digest())
    return sorted(order[VENDOR + TEST :]), sorted(order[:VENDOR]), sorted(order[VENDOR : VENDOR + TEST])


def features(raw: NDArray[np.float64], own: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows of fix<9, 8> grid integers, shape (n, 11), of norm at most 1; `own` are the rows that set the scale."""
    scaled = (raw - own.mean(axis=0)) / own.std(axis=0) / 5
    room = sqrt(1 - (BIAS / FEATURE) ** 2)
    clipped = scaled * np.minimum(1.0, room / np.linalg.norm(scaled, axis=1, keepdims=True))
    return np.stack([_rounded(row * FEATURE) for row in clipped])


def _rounded(row: NDArray[np.float64]) -> NDArray[np.int64]:
    """The row and the bias on the grid, shrunk until the bound holds after rounding too."""
    shrink = 1.0
    while True:
        grid = np.append(np.floor(row * shrink + 0.5).astype(np.int64), BIAS)
        if int(grid @ grid) <= FEATURE**2:
            return grid
        shrink -= 1 / 1024


def targets(progression: NDArray[np.float64]) -> NDArray[np.int64]:
    """fix<9, 8> grid integers of (progression - 150) / 200, which lies within -1..1."""
    return np.floor((progression - MIDDLE) / SPREAD * FEATURE + 0.5).astype(np.int64)


def base_model(rows: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.float64]:
    """11 weights, multiples of 1/4096: least squares with an L2 penalty of 1, which few patients need."""
    x = rows / FEATURE
    solved = np.linalg.solve(x.T @ x + np.eye(x.shape[1]), x.T @ (y / FEATURE))
    return np.asarray(np.floor(solved * WEIGHT + 0.5) / WEIGHT)


def write(path: Path, rows: NDArray[np.int64], y: NDArray[np.int64]) -> None:
    """One line a patient; three decimals tell multiples of 1/256 apart."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*(f"x{i}" for i in range(rows.shape[1])), "y"])
        for row, target in zip(rows, y, strict=True):
            writer.writerow([f"{int(v) / FEATURE:.3f}" for v in (*row, target)])


def main() -> None:
    raw, progression = (np.asarray(part, dtype=np.float64) for part in load_diabetes(return_X_y=True, scaled=False))
    records, vendor, test = split(len(progression))
    rows, y = features(raw, raw[vendor]), targets(progression)
    for name, part in (("records", records), ("vendor", vendor), ("test", test)):
        write(HERE / f"{name}.csv", rows[part], y[part])
    np.savez(HERE / "base.npz", w0=base_model(rows[vendor], y[vendor]))


if __name__ == "__main__":
    main()
