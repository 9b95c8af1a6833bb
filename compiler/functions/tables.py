"""Public tables at private indices: one lookup instead of a choice for each element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import prod

import numpy as np

from compiler.functions.divide import floor_divide
from compiler.functions.order import bits, element
from compiler.gates.limits import KERNEL_GATES
from compiler.words.builder import Builder
from compiler.words.integers import Array
from compiler.words.ir import Claim, Type, Value
from compiler.words.operations import And, Constant, Pieces, Strided, View
from compiler.words.strides import elements_of, row_major

LOOKUPS = 8  # of one table: beyond that its circuits would be too large


def looked_up(b: Builder, x: int, indices: Mapping[int, int]) -> int | None:
    """The elements of public numbers at private indices of axes, which are in bounds; None where x is not public, or
    too long.

    What does not fit into one lookup is cut: into parts of the rows, of which each is one long word, and into blocks of
    rows, which the high bits of the index choose from.
    """
    type = b.type(x)
    if type.lo == type.hi or type.size > LOOKUPS * KERNEL_GATES or (known := _public(b, x)) is None:
        return None
    axes = sorted(indices)
    units = row_major([type.shape[axis] for axis in axes])
    place = b.affine([(Fraction(unit), indices[axis]) for axis, unit in zip(axes, units, strict=True)])
    index = b.round(place, Fraction(1), *map(int, b.bounds(place)))  # 3 i in units of 1
    if not b.type(index).hi:
        return None
    first = np.moveaxis(np.array(known, dtype=object).reshape(type.shape), axes, range(len(axes)))
    inner = first.shape[len(axes) :]
    return _rows(b, first.reshape(-1, prod(inner))[: b.type(index).hi + 1], index, replace(type, shape=inner))


def _rows(b: Builder, rows: Array, index: int, type: Type) -> int | None:
    """rows[index], of that type."""
    places = (len(rows) - 1).bit_length()  # of the index, within a block
    while places > 1 and (2 + type.width) << places > KERNEL_GATES:
        places -= 1
    blocks = range(0, len(rows), 1 << places)
    beside = max(1, ((KERNEL_GATES >> places) - 2) // type.width)
    parts = range(0, type.size, beside)
    if len(blocks) * len(parts) > LOOKUPS:
        return None
    low = b.logic(And(), index, b.const([Fraction((1 << places) - 1)]))
    found = [
        b.concat([_vector(b, rows[i : i + (1 << places), j : j + beside], low, type) for j in parts]) for i in blocks
    ]
    whole = b.concat([b.reshape(each, (1, *type.shape)) for each in found])
    return element(b, whole, floor_divide(b, index, Fraction(1 << places)))


def _public(b: Builder, x: int) -> list[int] | None:
    """The elements of a constant, or of a view of one."""
    item, type = b.item(x), b.type(x)
    if not isinstance(item, Value):
        return None
    if isinstance(item.op, View) and len(item.args) == 1:
        inner = _public(b, item.args[0])
        return None if inner is None else [inner[place] for place in elements_of(item.op.at, type.shape)]
    if not isinstance(item.op, Constant):
        return None
    return list(item.op.values) * (type.size if len(item.op.values) == 1 else 1)


def _vector(b: Builder, rows: Array, index: int, type: Type) -> int:
    """The row at the index, of numbers of that type."""
    count, width = rows.shape[1], type.width
    if count == 1:
        entries = rows[:, 0].tolist()
        return b.reshape(_table(b, entries, index, replace(type, lo=min(entries), hi=max(entries))), (1,))
    long = [sum((n & ((1 << width) - 1)) << (place * width) for place, n in enumerate(row)) for row in rows.tolist()]
    digits = bits(b, _table(b, long, index, Type((), Fraction(1), 0, (1 << count * width) - 1)))
    weights = [Fraction(1 << place) for place in range(width)]
    weights[-1] *= -1 if type.signed else 1
    each = [b.view(digits, Strided(place, (width,)), (count,)) for place in range(width)]
    number = b.affine([(weight * type.scale, digit) for weight, digit in zip(weights, each, strict=True)])
    return b.narrowed(number, type.lo * type.scale, type.hi * type.scale, Claim.FUNCTION)


def _table(b: Builder, entries: Sequence[int], index: int, type: Type) -> int:
    """entries[index]; an index past the end, which there is none of, would find the last."""
    limit = 1 << (len(entries) - 1).bit_length()
    padded = (*entries, *((entries[-1],) * (limit - len(entries))))
    table = Pieces("table", 0, limit, 0, padded, (0,) * limit, 0, 0, Fraction(0))
    result = b.add(table, (index,), replace(type, shape=()))
    b.derivatives[result] = lambda _: ()
    return result
