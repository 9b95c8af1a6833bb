"""How many of several constants can equal one number: a vector `[0, 1, 2] == x` has a single 1, whatever x is.

A property of words alone, asked of one row while its part is bounded (`bounds.py`) and of a whole batch when that is
proved (`slots.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import product
from math import prod

from compiler.words.ir import Item, Type, Value
from compiler.words.operations import Constant, Linear, View

MOST = 1 << 20  # constants that are counted
Items = Callable[[int], Item | None]
Types = Callable[[int], Type]


def most_equal(items: Items, types: Types, args: Sequence[int], axis: int | None) -> int | None:
    """Of the elements of an Equal, in any one place of an axis where one is given; None where nothing is known."""
    for known, other in (args, args[::-1]):
        if _same(items, types, other, axis) and (found := _repeated(items, types, known, axis)):
            return found
    return None


def _plain(items: Items, number: int) -> tuple[int, Item | None]:
    """Seen through factors and constants that are the same for all elements: what differs differs still."""
    item = items(number)
    while isinstance(item, Value) and isinstance(item.op, Linear) and len(item.args) == 1 and item.op.coefficients[0]:
        number, item = item.args[0], items(item.args[0])
    return number, item


def _same(items: Items, types: Types, number: int, axis: int | None) -> bool:
    """Are all elements one number?"""
    number, item = _plain(items, number)
    others = [i for i, n in enumerate(types(number).shape) if n > 1 and i != axis]
    return not others or (
        isinstance(item, Value) and isinstance(item.op, View) and not any(item.op.at.strides[i] for i in others)
    )


def _repeated(items: Items, types: Types, number: int, axis: int | None) -> int | None:
    """How often the most frequent of constants stands there."""
    number, item = _plain(items, number)
    shape = types(number).shape
    if not isinstance(item, Value):
        return None
    if isinstance(item.op, Constant) and len(item.op.values) == prod(shape):
        strides = [prod(shape[i + 1 :]) for i in range(len(shape))]
        return _most(item.op.values, 0, strides, shape, axis)
    base = items(item.args[0]) if isinstance(item.op, View) and len(item.args) == 1 else None
    if isinstance(item.op, View) and isinstance(base, Value) and isinstance(base.op, Constant):
        whole = len(base.op.values) == base.type.size
        return _most(base.op.values, item.op.at.offset, item.op.at.strides, shape, axis) if whole else None
    return None


def _most(
    values: Sequence[int], offset: int, strides: Sequence[int], shape: Sequence[int], axis: int | None
) -> int | None:
    """Axes along which a view repeats count by their length alone, which may be any."""
    steps = [(i, s, n) for i, (s, n) in enumerate(zip(strides, shape, strict=True)) if n > 1]
    repeats = prod(n for i, s, n in steps if not s and i != axis)
    moving = [range(0, s * n, s) for i, s, n in steps if s and i != axis]
    starts = next((range(0, s * n, s) for i, s, n in steps if s and i == axis), range(1))
    if prod(map(len, (*moving, starts))) > MOST:
        return None
    within = [sum(at) for at in product(*moving)]
    return repeats * max(max(Counter(values[offset + start + n] for n in within).values()) for start in starts)
