"""Clipping by the ghost norm: one factor for each example, over all trained variables together.

A layer's gradient is an outer product of what flows back with what flowed forward, so its squared norm
is the product of theirs and the gradient itself is never formed (Goodfellow, "Efficient per-example
gradient computations", 2015; Li et al., "Large language models can be strong differentially private
learners", 2022).  The factor is the largest f among 1, m / 64 * 2^-e (m in 32..63) and 0 with

    norm^2 <= clip^2 / f^2

so f * norm <= clip exactly: the norm is that of the words that are scaled, cut short before (`short.py`); it never
wraps, and its low bits are dropped upwards before the comparison.  f multiplies what flows back; of the product what is
finer than a few thousandths of the clip is dropped *towards zero*: no element grows, so the bound stays, and from there
to the noise all is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isqrt
from typing import assert_never

from compiler.functions.approximate.shift import floor_shift, lifted, low_bits
from compiler.training import bounds
from compiler.training.own import Own
from compiler.training.short import Short, kept_above, moved_down, moved_up, shortened
from compiler.words.builder import Builder
from compiler.words.ir import Claim, Type, Value
from compiler.words.operations import Mul, Pieces, Strided, View
from compiler.words.strides import row_major

MANTISSAS = 32  # factors between one power of two and the next
EXPONENTS = 8  # powers of two, at most: gradients longer than 2^8 clips become zero
PRECISION = 11  # bits of clip^2 that the comparison keeps
KEPT = 9  # bits of the squared norm of what flowed forward, where the data set bounds it
FINER = 16  # than the grid are values, at most
RESOLUTION = 32  # an element of a vector with all elements equal and the norm `clip`, in grid units


def clipped(
    b: Builder,
    gradients: Sequence[int],
    clip: Fraction,
    norms: bounds.Norms,
    own: Own,
    valid: int | None = None,
) -> list[int]:
    """The gradients of one example, scaled to a joint norm of at most `clip`; zero where the bit `valid` is.

    `own` is what its data provider knows, `norms` what its data set promises of norms.
    """
    parts = [_part(b, g, own) for g in gradients]
    ready = [Scaling.of(b, p, clip, norms) for p in parts]
    norm = b.affine([(Fraction(1), r.squared_norm(b)) for r in ready])
    by = factor(b, norm, clip)
    if valid is not None:
        by = replace(by, mantissa=b.select(valid, by.mantissa, b.const([Fraction(0)])))
    return [r.scaled(b, by) for r in ready]


def masked(b: Builder, gradient: int, valid: int, own: Own) -> int:
    """The gradient, 0 where the bit is; of an outer product what flows back is, which is short."""
    part, nothing = _part(b, gradient, own), b.const([Fraction(0)])
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


@dataclass(frozen=True, slots=True)
class Scaling:
    """A gradient, of which what flows back, or all of it, is scaled: to the grid, in words of a few bits."""

    part: Outer | Whole
    short: Short
    forth: int  # what the squared norm of the short words is to be multiplied by
    unit: Fraction  # of the short words
    grid: Fraction  # of what is scaled
    places: int  # bits that its magnitudes may take

    @staticmethod
    def of(b: Builder, part: Outer | Whole, clip: Fraction, norms: bounds.Norms) -> Scaling:
        value = part.back if isinstance(part, Outer) else part.gradient
        flat = b.reshape(value, tuple(n for n in b.type(value).shape if n > 1))  # a bias shares its layer's words
        type = b.type(flat)
        fit = _grid(type, clip)
        unit = max(type.scale, fit / FINER)
        grid = min(unit, fit)
        short = shortened(b, flat, unit)
        forth = _least_above(b, part.forth, norms) if isinstance(part, Outer) else b.const([Fraction(1)])
        longest = min(bounds.largest(type), unit * b.type(short.magnitude).hi * 2 ** sum(n for _, n in short.moves))
        most = clip**2 / b.type(forth).scale / grid**2  # of an element's square: what flowed forward is no shorter
        places = max(1, min(int(longest / grid), isqrt(int(most))).bit_length())
        return Scaling(part, short, forth, unit, grid, places)

    def squared_norm(self, b: Builder) -> int:
        square = b.mul(_square(b, self.short.magnitude), self.forth)
        scale = b.type(square).scale
        square = moved_up(b, b.scaled(square, 1 / scale), self.short.moves, 2)
        return b.scaled(square, scale * self.unit**2)

    def scaled(self, b: Builder, by: Factor) -> int:
        """The gradient of which what flows back is `shrunk`."""
        signed = self.shrunk(b, by)
        match self.part:
            case Outer(back=back):
                return replace(self.part, back=b.reshape(signed, b.type(back).shape)).formed(b)
            case Whole(gradient):
                return b.reshape(signed, b.type(gradient).shape)
            case _:
                assert_never(self.part)

    def shrunk(self, b: Builder, by: Factor) -> int:
        """factor * value, rounded towards zero to the grid."""
        up = sum(step for _, step in self.short.moves)
        moves = [(Fraction(-step), bit) for bit, step in self.short.moves]
        down = b.affine([(Fraction(1), by.exponent), *moves], Fraction(up))
        finer = up + int(self.unit / self.grid).bit_length() - MANTISSAS.bit_length()
        n = lifted(b, b.mul(self.short.magnitude, by.mantissa), max(0, finer))
        n = low_bits(b, floor_shift(b, moved_down(b, n, down), max(0, -finer)), self.places)
        return b.scaled(b.select(self.short.negative, b.scaled(n, Fraction(-1)), n), self.grid)


def _part(b: Builder, gradient: int, own: Own) -> Outer | Whole:
    item, view = b.item(gradient), None
    if isinstance(item, Value) and isinstance(item.op, View) and _permutes(b, item, item.op.at):
        view, item = (item.op.at, item.type.shape), b.item(item.args[0])
    if not (isinstance(item, Value) and isinstance(item.op, Mul)):
        return Whole(gradient)
    cores = [_core(b, a) for a in item.args]
    shapes = [b.type(c).shape for c in cores]
    if any(size > 1 and (m > 1) == (n > 1) for m, n, size in zip(*shapes, item.type.shape, strict=True)):
        return Whole(gradient)  # an axis that both have, or along which both repeat
    back, forth = sorted(cores, key=lambda c: own.knows(b, c))  # what the data provider knows is left alone
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


def _square(b: Builder, number: int) -> int:
    return b.dot(number, number, len(b.type(number).shape)) if b.type(number).shape else b.mul(number, number)


def _least_above(b: Builder, forth: int, norms: bounds.Norms) -> int:
    """The squared norm; where the data set bounds it, in a few bits of that bound, upwards."""
    square = _square(b, forth)
    scale, most = b.type(square).scale, bounds.squared_norm(b, forth, norms)
    if most >= b.bounds(square)[1]:
        return square
    return kept_above(b, b.narrowed(square, Fraction(0), most // scale * scale, Claim.NORM), KEPT)


def _grid(type: Type, clip: Fraction) -> Fraction:
    """A power of two of the value's own scale: the largest of which `clip` is RESOLUTION * sqrt(elements)."""
    grid = type.scale
    while grid**2 * RESOLUTION**2 * type.size > clip**2:
        grid /= 2
    while 4 * grid**2 * RESOLUTION**2 * type.size <= clip**2:
        grid *= 2
    return grid


