"""Comparisons that a `where` holds each row to, decided on grid integers alone."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compiler.words.integers import Array
from lang.kinds import Comparison, Relation
from lang.numerals import exact
from runtime.data.encode import Wrong
from runtime.data.specs import FieldSpec

_OPERATORS: Mapping[Relation, Callable[[Any, Any], Any]] = {
    Relation.LESS: operator.lt,
    Relation.AT_MOST: operator.le,
    Relation.EQUAL: operator.eq,
    Relation.OTHER: operator.ne,
    Relation.AT_LEAST: operator.ge,
    Relation.MORE: operator.gt,
}


Flat = Mapping[str, tuple[FieldSpec, NDArray[Any]]]


def broken(
    fields: Sequence[FieldSpec], rows: Sequence[Array]
) -> Iterator[tuple[list[tuple[int, str]], Callable[[int], Wrong]]]:
    """What does not hold, a comparison at a time: the row and column of each element, and what to say of one by its
    place among them.  `rows` are (n, ...) for each field."""
    flat = {f.name: (f, values.reshape(len(values), -1)) for f, values in zip(fields, rows, strict=True)}
    for field in fields:
        for comparison in field.where:
            wrong = np.argwhere(~_holds(comparison, flat)).tolist()
            if wrong:
                yield (
                    [(row, _column(flat, comparison, column)) for row, column in wrong],
                    partial(_nth, comparison, flat, wrong),
                )


def _holds(c: Comparison, flat: Flat) -> NDArray[np.bool_]:
    """Of each row's elements."""
    field, left = flat[c.field]
    holds = _OPERATORS[c.relation]
    if not c.other:
        return np.asarray(_compared(c.relation, left, c.number * (1 << field.kind.fraction)), dtype=bool)
    other, right = flat[c.other]
    finest = max(field.kind.fraction, other.kind.fraction)
    a, b = (v.astype(object) << (finest - f.kind.fraction) for f, v in ((field, left), (other, right)))
    return np.asarray(holds(a, b), dtype=bool)


def _compared(relation: Relation, values: NDArray[Any], number: Fraction) -> Any:
    """Integers with a number, which may lie between two of them and beyond all of their words."""
    if number.denominator != 1 and relation in (Relation.EQUAL, Relation.OTHER):
        return np.full(values.shape, relation is Relation.OTHER)
    whole = floor(number) if relation in (Relation.AT_MOST, Relation.MORE) else ceil(number)
    return _OPERATORS[relation](values, whole)  # NumPy compares with integers of any size exactly


def _nth(c: Comparison, flat: Flat, wrong: Sequence[Sequence[int]], i: int) -> Wrong:
    row, column = wrong[i]
    said = " and ".join(f"`{name}` is {_value(flat, name, row, column)}" for name in (c.field, c.other) if name)
    return Wrong(
        f"{said}, and the data set's `where` says `{c}`",
        "mend or drop the record; a program that means another range says so in its `where`",
    )


def _column(flat: Flat, c: Comparison, column: int) -> str:
    field, values = flat[c.field]
    return field.column_names()[column] if values.shape[1] > 1 else c.field


def _value(flat: Flat, name: str, row: int, column: int) -> str:
    field, values = flat[name]
    return exact(Fraction(int(values[row, column if values.shape[1] > 1 else 0]), 1 << field.kind.fraction))
