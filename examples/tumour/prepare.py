"""Makes records.csv, vendor.csv, test.csv and base.npz from the records that scikit-learn ships.

    python examples/tumour/prepare.py

It needs scikit-learn and is run once, by whoever maintains the example; its outputs are in the repository.
"""

from __future__ import annotations

import csv
import hashlib
from math import sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

HERE = Path(__file__).parent
SPLIT = "tumour 7"  # orders the records; see SOURCE.md for what other splits give
VENDOR, TEST = 40, 74
BIAS = 0.3
FEATURE = 256  # grid units of fix<9, 8>
WEIGHT = 1024  # grid units in which the base model is written; the program rounds it to its own kind


def split(labels: NDArray[np.int64], name: str) -> tuple[list[int], list[int], list[int]]:
    """Record numbers of (records, vendor, test), each part with the classes in proportion.

    The order within a class is that of SHA-256 of the number, so it depends on no generator's version.
    """
    total = len(labels)
    vendor: list[int] = []
    test: list[int] = []
    records: list[int] = []
    for label in (0, 1):
        members = [i for i in range(total) if labels[i] == label]
        members.sort(key=lambda i: hashlib.sha256(f"{name} {i}".encode()).digest())
        own, held = round(VENDOR * len(members) / total), round(TEST * len(members) / total)
        vendor += members[:own]
        test += members[own : own + held]
        records += members[own + held :]
    return sorted(records), sorted(vendor), sorted(test)


def features(raw: NDArray[np.float64], mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows of fix<9, 8> grid integers, shape (n, 31), each of norm at most 1.

    Standardised, divided by 3, clipped to the norm that the bias leaves room for, and shrunk until that holds after
    rounding too.
    """
    scaled = (raw - mean) / deviation / 3
    norms = np.linalg.norm(scaled, axis=1, keepdims=True)
    clipped = scaled * np.minimum(1.0, sqrt(1 - BIAS**2) / norms)
    rows = np.hstack([clipped, np.full((len(raw), 1), BIAS)])
    return np.stack([_rounded(row) for row in rows])


def _rounded(row: NDArray[np.float64]) -> NDArray[np.int64]:
    shrink = 1.0
    while True:
        grid = np.floor(row * shrink * FEATURE + 0.5).astype(np.int64)
        if int(grid @ grid) <= FEATURE**2:
            return grid
        shrink -= 1 / 1024


def base_model(rows: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """31 weights, multiples of 1/1024: logistic regression with the usual unit penalty, which keeps them small."""
    model = LogisticRegression(C=1.0, fit_intercept=False)  # the bias is a feature
    fitted = model.fit(rows / FEATURE, labels)
    return np.floor(np.asarray(fitted.coef_[0], dtype=np.float64) * WEIGHT + 0.5) / WEIGHT


def write(path: Path, rows: NDArray[np.int64], labels: NDArray[np.int64]) -> None:
    """One line a record: the features as exact decimals, then the label."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*(f"x{i}" for i in range(rows.shape[1])), "y"])
        for row, label in zip(rows, labels, strict=True):
            writer.writerow([*(repr(int(v) / FEATURE) for v in row), int(label)])


def main() -> None:
    data = load_breast_cancer()
    labels = np.asarray(1 - data.target, dtype=np.int64)  # as shipped, 0 is malignant
    records, vendor, test = split(labels, SPLIT)
    own = data.data[vendor]
    rows = features(data.data, own.mean(axis=0), own.std(axis=0))
    for name, part in (("records", records), ("vendor", vendor), ("test", test)):
        write(HERE / f"{name}.csv", rows[part], labels[part])
    np.savez(HERE / "base.npz", w0=base_model(rows[vendor], labels[vendor]))


if __name__ == "__main__":
    main()