def factors(reach: Fraction) -> list[Fraction]:
    """0 and a power of two less one factors below 1, ascending, for squared norms of up to `reach` squared clips."""
    exponents = 1
    while exponents < EXPONENTS and 4**exponents < reach:
        exponents *= 2
    mantissas = [Fraction(m, 2 * MANTISSAS) for m in range(MANTISSAS, 2 * MANTISSAS)]
    return [Fraction(0), *[m / 2**e for e in reversed(range(exponents)) for m in mantissas][1:]]


@dataclass(frozen=True, slots=True)
class Factor:
    """mantissa / MANTISSAS * 2^-exponent."""

    mantissa: int  # 0 or MANTISSAS..2 MANTISSAS - 1
    exponent: int  # from 0 on


def factor(b: Builder, norm: int, clip: Fraction) -> Factor:
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
    octaves, finer = bits[: -(MANTISSAS.bit_length() - 1)], bits[-(MANTISSAS.bit_length() - 1) :]
    nothing, longest = b.const([Fraction(0)]), b.equal(_number(b, bits), b.const([Fraction(0)]))
    mantissa = b.affine([(Fraction(1), b.select(whole, nothing, _number(b, finer)))], Fraction(MANTISSAS))
    exponent = b.affine([(Fraction(-1), _number(b, octaves))], Fraction(1 << len(octaves)))
    return Factor(b.select(longest, nothing, mantissa), b.select(whole, nothing, exponent))


def _at_most(b: Builder, n: int, limit: int) -> int:
    return b.invert(b.less(limit, n))


def _number(b: Builder, bits: Sequence[int]) -> int:
    """Of its bits, highest first."""
    return b.affine([(Fraction(1 << (len(bits) - 1 - i)), bit) for i, bit in enumerate(bits)])


def _chosen(b: Builder, name: str, bits: list[int], values: list[int], unit: Fraction) -> int:
    """values[the bits so far, highest first] * unit."""
    if not bits:
        return b.const([values[0] * unit])
    table = Pieces(name, 0, len(values), 0, tuple(values), (0,) * len(values), 0, 0, Fraction(0))
    return b.add(table, (_number(b, bits),), Type((), unit, min(values), max(values)))
