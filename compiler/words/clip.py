"""Clipping by the ghost norm: one factor for each example, over all trained variables together.

A layer's gradient is an outer product of what flows back with what flowed forward, so its squared norm
is the product of theirs and the gradient itself is never formed (Goodfellow, "Efficient per-example
gradient computations", 2015; Li et al., "Large language models can be strong differentially private
learners", 2022).  The factor is k/32 with the largest k in 0..32 for which

    norm^2 <= clip^2 * (32 / k)^2

so factor * norm <= clip exactly, and 0 for gradients beyond 32 clips.  It multiplies what flows back,
which is then rounded *towards zero*: no element grows, so the bound stays.  The norm is exact and never
wraps; its low bits are dropped upwards before the comparison.
"""
from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from fractions import Fraction

from compiler.words.build import Builder
from compiler.words.ir import Op, Pieces, Strided, Type, Value
from compiler.words.strides import row_major

LEVELS = 5                     # bits of the factor
STEPS = 1 << LEVELS
PRECISION = 11                 # bits of clip^2 that the comparison keeps


def clipped(b: Builder, gradients: Sequence[int], clip: Fraction, row: Container[int]) -> list[int]:
    """The gradients of one example, scaled to a joint norm of at most `clip`; `row` are its data provider's values."""
    parts = [_part(b, g, row) for g in gradients]
    norm = b.affine([(Fraction(1), p.squared_norm(b)) for p in parts])
    scale = factor(b, norm, clip)
    return [p.scaled(b, scale) for p in parts]


@dataclass(frozen=True, slots=True)
class Outer:
    """A gradient that is a view (a permutation of the axes) of the outer product of two values."""

    view: Value | None         # the permutation, over the product
    shape: tuple[int, ...]     # of the product
    back: int                  # each with the axes that the other one has shrunk to extent 1
    forth: int

    def squared_norm(self, b: Builder) -> int:
        return b.mul(_square(b, self.back), _square(b, self.forth))

    def scaled(self, b: Builder, factor: int) -> int:
        product = b.mul(b.broadcast(_shrunk(b, self.back, factor), self.shape), b.broadcast(self.forth, self.shape))
        if self.view is None:
            return product
        assert isinstance(self.view.at, Strided)
        return b.view(product, self.view.at, self.view.type.shape)


@dataclass(frozen=True, slots=True)
class Whole:
    """A gradient that has to be formed."""

    gradient: int

    def squared_norm(self, b: Builder) -> int:
        return _square(b, self.gradient)

    def scaled(self, b: Builder, factor: int) -> int:
        return _shrunk(b, self.gradient, factor)


def _part(b: Builder, gradient: int, row: Container[int]) -> Outer | Whole:
    item, view = b.item(gradient), None
    if isinstance(item, Value) and item.op is Op.VIEW and _permutes(b, item):
        view, item = item, b.item(item.args[0])
    if not (isinstance(item, Value) and item.op is Op.MUL):
        return Whole(gradient)
    cores = [_core(b, a) for a in item.args]
    shapes = [b.type(c).shape for c in cores]
    if any(m != 1 and n != 1 for m, n in zip(*shapes, strict=True)):
        return Whole(gradient)
    back, forth = sorted(cores, key=lambda c: _of_row_alone(b, c, row))    # what the data provider knows is left alone
    return Outer(view, item.type.shape, back, forth)


def _core(b: Builder, number: int) -> int:
    """The value with the axes along which it repeats shrunk to extent 1."""
    item, shape = b.item(number), b.type(number).shape
    if isinstance(item, Value) and item.op is Op.VIEW and isinstance(item.at, Strided):
        small = tuple(1 if s == 0 else n for s, n in zip(item.at.strides, shape, strict=True))
        return b.view(item.args[0], item.at, small, item.args[1:])
    return number


def _permutes(b: Builder, item: Value) -> bool:
    at, operand = item.at, b.type(item.args[0])
    assert isinstance(at, Strided)
    moving = sorted(((s, n) for s, n in zip(at.strides, item.type.shape, strict=True) if n > 1), reverse=True)
    dense = row_major([n for _, n in moving])
    return at.offset == 0 and item.type.size == operand.size and tuple(s for s, _ in moving) == dense


def _of_row_alone(b: Builder, number: int, row: Container[int]) -> bool:
    """Made of the row and of constants, so local to the data provider?"""
    item = b.item(number)
    if item is None:
        return number in row
    return isinstance(item, Value) and all(_of_row_alone(b, a, row) for a in item.args)


def _square(b: Builder, number: int) -> int:
    return b.dot(number, number, len(b.type(number).shape)) if b.type(number).shape else b.mul(number, number)


def _shrunk(b: Builder, number: int, factor: int) -> int:
    """factor * value, rounded towards zero to the value's own last bit."""
    type = b.type(number)
    product = b.mul(number, factor)
    if not type.signed:
        return b.round(product, type.scale, type.lo, type.hi, nearest=False)
    negative = b.less(product, b.const([Fraction(0)]))
    lifted = b.affine([(Fraction(1), product), (type.scale * Fraction(STEPS - 1, STEPS), negative)])
    return b.round(lifted, type.scale, type.lo, max(type.hi, 0), nearest=False)


def factor(b: Builder, norm: int, clip: Fraction) -> int:
    """k/32 for a squared norm: a binary search among 32 thresholds, then one more comparison for k = 32."""
    type = b.type(norm)
    exact = [clip ** 2 / type.scale * Fraction(STEPS, k) ** 2 // 1 for k in range(1, STEPS + 1)]
    drop = max(0, int(exact[-1]).bit_length() - PRECISION)
    limits = [int(t) >> drop for t in exact]                  # limits[k - 1], decreasing
    up = b.affine([(Fraction(1), norm)], ((1 << drop) - 1) * type.scale)
    n = b.round(up, type.scale * (1 << drop), 0, limits[0] + 1, nearest=False)
    unit = b.type(n).scale
    bits: list[int] = []
    for level in range(LEVELS):
        step = STEPS >> (level + 1)
        passed = [limits[(2 * prefix + 1) * step - 1] for prefix in range(1 << level)]
        bits.append(_at_most(b, n, _chosen(b, bits, passed, unit)))
    bits.append(_at_most(b, n, b.const([limits[-1] * unit])))
    places = [STEPS >> (level + 1) for level in range(LEVELS)] + [1]
    return b.affine([(Fraction(place, STEPS), bit) for place, bit in zip(places, bits, strict=True)])


def _at_most(b: Builder, n: int, limit: int) -> int:
    return b.invert(b.less(limit, n))


def _chosen(b: Builder, bits: list[int], limits: list[int], unit: Fraction) -> int:
    """limits[the bits so far, highest first] * unit."""
    if not bits:
        return b.const([limits[0] * unit])
    index = b.affine([(Fraction(1 << (len(bits) - 1 - i)), bit) for i, bit in enumerate(bits)])
    table = Pieces("thresholds", 0, len(limits), 0, tuple(limits), (0,) * len(limits), 0, 0, Fraction(0))
    return b.add(Op.APPLY, (index,), Type((), unit, min(limits), max(limits)), table)
