"""Values to grid integers, exactly: x becomes floor(x 2^F + 1/2).

Nothing is clamped: a value whose integer the kind cannot hold is refused, as are NaN and infinities.  The three
encoders differ in where the values come from, not in what they mean.  Each raises BadValue with the flat index of the
first value that it refuses; the caller knows which row and column that is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from math import floor

import numpy as np
from numpy.typing import NDArray

from runtime.data.specs import Kind

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_LONGEST = 400  # digits of a numeral: more than any float64 has
_LARGEST = 52  # every half-integer below 2^52 is a float64, on which the argument in `encode_text` rests


class BadValue(Exception):
    """The value at flat position `index` cannot be encoded."""

    def __init__(self, index: int, what: str, help: str) -> None:
        super().__init__(what)
        self.index = index
        self.what = what
        self.help = help


def encode_floats(values: NDArray[np.float64], kind: Kind) -> NDArray[np.int64]:
    """float64 of shape (count,), taken as the exact dyadic rationals they are; `kind.bits` <= 63."""
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise _not_finite(int(bad[0]), str(values[bad[0]]))
    with np.errstate(over="ignore", under="ignore"):
        scaled = np.ldexp(values, kind.fraction)  # exact, but for subnormals (0 on the grid) and overflow (refused)
    bad = np.flatnonzero(np.abs(scaled) > 2.0**63)  # -2^63 itself is an int64
    if len(bad):
        raise _out_of_range(int(bad[0]), str(values[bad[0]]), kind)
    grid = np.floor(scaled)
    if kind.fraction == 0:
        bad = np.flatnonzero(grid != scaled)
        if len(bad):
            raise _not_integer(int(bad[0]), str(values[bad[0]]), kind)
    grid += scaled - grid >= 0.5  # not floor(scaled + 0.5), which rounds 0.49999999999999994 up
    bad = np.flatnonzero(grid >= 2.0**63)
    if len(bad):
        raise _out_of_range(int(bad[0]), str(values[bad[0]]), kind)
    integers = grid.astype(np.int64)
    bad = np.flatnonzero((integers < kind.low) | (integers > kind.high))
    if len(bad):
        raise _out_of_range(int(bad[0]), str(values[bad[0]]), kind)
    return integers


def encode_integers(values: NDArray[np.int64], kind: Kind) -> NDArray[np.int64]:
    """int64 of shape (count,): the values themselves, so a kind with fraction bits shifts them; `kind.bits` <= 63."""
    low, high = -(-kind.low >> kind.fraction), kind.high >> kind.fraction
    bad = np.flatnonzero((values < low) | (values > high))
    if len(bad):
        raise _out_of_range(int(bad[0]), str(values[bad[0]]), kind)
    return values << kind.fraction


def encode_text(cells: Sequence[str], kind: Kind) -> NDArray[np.int64]:
    """Decimal numerals, taken as the exact rationals they are; `kind.bits` <= 63.

    float(cell) is the nearest float64, and rounding keeps order: if the grid's half-way point b is itself a float64,
    then cell >= b implies float(cell) >= b, and cell < b implies float(cell) <= b.  So float64 puts a cell on the
    right side of every b unless float(cell) *is* b, and only those cells are read again as fractions.
    """
    everything = "".join(cells)
    if kind.bits > _LARGEST or "_" in everything or not everything.isascii():  # int("1_0") is 10, float too
        return _encode_each(cells, kind)
    try:
        if kind.fraction == 0:
            return encode_integers(np.array([int(cell) for cell in cells], dtype=np.int64), kind)
        values = np.array([float(cell) for cell in cells], dtype=np.float64)
        integers = encode_floats(values, kind)
    except (ValueError, OverflowError, BadValue):
        return _encode_each(cells, kind)  # which says what is wrong, in the words of the file
    scaled = np.ldexp(values, kind.fraction)
    for i in map(int, np.flatnonzero(scaled - np.floor(scaled) == 0.5)):
        integers[i] = encode_number(cells[i], kind, i)
    return integers


def _encode_each(cells: Sequence[str], kind: Kind) -> NDArray[np.int64]:
    integers = (encode_number(cell, kind, i) for i, cell in enumerate(cells))
    return np.fromiter(integers, dtype=np.int64, count=len(cells))


def encode_number(cell: str, kind: Kind, index: int = 0) -> int:
    """One decimal numeral, exactly.  Raises BadValue at `index`."""
    text = cell.strip()
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        if text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
            raise _not_finite(index, text)
        said = f"`{text[:40]}` is not a number" if text else "the cell is empty"
        raise BadValue(index, said, "write a decimal number such as 0.25 or 1e-3")
    value = Fraction(text)
    if kind.fraction == 0 and value.denominator != 1:
        raise _not_integer(index, text, kind)
    integer = floor(value * (1 << kind.fraction) + Fraction(1, 2))
    if not kind.low <= integer <= kind.high:
        raise _out_of_range(index, text, kind)
    return integer


def _not_finite(index: int, value: str) -> BadValue:
    return BadValue(index, f"{value} is not a finite number", "drop the record or fill the gap with a number")


def _not_integer(index: int, value: str, kind: Kind) -> BadValue:
    return BadValue(index, f"{value} is no integer, as `{kind}` needs", "write whole numbers only")


def _out_of_range(index: int, value: str, kind: Kind) -> BadValue:
    return BadValue(
        index,
        f"{value} is out of range of `{kind}`, which holds {kind.range}",
        "scale the values, or give the program a wider kind; values are never clamped on the way in",
    )
