"""Makes three banks' payments, the vendor's own with its base model, and a test set. No payment and no fraud is real.

    python examples/fraud-training/prepare.py

Everything is drawn from one seeded generator, which SOURCE.md describes. Its outputs are in the repository.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bits = NDArray[np.bool_]

HERE = Path(__file__).parent
SEED = 13
RECORDS, HOLDOUT, TEST, OWN = 1000, 250, 300, 160  # of a bank; of a bank; of each bank's customers; the vendor's
FRAUDS = 0.3  # of payments that a rule has held up for somebody to look at
BIAS = 0.3
FEATURE, WEIGHT = 32, 128  # grid units of fix<6, 5>, fix<13, 7>
SCALES = {  # public constants that bring a field to about the same size as the others
    "amount": 0.22,
    "night": 0.4,
    "abroad": 0.35,
    "distance": 0.3,
    "online": 0.4,
    "cash": 0.35,
    "stripe": 0.4,
    "new_device": 0.4,
    "new_payee": 0.4,
    "reset": 0.45,
    "failed_pins": 0.25,
    "hourly": 0.14,
    "account_age": 0.15,
    "risky_shop": 0.4,
}


@dataclass(frozen=True)
class Customers:
    """How honest payments are made, and which frauds there are: shares of at home by card, online, abroad by card."""

    ways: tuple[float, float, float]
    frauds: tuple[float, float, float]


WHO = {
    "bank_a": Customers((0.75, 0.15, 0.10), (0.86, 0.07, 0.07)),  # branches and cash machines
    "bank_b": Customers((0.15, 0.75, 0.10), (0.07, 0.86, 0.07)),  # a telephone and no branch
    "bank_c": Customers((0.25, 0.15, 0.60), (0.07, 0.07, 0.86)),  # cards for travellers
}
ELSEWHERE = Customers((0.60, 0.35, 0.05), (0.80, 0.15, 0.05))  # what the vendor has seen


def draw(random: np.random.Generator, count: int, customers: Customers) -> tuple[Array, Bits]:
    """Payments (count, 14), in the order and the units of SOURCE.md, and whether each is a fraud (count,).

    Of the three frauds a stolen card is used at cash machines and at night, with wrong PINs; an account that was taken
    over pays new payees from a new device behind a reset password; a copied card is used abroad, far from where it was
    last seen, by its magnetic stripe, often and for little.
    """
    fraud = random.random(count) < FRAUDS
    way = np.where(fraud, random.choice(3, count, p=customers.frauds), random.choice(3, count, p=customers.ways))
    web, away = way == 1, way == 2
    stolen, taken, copied = fraud & (way == 0), fraud & web, fraud & away

    def happens(likely: Array | float) -> Bits:
        return random.random(count) < likely

    columns = (
        random.normal(size=count) + 0.9 * stolen + taken - 0.7 * copied + (0.3 * web + 0.5 * away) * ~fraud,
        happens(0.12 + 0.4 * stolen + 0.2 * copied + 0.1 * taken),
        away,
        random.exponential(0.4, count)
        + away * random.exponential(0.6, count)
        + copied * random.exponential(1.2, count),
        web,
        ~web & happens(0.2 + 0.5 * stolen + 0.1 * copied),
        ~web & happens(0.06 + 0.15 * away + 0.55 * copied),
        web & happens(0.15 + 0.6 * taken),
        web & happens(0.2 + 0.5 * taken),
        web & happens(0.06 + 0.35 * taken),
        ~web * np.minimum(random.poisson(0.25 + 0.9 * stolen + 0.1 * copied), 3),
        np.minimum(random.poisson(0.6 + 0.9 * stolen + 0.6 * taken + 2.0 * copied), 6),
        random.normal(size=count) - 0.4 * taken - 0.3 * copied,
        happens(0.1 + 0.2 * taken + 0.4 * copied),
    )
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1), fraud


@dataclass
class Generator:
    """Draws payments of which no two have the same numbers in any order, so that a ledger takes no two for one."""

    random: np.random.Generator
    seen: set[bytes] = field(default_factory=set[bytes])

    def rows(self, count: int, customers: Customers) -> tuple[NDArray[np.int64], Bits]:
        payments, fraud = draw(self.random, 2 * count, customers)
        rows = features(payments)
        new: list[int] = []
        for i, row in enumerate(rows):
            numbers = np.sort(row).tobytes()
            if len(new) < count and numbers not in self.seen:
                self.seen.add(numbers)
                new.append(i)
        return rows[new], fraud[new]


def features(payments: Array) -> NDArray[np.int64]:
    """Rows of fix<6, 5> grid integers, (n, 15), each of norm at most 1: by public constants, and row by row."""
    scaled = payments * list(SCALES.values())
    norms = np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 1e-9)
    return np.stack([_rounded(row) for row in scaled * np.minimum(1.0, sqrt(1 - BIAS**2) / norms)])


def _rounded(row: Array) -> NDArray[np.int64]:
    """With the bias behind it, shrunk until its norm is at most 1 after rounding too."""
    shrink = 1.0
    while True:
        grid = np.floor(np.append(row * shrink, BIAS) * FEATURE + 0.5).astype(np.int64)
        if int(grid @ grid) <= FEATURE**2:
            return grid
        shrink -= 1 / 128


def base_model(rows: NDArray[np.int64], fraud: Bits) -> Array:
    """15 weights, multiples of 1/128: logistic regression with the usual unit penalty, by gradient descent."""
    x, w = rows / FEATURE, np.zeros(rows.shape[1])
    for _ in range(5000):
        w -= ((1 / (1 + np.exp(-x @ w)) - fraud) @ x + w) / 50
    return np.floor(w * WEIGHT + 0.5) / WEIGHT


def write(path: Path, rows: NDArray[np.int64], fraud: Bits) -> None:
    """One line a payment; two decimals tell multiples of 1/32 apart."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*(f"x{i}" for i in range(rows.shape[1])), "y"])
        for row, y in zip(rows, fraud, strict=True):
            writer.writerow([*(f"{int(v) / FEATURE:.2f}".rstrip("0").rstrip(".") for v in row), int(y)])


def main() -> None:
    generator = Generator(np.random.default_rng(SEED))
    test: list[tuple[NDArray[np.int64], Bits]] = []
    for bank, customers in WHO.items():
        write(HERE / f"{bank}.csv", *generator.rows(RECORDS, customers))
        write(HERE / f"{bank}_holdout.csv", *generator.rows(HOLDOUT, customers))
        test.append(generator.rows(TEST, customers))
    rows, fraud = (np.concatenate(part) for part in zip(*test, strict=True))
    write(HERE / "test.csv", rows, fraud)
    rows, fraud = generator.rows(OWN, ELSEWHERE)
    write(HERE / "vendor.csv", rows, fraud)
    np.savez(HERE / "base.npz", w0=base_model(rows, fraud))


if __name__ == "__main__":
    main()
