"""Clipping by the ghost norm: one factor for each example, over all trained variables together.

A layer's gradient is an outer product of what flows back with what flowed forward, so its squared norm
is the product of theirs and the gradient itself is never formed (Goodfellow, "Efficient per-example
gradient computations", 2015; Li et al., "Large language models can be strong differentially private
learners", 2022).  The factor is the largest f among 1, m / 64 * 2^-e (m in 32..63) and 0 with

    norm^2 <= clip^2 / f^2

so f * norm <= clip exactly: the norm is exact and never wraps, and its low bits are dropped upwards before
the comparison.  f multiplies what flows back; of the product what is finer than a few thousandths of the
clip is dropped *towards zero*: no element grows, so the bound stays, and from there to the noise all is exact.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import assert_never

from compiler.training import bounds
from compiler.words.builder import Builder, common_scale
from compiler.words.ir import Claim, Type, Value
from compiler.words.operations import Mul, Pieces, Strided, View
from compiler.words.strides import row_major

MANTISSAS = 32  # factors between one power of two and the next
EXPONENTS = 8  # powers of two, at most: gradients longer than 2^8 clips become zero
PRECISION = 11  # bits of clip^2 that the comparison keeps
RESOLUTION = 32  # an element of a vector with all elements equal and the norm `clip`, in grid units


def clipped(
    b: Builder, gradients: Sequence[int], clip: Fraction, norms: bounds.Norms, row: Container[int]
) -> list[int]:
    """The gradients of one example, scaled to a joint norm of at most `clip`.

    `row` are its data provider's values, `norms` what its data set promises of their norms.
    """
    parts = [_part(b, g, row) for g in gradients]
    norm = b.affine([(Fraction(1), p.squared_norm(b)) for p in parts])
    most = sum((bounds.squared_norm(b, g, norms) for g in gradients), Fraction(0))
    scale = factor(b, b.narrowed(norm, Fraction(0), most // b.type(norm).scale * b.type(norm).scale, Claim.NORM), clip)
    return [p.scaled(b, scale, clip) for p in parts]


def masked(b: Builder, gradient: int, valid: int, row: Container[int]) -> int:
    """The gradient, 0 where the bit is; of an outer product what flows back is, which is short."""
    part, nothing = _part(b, gradient, row), b.const([Fraction(0)])
    match part:
        case Outer():
            return replace(part, back=b.select(valid, part.back, nothing)).formed(b)
        case Whole():
            return b.select(valid, gradient, nothing)
        case _:
            assert_never(part)


@dataclass(frozen=True, slots=True)
class Outer:
    """A gradient that is a view (a permutation of the axes) of the outer product of two values."""

    view: tuple[Strided, tuple[int, ...]] | None  # the permutation and its shape, over the product
    shape: tuple[int, ...]  # of the product
    back: int  # each with the axes that the other one has shrunk to extent 1
    forth: int

    def squared_norm(self, b: Builder) -> int:
        return b.mul(_square(b, self.back), _square(b, self.forth))

    def scaled(self, b: Builder, factor: int, clip: Fraction) -> int:
        return replace(self, back=_shrunk(b, self.back, factor, clip)).formed(b)

    def formed(self, b: Builder) -> int:
        product = b.mul(b.broadcast(self.back, self.shape), b.broadcast(self.forth, self.shape))
        if self.view is None:
            return product
        at, shape = self.view
        return b.view(product, at, shape)


@dataclass(frozen=True, slots=True)
class Whole:
    """A gradient that has to be formed."""

    gradient: int

    def squared_norm(self, b: Builder) -> int:
        return _square(b, self.gradient)

    def scaled(self, b: Builder, factor: int, clip: Fraction) -> int:
        return _shrunk(b, self.gradient, factor, clip)


def _part(b: Builder, gradient: int, row: Container[int]) -> Outer | Whole:
    item, view = b.item(gradient), None
    if isinstance(item, Value) and isinstance(item.op, View) and _permutes(b, item, item.op.at):
        view, item = (item.op.at, item.type.shape), b.item(item.args[0])
    if not (isinstance(item, Value) and isinstance(item.op, Mul)):
        return Whole(gradient)
    cores = [_core(b, a) for a in item.args]
    shapes = [b.type(c).shape for c in cores]
    if any(size > 1 and (m > 1) == (n > 1) for m, n, size in zip(*shapes, item.type.shape, strict=True)):
        return Whole(gradient)  # an axis that both have, or along which both repeat
    back, forth = sorted(cores, key=lambda c: of_row_alone(b, c, row))  # what the data provider knows is left alone
    return Outer(view, item.type.shape, back, forth)


def _core(b: Builder, number: int) -> int:
    """The value with the axes along which it repeats shrunk to extent 1."""
    item, shape = b.item(number), b.type(number).shape
    if isinstance(item, Value) and isinstance(item.op, View):
        small = tuple(1 if s == 0 else n for s, n in zip(item.op.at.strides, shape, strict=True))
        return b.view(item.args[0], item.op.at, small, item.args[1:])
    return number


def _permutes(b: Builder, item: Value, at: Strided) -> bool:
    operand = b.type(item.args[0])
    moving = sorted(((s, n) for s, n in zip(at.strides, item.type.shape, strict=True) if n > 1), reverse=True)
    dense = row_major([n for _, n in moving])
    return at.offset == 0 and item.type.size == operand.size and tuple(s for s, _ in moving) == dense


def of_row_alone(b: Builder, number: int, row: Container[int]) -> bool:
    """Made of the row and of constants, so local to the data provider?"""
    item = b.item(number)
    if item is None:
        return number in row
    return isinstance(item, Value) and all(of_row_alone(b, a, row) for a in item.args)


def _square(b: Builder, number: int) -> int:
    return b.dot(number, number, len(b.type(number).shape)) if b.type(number).shape else b.mul(number, number)


def _shrunk(b: Builder, number: int, factor: int, clip: Fraction) -> int:
    """factor * value, rounded towards zero to a grid on which `clip` is long."""
    type = b.type(number)
    product, grid = b.mul(number, factor), _grid(type, clip)
    fine = b.type(product).scale
    if fine >= grid:
        return product
    lo, hi = (int(n * type.scale / grid) for n in (min(type.lo, 0), max(type.hi, 0)))
    if type.signed:
        negative = b.less(product, b.const([Fraction(0)]))
        product = b.affine([(Fraction(1), product), (grid - fine, negative)])
    return b.round(product, grid, lo, hi, nearest=False)


def _grid(type: Type, clip: Fraction) -> Fraction:
    """The value's own scale, halved until `clip` is RESOLUTION * sqrt(elements) units."""
    grid = type.scale
    while grid**2 * RESOLUTION**2 * type.size > clip**2:
        grid /= 2
    return grid


