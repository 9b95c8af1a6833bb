"""Clipping by the ghost norm: one factor for each example, over all trained variables together.

A layer's gradient is an outer product of what flows back with what flowed forward, so its squared norm
is the product of theirs and the gradient itself is never formed (Goodfellow, "Efficient per-example
gradient computations", 2015; Li et al., "Large language models can be strong differentially private
learners", 2022).  The factor is the largest f of a list (`factor.py`) with

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
from compiler.training.factor import MANTISSAS, Factor, factor
from compiler.training.own import Own
from compiler.training.short import Short, kept_above, moved_down, moved_up, shortened
from compiler.words.builder import Builder
from compiler.words.ir import Claim, Type, Value
from compiler.words.operations import Mul, Strided, View
from compiler.words.strides import row_major

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
        all = max(1, b.type(n).width + min(0, finer))  # places by which it moves down until nothing is left
        down = b.round(down, Fraction(1), 0, (1 << all.bit_length()) - 1)
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
