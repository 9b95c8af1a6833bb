"""Reverse-mode differentiation on words.

An adjoint is exact, but where the forward value was rounded to a kind the adjoint is rounded to its
fraction bits (its range is kept).  Round and clamping differentiate as the identity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import prod

from compiler.words.builder import Builder
from compiler.words.ir import Value
from compiler.words.operations import (
    NAMES,
    Concat,
    Constant,
    Dot,
    Equal,
    Less,
    Linear,
    Mul,
    Put,
    Ring,
    Round,
    Select,
    Strided,
    Sum,
    View,
)
from compiler.words.strides import elements_of, injective, row_major
from lang.problems import NotYet
from lang.problems.problem import Rejected


def reverse(b: Builder, seeds: Sequence[tuple[int, int]], variables: Sequence[int]) -> list[int]:
    """The gradient of each variable (a parameter of the block `b`), given adjoints of some of the block's values."""
    adjoints: dict[int, list[int]] = {}
    wanted, outer = _depending(b, variables), b.span
    for value, adjoint in seeds:
        adjoints.setdefault(value, []).append(adjoint)
    for number in range(max((v for v, _ in seeds), default=-1), b.first + len(b.params) - 1, -1):
        item = b.item(number)
        if number in adjoints and isinstance(item, Value):
            b.span = item.span  # an adjoint belongs to the expression that it is of
            adjoint, rule = _total(b, adjoints[number]), b.derivatives.get(number)
            for arg, contribution in rule(adjoint) if rule else _push(b, item, adjoint):
                if arg in wanted:
                    adjoints.setdefault(arg, []).append(contribution)
    b.span = outer
    return [_total(b, adjoints[v]) if v in adjoints else b.const([Fraction(0)], b.type(v).shape) for v in variables]


def _depending(b: Builder, variables: Sequence[int]) -> set[int]:
    """The variables and every value of the block that is made from them."""
    found = set(variables)
    for number in range(b.first + len(b.params), b.next):
        item = b.item(number)
        if isinstance(item, Value) and found.intersection(item.args):
            found.add(number)
    return found


def reads(b: Builder, roots: Sequence[int]) -> set[int]:
    """All that values of the block are made from, themselves among it."""
    found, waiting = set[int](), [*roots]
    while waiting:
        number = waiting.pop()
        item = b.item(number)
        if number not in found:
            found.add(number)
            waiting += item.args if isinstance(item, Value) else ()
    return found


def _total(b: Builder, adjoints: Sequence[int]) -> int:
    """The sum; adjoints of disjoint parts of one tensor are put side by side instead of added to each other's zeros."""
    whole: list[int] = []
    side_by_side, taken = None, set[int]()
    for adjoint in adjoints:
        part = _part_of_zero(b, adjoint)
        if part is None or (side_by_side is not None and b.type(side_by_side).scale != b.type(adjoint).scale):
            whole.append(adjoint)
            continue
        value, at = part
        elements = set(elements_of(at, b.type(value).shape))
        if taken & elements:
            whole.append(adjoint)
            continue
        side_by_side = adjoint if side_by_side is None else b.put(side_by_side, value, at)
        taken |= elements
    terms = whole if side_by_side is None else [*whole, side_by_side]
    return b.affine([(Fraction(1), a) for a in terms]) if len(terms) > 1 else terms[0]


def _part_of_zero(b: Builder, number: int) -> tuple[int, Strided] | None:
    """(value, where) of a tensor that is zero everywhere else."""
    item = b.item(number)
    if not (isinstance(item, Value) and isinstance(item.op, Put)):
        return None
    return (item.args[1], item.op.at) if len(item.args) == 2 and b.constant(item.args[0]) == 0 else None


