"""Public operations, evaluated exactly.  A tensor is a row-major tuple of fractions with its shape."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import reduce
from itertools import product
from math import floor, prod

from lang.kinds import Scalar
from lang.typed import Call, Const, Number

MAX_ELEMENTS = 1 << 16  # larger public tensors are left to the compiler
MAX_BITS = 4096  # of a numerator or denominator

Pairwise = Callable[[Fraction, Fraction], Fraction]


def _shift_left(a: Fraction, b: Fraction) -> Fraction:
    return a * (1 << int(b))


PAIRWISE: Mapping[Call, Pairwise] = {
    Call.ADD: operator.add,
    Call.SUB: operator.sub,
    Call.MUL: operator.mul,
    Call.MIN: min,
    Call.MAX: max,
    Call.LESS: lambda a, b: Fraction(a < b),
    Call.EQUAL: lambda a, b: Fraction(a == b),
    Call.AND: lambda a, b: Fraction(int(a) & int(b)),
    Call.OR: lambda a, b: Fraction(int(a) | int(b)),
    Call.XOR: lambda a, b: Fraction(int(a) ^ int(b)),
    Call.SHL: _shift_left,
    Call.MODULO: lambda a, b: a - b * floor(a / b),
}
SINGLE: Mapping[Call, Callable[[Fraction], Fraction]] = {
    Call.NEG: operator.neg,
    Call.ABS: abs,
    Call.RELU: lambda a: max(a, Fraction(0)),
    Call.SIGN: lambda a: Fraction((a > 0) - (a < 0)),
}
OVER: Mapping[Call, Pairwise] = {
    Call.SUM: operator.add,
    Call.MEAN: operator.add,
    Call.MIN_OF: min,
    Call.MAX_OF: max,
}


def fold(call: Call, args: tuple[Const, ...], type_: Number, axis: int | None) -> tuple[Fraction, ...] | None:
    """The elements of the result, or None if this operation is not evaluated here."""
    if type_size(type_) > MAX_ELEMENTS or any(type_size(a.type) > MAX_ELEMENTS for a in args):
        return None
    first = args[0]
    if call in SINGLE:
        return tuple(map(SINGLE[call], first.values))
    if call in PAIRWISE:
        return _pairwise(PAIRWISE[call], args[0], args[1], type_.shape)
    if call in OVER:
        return _over(call, first, axis)
    match call:
        case Call.DIVIDE:
            return _pairwise(_divide(type_.integer), args[0], args[1], type_.shape)
        case Call.SHR:
            divide = _divide(type_.integer)
            return _pairwise(lambda a, b: divide(a, Fraction(1 << int(b))), args[0], args[1], type_.shape)
        case Call.NOT:
            return tuple(map(_inverted(first.type.kind), first.values))
        case Call.CLAMP:
            low = _pairwise(max, first, args[1], type_.shape)
            return _pairwise(min, Const(type_, low, first.span), args[2], type_.shape)
        case Call.RESHAPE:
            return first.values
        case Call.BROADCAST:
            return tuple(spread(first, type_.shape))
        case Call.TRANSPOSE:
            return _transpose(first)
        case Call.DOT | Call.MATMUL:
            return _matmul(args[0], args[1])
        case _:
            return None


def type_size(type_: Number) -> int:
    return prod(type_.shape)


def too_large(values: tuple[Fraction, ...]) -> bool:
    """Whether a value has outgrown what anyone can mean."""
    return any(v.numerator.bit_length() > MAX_BITS or v.denominator.bit_length() > MAX_BITS for v in values)


def to_kind(value: Fraction, kind: Scalar, down: bool = False, wrap: bool = False) -> Fraction:
    """Rounded to a kind: floor(x + 1/2) (`down`: floor(x)) at its scale, then clamped (`wrap`: its low bits kept)."""
    scaled = value / kind.scale
    whole = floor(scaled if down else scaled + Fraction(1, 2))
    whole = (whole - kind.lo) % (1 << kind.bits) + kind.lo if wrap else min(max(whole, kind.lo), kind.hi)
    return whole * kind.scale


def spread(const: Const, shape: tuple[int, ...]) -> Iterator[Fraction]:
    """The elements of a tensor broadcast to a shape, row-major."""
    own = const.type.shape
    if own == shape:
        yield from const.values
        return
    strides = [0] * len(shape)
    step = 1
    for back in range(1, len(own) + 1):
        strides[-back] = step if own[-back] != 1 else 0
        step *= own[-back]
    for index in product(*map(range, shape)):
        yield const.values[sum(map(operator.mul, index, strides))]


def _pairwise(function: Pairwise, left: Const, right: Const, shape: tuple[int, ...]) -> tuple[Fraction, ...]:
    return tuple(map(function, spread(left, shape), spread(right, shape)))


def _divide(integer: bool) -> Pairwise:
    return (lambda a, b: Fraction(floor(a / b))) if integer else operator.truediv


def _inverted(kind: Scalar | None) -> Callable[[Fraction], Fraction]:
    """All bits of a named kind turned over: lo + hi - x."""
    total = kind.lo + kind.hi if kind else -1
    return lambda a: total - a


def _over(call: Call, const: Const, axis: int | None) -> tuple[Fraction, ...]:
    shape = const.type.shape
    if axis is None:
        groups = [const.values]
    else:
        inner, length = prod(shape[axis + 1 :]), shape[axis]
        groups = [
            const.values[outer * length * inner + i : (outer + 1) * length * inner : inner]
            for outer in range(prod(shape[:axis]))
            for i in range(inner)
        ]
    if call in (Call.SUM, Call.MEAN):
        totals = [sum(g, Fraction(0)) for g in groups]
        return tuple(t / len(g) for t, g in zip(totals, groups, strict=True)) if call is Call.MEAN else tuple(totals)
    return tuple(reduce(OVER[call], g) for g in groups)


def _transpose(const: Const) -> tuple[Fraction, ...]:
    shape = const.type.shape
    strides = [prod(shape[i + 1 :]) for i in range(len(shape))][::-1]
    return tuple(const.values[sum(map(operator.mul, index, strides))] for index in product(*map(range, shape[::-1])))


def _matmul(left: Const, right: Const) -> tuple[Fraction, ...]:
    """NumPy's `@` for one or two axes on each side."""
    inner = left.type.shape[-1]
    rows = [left.values[i : i + inner] for i in range(0, len(left.values), inner)]
    width = right.type.shape[1] if len(right.type.shape) == 2 else 1
    columns = [right.values[j::width] for j in range(width)]
    return tuple(sum(map(operator.mul, row, column), Fraction(0)) for row in rows for column in columns)
