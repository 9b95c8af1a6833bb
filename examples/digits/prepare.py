"""Makes records.csv, test.csv and the start weights from the digits that scikit-learn ships.

    python examples/digits/prepare.py

It needs scikit-learn and is run once, by whoever maintains the example; its outputs are in the repository.
"""

from __future__ import annotations

import csv
import hashlib
from math import sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

HERE = Path(__file__).parent
SPLIT = "digits 0"  # orders the records
TEST = 360
INK, PAPER = 16, 4  # full ink; the level that is subtracted, the same for every pixel and known beforehand
BIAS = 16  # 1/8, in grid units
FEATURE = 128  # grid units of fix<7, 7>
WEIGHT = 1024  # grid units of the weights' kinds, which have 10 fraction bits
HIDDEN, CHANNELS = 32, 4


def split(labels: NDArray[np.int64], name: str) -> tuple[list[int], list[int]]:
    """Record numbers of (records, test), both with the classes in proportion.

    The order within a class is that of SHA-256 of the number, so it depends on no generator's version.
    """
    records: list[int] = []
    test: list[int] = []
    for label in range(10):
        members = [i for i in range(len(labels)) if labels[i] == label]
        members.sort(key=lambda i: hashlib.sha256(f"{name} {i}".encode()).digest())
        held = round(TEST * len(members) / len(labels))
        test += members[:held]
        records += members[held:]
    return sorted(records), sorted(test)


def features(pixels: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows of fix<7, 7> grid integers, shape (n, 65): the image at norm sqrt(1 - BIAS^2), and the bias.

    Each is shrunk until its norm is at most 1 after rounding too.
    """
    centred = (pixels - PAPER) / INK
    images = centred / np.linalg.norm(centred, axis=1, keepdims=True) * sqrt(FEATURE**2 - BIAS**2)
    return np.stack([_rounded(image) for image in images])


def _rounded(image: NDArray[np.float64]) -> NDArray[np.int64]:
    shrink = 1.0
    while True:
        grid = np.append(np.floor(image * shrink + 0.5).astype(np.int64), BIAS)
        if int(grid @ grid) <= FEATURE**2:
            return grid
        shrink -= 1 / 1024


def start(name: str, shape: tuple[int, ...], inputs: int) -> NDArray[np.float64]:
    """Random weights, multiples of 1/1024: uniform with variance 2/inputs, from SHA-256 of each weight's number."""
    count = int(np.prod(shape))
    words = [hashlib.sha256(f"{SPLIT} {name} {i}".encode()).digest()[:8] for i in range(count)]
    unit = np.array([int.from_bytes(word, "big") for word in words]) / 2**63 - 1
    return (np.floor(unit * sqrt(6 / inputs) * WEIGHT + 0.5) / WEIGHT).reshape(shape)


def write(path: Path, rows: NDArray[np.int64], labels: NDArray[np.int64]) -> None:
    """One line a record: the pixels row by row, the bias, the digit; three decimals tell multiples of 1/128 apart."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*(f"x{i}" for i in range(rows.shape[1])), "y"])
        for row, label in zip(rows, labels, strict=True):
            writer.writerow([*(f"{int(v) / FEATURE:.3f}" for v in row), int(label)])


def main() -> None:
    pixels, digits = load_digits(return_X_y=True)
    labels, rows = np.asarray(digits, dtype=np.int64), features(np.asarray(pixels, dtype=np.float64))
    for name, part in zip(("records", "test"), split(labels, SPLIT), strict=True):
        write(HERE / f"{name}.csv", rows[part], labels[part])
    np.savez(HERE / "linear.npz", w0=np.zeros((65, 10)))
    np.savez(
        HERE / "mlp.npz",
        first=start("first", (65, HIDDEN), 4),
        second=start("second", (HIDDEN, 10), HIDDEN),
        bias=np.zeros(10),
    )
    np.savez(
        HERE / "cnn.npz",
        kernels0=start("kernels", (CHANNELS, 3, 3), 1),
        dense0=start("dense", (CHANNELS * 9, 10), CHANNELS * 9),
        bias0=np.zeros(10),
    )


if __name__ == "__main__":
    main()
