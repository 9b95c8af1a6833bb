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
_TOLD = 10  # records that cannot be used


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
    found = np.array([_answer(text, scaling) for text in given], dtype=np.float64)
    if scaling.classes:
        return found
    unit = 2**scaling.fraction
    scaled = (found - scaling.middle) / scaling.spread
    return np.asarray(np.clip(np.floor(scaled * unit + 0.5), -unit, unit - 1) / unit)


def _answer(text: str, scaling: Scaling) -> float:
    """The place of a class, or the number.  Raises Unusable."""
    if not scaling.classes:
        return number(text, scaling.label)
    name = plain(text)
    if name not in scaling.classes:
        raise Unusable(f"`{name}` in the column `{scaling.label}` is none of {', '.join(scaling.classes)}")
    return float(scaling.classes.index(name))


def number(text: str, column: str) -> float:
    """Raises Unusable unless it is one, and finite."""
    try:
        found = float(text)
    except ValueError:
        found = float("nan")
    if not np.isfinite(found):
        comma = ": separate cells by semicolons where commas are decimal" if "," in text else ""
        raise Unusable(f"`{text}` in the column `{column}` is not a number{comma}")
    return found


def pointed(text: str) -> str:
    """A numeral of a table of decimal commas with a point.  Raises Unusable where it has one already."""
    if "." in text and "," not in text and text.replace(".", "").lstrip("+-").isdecimal():
        raise Unusable(f"`{text}` has a point where other numbers have a decimal comma")
    return text.replace(",", ".") if text.replace(",", "", 1).lstrip("+-").isdecimal() else text


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
    try:
        with path.open("rb") as raw:
            wide = raw.read(2) in (b"\xff\xfe", b"\xfe\xff")
        with path.open(newline="", encoding="utf-16" if wide else "utf-8-sig") as file:
            header = file.readline()
            file.seek(0)
            return _rows(csv.DictReader(file, delimiter=max(",;\t|", key=header.count)), path, scaling)
    except UnicodeError:
        raise Unusable(f"{path} is not UTF-8: save it as UTF-8; spreadsheets call that CSV UTF-8") from None
    except csv.Error as error:
        raise Unusable(f"{path} is not a CSV text: {error}") from None


def _rows(table: csv.DictReader[str], path: Path, scaling: Scaling) -> tuple[Floats, list[str]]:
    """Features and labels of all records, or Unusable with the lines of those that cannot be used."""
    numerals = [*scaling.columns, *([] if scaling.classes else [scaling.label])]
    missing = [name for name in (*scaling.columns, scaling.label) if name not in (table.fieldnames or ())]
    if missing:
        raise Unusable(f"{path} has no column `{missing[0]}`; its first line names them")
    raw, answers, wrong = list[list[float]](), list[str](), list[str]()
    lines = [(table.line_num, {name: line[name] or "" for name in (*scaling.columns, scaling.label)}) for line in table]
    commas = table.reader.dialect.delimiter == ";" and any("," in line[name] for _, line in lines for name in numerals)
    for at, line in lines:
        try:
            if commas:
                line |= {name: pointed(line[name]) for name in numerals}
            raw.append([number(line[name], name) for name in scaling.columns])
            answers.append(line[scaling.label])
            _answer(answers[-1], scaling)
        except Unusable as error:
            wrong.append(f"{path}, line {at}: {error}")
    if wrong:
        more = f"\n... and {len(wrong) - _TOLD} more" if len(wrong) > _TOLD else ""
        raise Unusable("\n".join(wrong[:_TOLD]) + more + "\ncorrect these records, or leave them out")
    return np.array(raw).reshape(-1, len(scaling.columns)), answers


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: python prepare.py TABLE.csv OUT.csv")
    try:
        scaling = Scaling(**json.loads(Path(__file__).with_name("scaling.json").read_text(encoding="utf-8")))
        raw, given = _read(Path(sys.argv[1]), scaling)
        rows, answers = features(raw, scaling), labels(given, scaling)
        with Path(sys.argv[2]).open("w", newline="", encoding="utf-8") as file:
            write(file, rows, answers)
    except (Unusable, OSError) as error:
        sys.exit(f"error: {error}")
    print(f"{sys.argv[2]}: {len(given)} records")


if __name__ == "__main__":
    main()
