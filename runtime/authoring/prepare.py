"""Makes a table fit the program beside this file: features on a grid, no record's longer than 1, and a numeric label.

    python prepare.py TABLE.csv records.csv

`scaling.json`, beside this file too, says which columns are read and what is done to them.  Its numbers were made from
a table of the model's owner; none comes from the table that is prepared here.  Needs NumPy alone.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_FINER = 1 / 1024  # of a record's length, by which it is shortened until rounding leaves it no longer than 1


class Unusable(ValueError):
    """A table does not have what is to be read; the message says where."""


@dataclass(frozen=True)
class Scaling:
    """x becomes (x - centre) / width by column, its length at most `reach`, and `bias` stands behind it.

    All are multiples of 2^-fraction.  A label is its place among `classes`; a number y, where there are none, becomes
    (y - middle) / spread.
    """

    columns: Sequence[str]
    label: str
    classes: Sequence[str]
    centre: Sequence[float]
    width: Sequence[float]
    bias: float
    fraction: int
    middle: float = 0.0
    spread: float = 1.0

    @property
    def reach(self) -> float:
        return sqrt(1 - self.bias**2)


def features(raw: Floats, scaling: Scaling) -> Floats:
    """Rows of multiples of 2^-fraction, the bias last, each of length 1 at most."""
    scaled = (raw - np.array(scaling.centre)) / np.array(scaling.width)
    lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
    scaled = scaled * (scaling.reach / np.maximum(lengths, scaling.reach))
    unit = 2**scaling.fraction
    whole = np.hstack([scaled, np.full((len(raw), 1), scaling.bias)]) * unit
    shrink = np.ones((len(raw), 1))
    while True:
        grid = np.floor(whole * shrink + 0.5)
        long = (grid**2).sum(axis=1) > unit**2
        if not long.any():
            return np.asarray(grid / unit)
        shrink[long] -= _FINER


def labels(given: Sequence[str], scaling: Scaling) -> Floats:
    """Raises Unusable for what is no class, or no number."""
    if scaling.classes:
        places = {name: place for place, name in enumerate(scaling.classes)}
        if unknown := sorted({plain(text) for text in given} - places.keys()):
            raise Unusable(f"`{unknown[0]}` in the column `{scaling.label}` is none of {', '.join(scaling.classes)}")
        return np.array([places[plain(text)] for text in given], dtype=np.float64)
    unit = 2**scaling.fraction
    scaled = (np.array([number(text, scaling.label) for text in given]) - scaling.middle) / scaling.spread
    return np.asarray(np.clip(np.floor(scaled * unit + 0.5), -unit, unit - 1) / unit)


def number(text: str, column: str) -> float:
    """Raises Unusable unless it is one, and finite."""
    try:
        found = float(text)
    except ValueError:
        found = float("nan")
    if not np.isfinite(found):
        raise Unusable(f"`{text}` in the column `{column}` is not a number: fill the gap, or leave out the record")
    return found


def plain(text: str) -> str:
    """A class by its name: 1, 1.0 and 1.00 are one."""
    try:
        found = float(text)
    except ValueError:
        return text.strip()
    return str(int(found)) if found.is_integer() else str(found)


def write(file: TextIO, rows: Floats, answers: Floats) -> None:
    """Columns x0, x1, ... and y, as the program names its fields."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*(f"x{i}" for i in range(rows.shape[1])), "y"])
    writer.writerows([f"{value:.12g}" for value in (*row, y)] for row, y in zip(rows, answers, strict=True))


def _read(path: Path, scaling: Scaling) -> tuple[Floats, list[str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        header = file.readline()
        file.seek(0)
        table = csv.DictReader(file, delimiter=max(",;\t|", key=header.count))
        missing = [name for name in (*scaling.columns, scaling.label) if name not in (table.fieldnames or ())]
        if missing:
            raise Unusable(f"{path} has no column `{missing[0]}`; its first line names them")
        lines = list(table)
    raw = np.array([[number(line[name] or "", name) for name in scaling.columns] for line in lines])
    return raw.reshape(-1, len(scaling.columns)), [line[scaling.label] or "" for line in lines]


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: python prepare.py TABLE.csv OUT.csv")
    scaling = Scaling(**json.loads(Path(__file__).with_name("scaling.json").read_text(encoding="utf-8")))
    try:
        raw, given = _read(Path(sys.argv[1]), scaling)
        rows, answers = features(raw, scaling), labels(given, scaling)
        with Path(sys.argv[2]).open("w", newline="", encoding="utf-8") as file:
            write(file, rows, answers)
    except (Unusable, OSError) as error:
        sys.exit(f"error: {error}")
    print(f"{sys.argv[2]}: {len(given)} records")


if __name__ == "__main__":
    main()