def factors(reach: Fraction) -> list[Fraction]:
    """0 and a power of two less one factors below 1, ascending, for squared norms of up to `reach` squared clips."""
    exponents = 1
    while exponents < EXPONENTS and 4**exponents < reach:
        exponents *= 2
    mantissas = [Fraction(m, 2 * MANTISSAS) for m in range(MANTISSAS, 2 * MANTISSAS)]
    return [Fraction(0), *[m / 2**e for e in reversed(range(exponents)) for m in mantissas][1:]]


def factor(b: Builder, norm: int, clip: Fraction) -> int:
    """f for a squared norm: a binary search among the factors below 1, then one more comparison for 1."""
    type = b.type(norm)
    below = factors(b.bounds(norm)[1] / clip**2)
    exact = [int(clip**2 / f**2 / type.scale) for f in (*below[1:], Fraction(1))]
    drop = max(0, exact[-1].bit_length() - PRECISION)
    limits = [0, *(t >> drop for t in exact)]  # limits[i] for the factor i, decreasing; 0 always fits
    up = b.affine([(Fraction(1), norm)], ((1 << drop) - 1) * type.scale)
    n = b.round(up, type.scale * (1 << drop), 0, limits[1] + 1, nearest=False)
    unit = b.type(n).scale
    bits: list[int] = []
    step = len(below) // 2
    while step:
        passed = [limits[(2 * prefix + 1) * step] for prefix in range(1 << len(bits))]
        bits.append(_at_most(b, n, _chosen(b, "thresholds", bits, passed, unit)))
        step //= 2
    whole = _at_most(b, n, b.const([limits[-1] * unit]))
    fine = common_scale(below)
    return b.select(whole, b.const([Fraction(1)]), _chosen(b, "factors", bits, [int(f / fine) for f in below], fine))


def _at_most(b: Builder, n: int, limit: int) -> int:
    return b.invert(b.less(limit, n))


def _chosen(b: Builder, name: str, bits: list[int], values: list[int], unit: Fraction) -> int:
    """values[the bits so far, highest first] * unit."""
    if not bits:
        return b.const([values[0] * unit])
    index = b.affine([(Fraction(1 << (len(bits) - 1 - i)), bit) for i, bit in enumerate(bits)])
    table = Pieces(name, 0, len(values), 0, tuple(values), (0,) * len(values), 0, 0, Fraction(0))
    return b.add(table, (index,), Type((), unit, min(values), max(values)))
