"""Public operations, evaluated exactly.  A tensor is a row-major tuple of fractions with its shape."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from math import floor, prod

from lang.kinds import Scalar
from lang.typed import Const, Number

MAX_ELEMENTS = 1 << 16  # larger public tensors are left to the compiler
MAX_BITS = 4096  # of a numerator or denominator

Pairwise = Callable[[Fraction, Fraction], Fraction]
Single = Callable[[Fraction], Fraction]
Values = tuple[Fraction, ...]
Folding = Callable[[tuple[Const, ...], Number, int | None], Values]  # of the operands, for a type, over an axis


# -- one function for each way in which a public value follows from public operands ----------------------------------


def each(function: Single) -> Folding:
    return lambda args, type_, axis: tuple(map(function, args[0].values))


def pairwise(function: Pairwise) -> Folding:
    return lambda args, type_, axis: _pairwise(function, args[0], args[1], type_.shape)


def over(function: Callable[[Values], Fraction]) -> Folding:
    """Of all elements, or those along an axis."""
    return lambda args, type_, axis: tuple(map(function, _groups(args[0], axis)))


def total(values: Values) -> Fraction:
    return sum(values, Fraction(0))


def mean(values: Values) -> Fraction:
    return total(values) / len(values)


def sign(x: Fraction) -> Fraction:
    return Fraction((x > 0) - (x < 0))


def remainder(a: Fraction, b: Fraction) -> Fraction:
    return a - b * floor(a / b)


def shifted_left(a: Fraction, b: Fraction) -> Fraction:
    return a * (1 << int(b))


def bitwise(function: Callable[[int, int], int]) -> Folding:
    return pairwise(lambda a, b: Fraction(function(int(a), int(b))))


def compared(function: Callable[[Fraction, Fraction], bool]) -> Folding:
    return pairwise(lambda a, b: Fraction(function(a, b)))


def divided(args: tuple[Const, ...], type_: Number, axis: int | None) -> Values:
    return _pairwise(_divide(type_.integer), args[0], args[1], type_.shape)


def shifted_right(args: tuple[Const, ...], type_: Number, axis: int | None) -> Values:
    divide = _divide(type_.integer)
    return _pairwise(lambda a, b: divide(a, Fraction(1 << int(b))), args[0], args[1], type_.shape)


def inverted(args: tuple[Const, ...], type_: Number, axis: int | None) -> Values:
    """All bits of a named kind turned over: lo + hi - x."""
    kind = args[0].type.kind
    whole = kind.lo + kind.hi if kind else -1
    return tuple(whole - a for a in args[0].values)


def clamped(args: tuple[Const, ...], type_: Number, axis: int | None) -> Values:
    low = _pairwise(max, args[0], args[1], type_.shape)
    return _pairwise(min, Const(type_, low, args[0].span), args[2], type_.shape)


def same(args: tuple[Const, ...], type_: Number, axis: int | None) -> Values:
    return args[0].values


def repeated(args: tuple[Const, ...], type_: Number, axis: int | None) -> Values:
    return tuple(spread(args[0], type_.shape))


def transposed(args: tuple[Const, ...], type_: Number, axis: int | None) -> Values:
    shape = args[0].type.shape
    strides = [prod(shape[i + 1 :]) for i in range(len(shape))][::-1]
    places = product(*map(range, shape[::-1]))
    return tuple(args[0].values[sum(map(operator.mul, index, strides))] for index in places)


def joined(args: tuple[Const, ...], type_: Number, axis: int | None) -> Values:
    """Along an axis: of each row before it, the parts of all operands."""
    axis = axis or 0
    parts = [prod(arg.type.shape[axis:]) for arg in args]
    return tuple(
        value
        for row in range(prod(type_.shape[:axis]))
        for arg, size in zip(args, parts, strict=True)
        for value in arg.values[row * size : (row + 1) * size]
    )


def multiplied(args: tuple[Const, ...], type_: Number, axis: int | None) -> Values:
    """NumPy's `@`: of the last two axes, for every place on those before them."""
    left, right = (arg.type.shape for arg in args)
    inner, width = left[-1], right[-1] if len(right) > 1 else 1
    batch = type_.shape[: max(len(left), len(right)) - 2] if max(len(left), len(right)) > 2 else ()
    matrices = [_matrices(arg, batch) for arg in args]
    found: list[Fraction] = []
    for a, b in zip(*matrices, strict=True):
        rows = [a[i : i + inner] for i in range(0, len(a), inner)]
        columns = [b[j::width] for j in range(width)]
        found += [sum(map(operator.mul, row, column), Fraction(0)) for row in rows for column in columns]
    return tuple(found)


def _matrices(const: Const, batch: tuple[int, ...]) -> Iterator[Values]:
    """The last two axes for every place of a batch, which the others are stretched to."""
    shape = const.type.shape
    size, places = prod(shape[-2:]), prod(shape[:-2])
    numbers = Const(Number(shape[:-2], True), tuple(map(Fraction, range(places))), const.span)
    for place in map(int, spread(numbers, batch)):
        yield const.values[place * size : (place + 1) * size]


# -- sizes and kinds --------------------------------------------------------------------------------------------------


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


def _groups(const: Const, axis: int | None) -> list[Values]:
    shape = const.type.shape
    if axis is None:
        return [const.values]
    inner, length = prod(shape[axis + 1 :]), shape[axis]
    return [
        const.values[outer * length * inner + i : (outer + 1) * length * inner : inner]
        for outer in range(prod(shape[:axis]))
        for i in range(inner)
    ]
