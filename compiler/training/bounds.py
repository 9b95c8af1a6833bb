"""How long a gradient can be: bounds on Euclidean norms that hold for all weights.

||x o y|| <= max|x| ||y|| for element-wise products, ||x|| <= c by a data set's `where`, of constants that are compared
with one number as many bits are 1 as the most frequent stands there (`hot.py`), and otherwise
||x|| <= sqrt(elements) max|x|.  Everything is in squares, so that it stays rational.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import prod

from compiler.training.hot import most_equal
from compiler.words.builder import Builder
from compiler.words.ir import Type, Value
from compiler.words.operations import Concat, Dot, Equal, Linear, Mul, Put, Round, Select, Strided, Sum, View
from compiler.words.strides import injective

Norms = Mapping[int, Fraction | None]  # a row's fields: parameter -> bound on its norm, where it has one


def largest(type: Type) -> Fraction:
    """max |value| of one element."""
    return max(abs(type.lo), abs(type.hi)) * type.scale


def squared_norm(b: Builder, number: int, fields: Norms) -> Fraction:
    """A bound on the squared norm of the whole tensor."""
    known: dict[int, Fraction] = {}

    def squared(number: int) -> Fraction:
        if number not in known:
            type = b.type(number)
            known[number] = min(type.size * largest(type) ** 2, _structural(b, number, fields, squared))
        return known[number]

    return squared(number)


def squared_norm_of_each(b: Builder, number: int, axes: int, fields: Norms) -> Fraction:
    """A bound on the squared norm over the trailing axes alone: of each window on a field, that of the field."""
    item, type = b.item(number), b.type(number)
    inner = type.shape[len(type.shape) - axes :]
    bound = prod(inner) * largest(type) ** 2
    if isinstance(item, Value) and isinstance(item.op, View):
        once = injective(Strided(0, item.op.at.strides[len(type.shape) - axes :]), inner)
        norm = fields.get(item.args[0]) if once else None
        return bound if norm is None else min(bound, norm**2)
    return min(bound, squared_norm(b, number, fields))


def _structural(b: Builder, number: int, fields: Norms, squared: Callable[[int], Fraction]) -> Fraction:
    item, type = b.item(number), b.type(number)
    whole = type.size * largest(type) ** 2
    norm = fields.get(number)
    if norm is not None:
        return norm**2
    if not isinstance(item, Value):
        return whole
    args = item.args
    match item.op:
        case Mul():
            return min(largest(b.type(x)) ** 2 * squared(y) for x, y in (args, args[::-1]))
        case Linear((factor,), 0):
            return (factor * type.scale / b.type(args[0]).scale) ** 2 * squared(args[0])
        case View(at):
            repeats = _repeats(at, type.shape)
            return whole if repeats is None else repeats * squared(args[0])
        case Concat():
            return sum((squared(a) for a in args), Fraction(0))
        case Select():
            return sum((squared(a) for a in args[1:]), Fraction(0))
        case Equal():
            return min(whole, (most_equal(b.item, b.type, args, None) or type.size) * largest(type) ** 2)
        case _:
            return whole


def _repeats(at: Strided, shape: tuple[int, ...]) -> int | None:
    """How often a view shows each element it shows; None where that is not the same for all."""
    moving = [(s, n) for s, n in zip(at.strides, shape, strict=True) if s]
    if not injective(Strided(at.offset, tuple(s for s, _ in moving)), [n for _, n in moving]):
        return None  # a window: its elements overlap
    return prod(n for s, n in zip(at.strides, shape, strict=True) if not s)


def vanishes(b: Builder, number: int, fields: Norms) -> bool:
    """Is the value zero whenever the row is (as the rows of empty slots are)?"""
    return _vanishes(b, number, fields, {})


def _vanishes(b: Builder, number: int, fields: Norms, known: dict[int, bool]) -> bool:
    if number not in known:
        item = b.item(number)
        made = isinstance(item, Value) and _vanishing(b, number, item, lambda n: _vanishes(b, n, fields, known))
        known[number] = number in fields or made
    return known[number]


def _vanishing(b: Builder, number: int, item: Value, vanishes: Callable[[int], bool]) -> bool:
    """By those that it is made of."""
    if b.constant(number) == 0:
        return True
    args = item.args
    match item.op:
        case Mul() | Dot():
            return any(map(vanishes, args))
        case Linear(_, constant):
            return constant == 0 and all(map(vanishes, args))
        case View() | Sum():
            return vanishes(args[0])
        case Round(lo=lo, hi=hi):
            return lo <= 0 <= hi and vanishes(args[0])
        case Concat() | Put():
            return all(map(vanishes, args))
        case Select():
            return vanishes(args[1]) and vanishes(args[2])
        case _:
            return False