def _push(b: Builder, item: Value, adjoint: int) -> Iterator[tuple[int, int]]:
    """The contribution of an item's adjoint to each of its operands."""
    args, op = item.args, item.op
    match op:
        case Linear(coefficients):
            for arg, coefficient in zip(args, coefficients, strict=True):
                yield arg, b.scaled(adjoint, coefficient * item.type.scale / b.type(arg).scale)
        case Mul():
            yield args[0], b.mul(adjoint, args[1])
            yield args[1], b.mul(adjoint, args[0])
        case Dot(count) | Ring(count) | Sum(count):
            operand = b.type(args[0]).shape
            spread = b.broadcast(b.reshape(adjoint, item.type.shape + (1,) * count), operand)
            yield args[0], spread if isinstance(op, Sum) else b.mul(spread, args[1])
            if not isinstance(op, Sum):
                yield args[1], b.mul(spread, args[0])
        case Round():
            yield args[0], round_adjoint(b, adjoint, item.type.scale)
        case Select():
            nothing = b.const([Fraction(0)])
            yield args[1], b.select(args[0], adjoint, nothing)
            yield args[2], b.select(args[0], nothing, adjoint)
        case Concat():
            start = 0
            for arg in args:
                shape = b.type(arg).shape
                unit = row_major(item.type.shape)
                yield arg, b.view(adjoint, Strided(start * unit[0], unit), shape)
                start += shape[0]
        case View(at) if len(args) == 1:
            yield args[0], _scatter(b, at, adjoint, b.type(args[0]).shape)
        case Put(at) if len(args) == 2:
            nothing = b.const([Fraction(0)], b.type(args[1]).shape)
            zero, whole = b.aligned([nothing, adjoint])
            yield args[0], b.put(whole, zero, at)
            yield args[1], b.view(adjoint, at, b.type(args[1]).shape)
        case Constant() | Less() | Equal():
            return
        case _:
            if item.span is None:
                raise AssertionError(f"no gradient for {op} without a place")
            raise Rejected([NotYet(span=item.span, what=f"the gradient of `{NAMES[type(op)]}`")])


def round_adjoint(b: Builder, adjoint: int, scale: Fraction) -> int:
    """To the nearest; where an adjoint went one of several ways, before it did: that many fewer are rounded."""
    type = b.type(adjoint)
    if (type.scale / scale).denominator == 1:
        return adjoint
    item = b.item(adjoint)
    if isinstance(item, Value):
        match item.op:
            case Select() if any(b.constant(a) == 0 for a in item.args[1:]):
                return b.select(item.args[0], *(round_adjoint(b, a, scale) for a in item.args[1:]))
            case View(at) if b.type(item.args[0]).size <= type.size:
                return b.view(round_adjoint(b, item.args[0], scale), at, type.shape, item.args[1:])
            case Put(at) if len(item.args) == 2:
                around, part = b.aligned([round_adjoint(b, a, scale) for a in item.args])
                return b.put(around, part, at)
            case _:
                pass
    lo, hi = (int(n * type.scale / scale // 1) for n in (type.lo, type.hi))
    return b.round(adjoint, scale, lo, hi + 1)


def _scatter(b: Builder, at: Strided, adjoint: int, shape: tuple[int, ...]) -> int:
    """The adjoint of a view's operand: repeated elements are summed, absent ones are zero."""
    extents = b.type(adjoint).shape
    moving = [axis for axis, (s, n) in enumerate(zip(at.strides, extents, strict=True)) if s and n > 1]
    repeated = [axis for axis, (s, n) in enumerate(zip(at.strides, extents, strict=True)) if not s and n > 1]
    single = [axis for axis in range(len(extents)) if axis not in moving and axis not in repeated]
    moving.sort(key=lambda axis: -at.strides[axis])
    total = b.contract(adjoint, [*single, *moving, *repeated], len(repeated))
    total = b.reshape(total, tuple(extents[axis] for axis in moving))
    return _placed(b, Strided(at.offset, tuple(at.strides[axis] for axis in moving)), total, shape)


def _placed(b: Builder, at: Strided, part: int, shape: tuple[int, ...]) -> int:
    """A tensor that is zero but for the elements of a view; where windows overlap, the sum."""
    own = b.type(part).shape
    if at == Strided(0, row_major(own)) and b.type(part).size == prod(shape):
        return b.reshape(part, shape)
    if not injective(at, own):
        unit = row_major(own)
        axis = min(range(len(own)), key=lambda i: own[i])
        rest = own[:axis] + own[axis + 1 :]
        strides = at.strides[:axis] + at.strides[axis + 1 :]
        slices = [b.view(part, Strided(i * unit[axis], unit[:axis] + unit[axis + 1 :]), rest) for i in range(own[axis])]
        return _total(
            b,
            [
                _placed(b, Strided(at.offset + i * at.strides[axis], strides), piece, shape)
                for i, piece in enumerate(slices)
            ],
        )
    zero, value = b.aligned([b.const([Fraction(0)], shape), part])
    return b.put(zero, value, at)
