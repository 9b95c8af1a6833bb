"""Values to grid integers, exactly: x becomes floor(x 2^F + 1/2).

Nothing is clamped: a value whose integer the kind cannot hold is refused, as are NaN and infinities.  The three
encoders differ in where the values come from, not in what they mean: 1, 1.0 and True are one value.  Each raises
BadValue with the flat positions of all values that it refuses; the caller knows which rows and columns these are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import floor, isfinite
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from compiler.words.integers import Array, dtype_for
from runtime.data.specs import Kind

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_LONGEST = 1100  # characters of a numeral: more than any of a kind of 1024 bits, or of a float64, has
_ZEROS = re.compile(r"(?<![\d.])0+(?=\d)", re.ASCII)  # that lead
_SHOWN = 40  # characters of a numeral in a message
_LARGEST = 52  # every half-integer below 2^52 is a float64, on which the argument in `encode_text` rests
_Cell = TypeVar("_Cell", str, float)
_BIT = "a bit is 0 or 1, or False or True: of two labels write one as 0, the other as 1"
GAP = "drop the record or fill the gap with a number"
TRUTHS = {"true": "1", "True": "1", "TRUE": "1", "false": "0", "False": "0", "FALSE": "0"}


class Ambiguous(str):
    """A numeral, read by the mark that its file would have without the cell `against`; `written` as it stands there."""

    def __new__(cls, text: str, written: str, against: str) -> Ambiguous:
        made = super().__new__(cls, text)
        made.written, made.against = written.strip(), against
        return made

    written: str
    against: str


class Wrong(Exception):
    """Why one value cannot be encoded, and what to do."""

    def __init__(self, what: str, help: str) -> None:
        super().__init__(what)
        self.what = what
        self.help = help


class BadValue(Exception):
    """The values at these flat positions, ascending and at least one, cannot be encoded; `why` tells of each."""

    def __init__(self, indices: Sequence[int], why: Callable[[int], Wrong]) -> None:
        self.indices = indices
        self.why = why
        self.index = indices[0]
        first = why(self.index)
        self.what, self.help = first.what, first.help
        super().__init__(self.what)


def dtype_of(kind: Kind) -> type[np.int64] | type[object]:
    """Of the integers of a kind, of whatever width."""
    return dtype_for(kind.low, kind.high)


def encode_floats(values: NDArray[np.float64], kind: Kind) -> Array:
    """float64 of shape (count,), taken as the exact dyadic rationals they are."""
    if dtype_of(kind) is object:
        return _encode_each(values.tolist(), kind, _encode_float)
    finite = np.isfinite(values)
    with np.errstate(over="ignore", under="ignore"):
        # Exact, but for subnormals (0 on the grid) and overflow (refused).
        scaled = np.ldexp(np.where(finite, values, 0.0), kind.fraction)
    grid = np.floor(scaled)
    whole = grid == scaled
    with np.errstate(invalid="ignore"):
        grid += scaled - grid >= 0.5  # not floor(scaled + 0.5), which rounds 0.49999999999999994 up
    held = (np.abs(scaled) <= 2.0**63) & (grid < 2.0**63)  # -2^63 itself is an int64
    integers = np.where(held, grid, 0.0).astype(np.int64)
    good = finite & held & (integers >= kind.low) & (integers <= kind.high)
    if kind.fraction == 0:
        good &= whole

    def why(index: int) -> Wrong:
        value = str(values[index])
        if not finite[index]:
            return _not_finite(value)
        return _out_of_range(value, kind) if kind.fraction or whole[index] else _not_integer(value, kind)

    return _all(good, integers, why)


def encode_integers(values: NDArray[Any], kind: Kind) -> Array:
    """Integers or booleans of shape (count,): the values themselves, so a kind with fraction bits shifts them."""
    low, high = -(-kind.low >> kind.fraction), kind.high >> kind.fraction
    good = (values >= low) & (values <= high)
    return _all(
        good, values.astype(dtype_of(kind)) << kind.fraction, lambda index: _out_of_range(str(values[index]), kind)
    )


def _all(good: NDArray[np.bool_], integers: Array, why: Callable[[int], Wrong]) -> Array:
    if not good.all():
        raise BadValue(np.flatnonzero(~good).tolist(), why)
    return integers


def encode_text(cells: Sequence[str], kind: Kind) -> Array:
    """Decimal numerals, taken as the exact rationals they are.

    float(cell) is the nearest float64, and rounding keeps order: if the grid's half-way point b is itself a float64,
    then cell >= b implies float(cell) >= b, and cell < b implies float(cell) <= b.  So float64 puts a cell on the
    right side of every b unless float(cell) *is* b, and only those cells are read again as fractions.
    """
    if Ambiguous in set(map(type, cells)):
        return _encode_each(cells, kind, encode_number)
    if not TRUTHS.keys().isdisjoint(cells):
        cells = [TRUTHS.get(cell, cell) for cell in cells]
    everything = "".join(cells)
    if kind.bits > _LARGEST or "_" in everything or not everything.isascii():  # int("1_0") is 10, float too
        return _encode_each(cells, kind, encode_number)
    try:
        if kind.fraction == 0:
            return encode_integers(np.array([int(cell) for cell in cells], dtype=np.int64), kind)
        values = np.array([float(cell) for cell in cells], dtype=np.float64)
        integers = encode_floats(values, kind)
        scaled = np.ldexp(values, kind.fraction)
        for i in map(int, np.flatnonzero(scaled - np.floor(scaled) == 0.5)):
            integers[i] = encode_number(cells[i], kind)
    except (ValueError, OverflowError, BadValue, Wrong):
        return _encode_each(cells, kind, encode_number)  # which says what is wrong, in the words of the file
    return integers


def _encode_each(cells: Sequence[_Cell], kind: Kind, encode: Callable[[_Cell, Kind], int]) -> Array:
    read: dict[_Cell, int | Wrong] = {}  # labels are few, and written like 1.0 they all come here
    for cell in set(cells):
        try:
            read[cell] = encode(cell, kind)
        except Wrong as wrong:
            read[cell] = wrong.with_traceback(None)
    found = [read[cell] for cell in cells]
    if bad := {i: wrong for i, wrong in enumerate(found) if isinstance(wrong, Wrong)}:
        raise BadValue(list(bad), bad.__getitem__)
    return np.array(found, dtype=dtype_of(kind))


def _encode_float(value: float, kind: Kind) -> int:
    if not isfinite(value):
        raise _not_finite(str(value))
    return _on_grid(Fraction(value), str(value), kind)


def encode_number(cell: str, kind: Kind) -> int:
    """One decimal numeral, exactly; `True` is 1.  Raises Wrong."""
    if isinstance(cell, Ambiguous):
        raise Wrong(
            f"`{cell.written}` may be a fraction or thousands, beside {cell.against}",
            "write all numbers of a file with one decimal mark, and nothing between thousands",
        )
    text = cell.strip()
    text = TRUTHS.get(text, text)
    if not _NUMBER.fullmatch(text):
        if text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
            raise _not_finite(text)
        raise _no_number(text, kind)
    text = _ZEROS.sub("", text, count=1)
    if len(text) > _LONGEST:
        what = f"`{text[:_SHOWN]}...` is not a number of at most {_LONGEST} characters: it has {len(text)}"
        raise Wrong(what, "write it shorter")
    return _on_grid(Fraction(text), text, kind)


def _on_grid(value: Fraction, text: str, kind: Kind) -> int:
    """The grid integer of a number that was written like that."""
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    if kind.fraction == 0 and value.denominator != 1:
        raise _not_integer(text, kind)
    integer = floor(value * (1 << kind.fraction) + Fraction(1, 2))
    if not kind.low <= integer <= kind.high:
        raise _out_of_range(text, kind)
    return integer


def _no_number(text: str, kind: Kind) -> Wrong:
    if not text:
        return Wrong("the cell is empty", GAP)
    if kind.bits == 1:
        return Wrong(f"`{text[:_SHOWN]}` is not a number", _BIT)
    help = "write a decimal number such as 0.25 or 1e-3"
    if re.fullmatch(r"[+-]?\d[\d.,' ]*", text, re.ASCII):
        help = "write it with one decimal point, and nothing between thousands: 1234.5"
    return Wrong(f"`{text[:_SHOWN]}` is not a number", help)


def _not_finite(value: str) -> Wrong:
    return Wrong(f"{value} is not a finite number", GAP)


def _not_integer(value: str, kind: Kind) -> Wrong:
    help = _BIT if kind.bits == 1 else "write whole numbers only"
    return Wrong(f"{value} is no integer, as `{kind}` needs", help)


def _out_of_range(value: str, kind: Kind) -> Wrong:
    return Wrong(
        f"{value} is out of range of `{kind}`, which holds {kind.range}",
        _BIT
        if kind.bits == 1
        else "scale the values, or give the program a wider kind; values are never clamped on the way in",
    )
