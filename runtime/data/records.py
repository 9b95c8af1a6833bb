"""A data set's rows from whatever table: each field's columns, encoded, every `where` met, all that is bad counted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import isqrt
from typing import Protocol

import numpy as np

from compiler.words.integers import Array
from lang.numerals import show_number
from runtime.data.arrays import encode_values
from runtime.data.bounds import above
from runtime.data.columns import Columns
from runtime.data.encode import BadValue, Wrong, encode_text
from runtime.data.errors import FIRST, Cell, InputError, bad_cells
from runtime.data.specs import FieldSpec
from runtime.data.table import Part, Table
from runtime.data.where import broken

_PLACES = 40  # bits behind the point of a norm that is told


class Bad(Protocol):
    """Hears of what cannot be used."""

    count: int

    def add(self, found: Sequence[tuple[int, str]], why: Callable[[int], Wrong]) -> None:
        """`found` has the row and column of each, ascending; `why` tells of one by its place in it."""
        ...


@dataclass(slots=True)
class _Bad:
    """How many cells, and the first of them by rows."""

    count: int = 0
    first: list[Cell] = field(default_factory=list[Cell])

    def add(self, found: Sequence[tuple[int, str]], why: Callable[[int], Wrong]) -> None:
        self.count += len(found)
        for i, (row, column) in enumerate(found[:FIRST]):
            wrong = why(i)
            self.first.append(Cell(row, column, wrong.what, wrong.help))

    def cut(self) -> None:
        """At the end of some rows, behind which others follow."""
        self.first = sorted(self.first, key=lambda cell: cell.row or 0)[:FIRST]


def encode_records(table: Table, fields: Sequence[FieldSpec], columns: Columns) -> list[Array]:
    """One array of shape (n, columns) for each field, n >= 1.  Raises InputError."""
    return [np.concatenate(found) for found in zip(*encoded_parts(table, fields, columns), strict=True)]


def encoded_parts(table: Table, fields: Sequence[FieldSpec], columns: Columns) -> Iterator[list[Array]]:
    """Some of the rows at a time, for as long as none is bad: (rows, columns) of each field.

    Raises InputError at the end, when all that is bad was counted.
    """
    bad, rows = _Bad(), 0
    wanted = frozenset(table.columns[place].block for f in fields for place in columns.places[f.name])
    for part in table.parts(wanted):
        rows += len(part.rows)
        encoded = encode_part(table, part, fields, columns, bad)
        bad.cut()
        if not bad.count:
            yield encoded
    if bad.count:
        raise bad_cells(table.file, [_in_its_file(table, cell) for cell in bad.first], bad.count, table.counted)
    if not rows:
        below = " below the header" if table.counted == "line" else ""
        raise InputError(f"there are no rows{below}", help="give at least one row", file=table.file)


def _in_its_file(table: Table, cell: Cell) -> Cell:
    if table.stands is None or cell.row is None:
        return cell
    file, row = table.stands(cell.row)
    return replace(cell, file=file, row=row)


def encode_part(table: Table, part: Part, fields: Sequence[FieldSpec], columns: Columns, bad: Bad) -> list[Array]:
    """Some rows; what is bad is told to `bad`, what a `where` compares only if all cells are numbers of their kinds."""
    before = bad.count
    encoded = [_encode(table, part, f, columns.places[f.name], bad) for f in fields]
    for wrong, why in broken(fields, encoded) if bad.count == before else ():
        bad.add([(part.rows[row], name) for row, name in wrong], why)
    return encoded


def _encode(table: Table, part: Part, field: FieldSpec, at: Sequence[int], bad: Bad) -> Array:
    """The field's columns, shape (rows, columns); what is bad is told to `bad`."""
    pieces: list[Array] = []
    order: list[int] = []
    before = bad.count
    for elements, block in _by_block(table, at):
        order += elements
        names = [table.columns[at[element]].name for element in elements]
        try:
            pieces.append(_encode_block(table, part, field, block, [table.columns[at[e]].offset for e in elements]))
        except BadValue as error:
            bad.add(
                [(part.rows[i // len(names)], names[i % len(names)]) for i in error.indices],
                _nth(error),
            )
    if bad.count > before:
        return np.zeros((0, field.columns), dtype=np.int64)
    integers = np.concatenate(pieces, axis=1)[:, np.argsort(order)]
    _bound(part, field, integers, bad)
    return integers


def _nth(error: BadValue) -> Callable[[int], Wrong]:
    return lambda i: error.why(error.indices[i])


def _by_block(table: Table, at: Sequence[int]) -> Iterator[tuple[list[int], int]]:
    """The elements of a field, together where they are of one block."""
    found: dict[int, list[int]] = {}
    for element, place in enumerate(at):
        found.setdefault(table.columns[place].block, []).append(element)
    yield from ((elements, block) for block, elements in found.items())


def _encode_block(table: Table, part: Part, field: FieldSpec, block: int, offsets: Sequence[int]) -> Array:
    cells = part.blocks[block]
    if isinstance(cells, list):
        return encode_text(cells, field.kind).reshape(-1, 1)
    flat = np.ascontiguousarray(cells[:, list(offsets)]).reshape(-1)
    return encode_values(table.file, field.name, flat, field.kind).reshape(-1, len(offsets))


def _bound(part: Part, field: FieldSpec, integers: Array, bad: Bad) -> None:
    """Rows that do not meet the field's `where` are told to `bad`."""
    if field.norm_bound is not None:
        rows = above(integers, field.kind, field.norm_bound)
        bad.add([(part.rows[row], field.name) for row in rows], lambda i: _too_long(field, integers[rows[i]]))


def _too_long(field: FieldSpec, integers: Array) -> Wrong:
    """What is said of one row whose `where` does not hold."""
    squares = sum(int(i) ** 2 for i in integers.flat)
    norm = Fraction(isqrt(squares << 2 * _PLACES), 1 << field.kind.fraction + _PLACES)
    assert field.norm_bound is not None
    return Wrong(
        f"norm2({field.name}) is {_six_digits(norm)} after rounding to `{field.kind}`, "
        f"above the bound {_six_digits(field.norm_bound)} of its `where`",
        "scale the row down until its rounded values meet the bound",
    )


def _six_digits(value: Fraction) -> str:
    return f"{float(value):.6g}" if value < Fraction(sys.float_info.max) else show_number(value)
