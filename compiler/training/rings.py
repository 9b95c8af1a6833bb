"""Which sums of products of a `dpsgd` are Rings, that is, may go as shares: those that shares move in fewer bytes.

The cost of a sum of n products for each of its lanes, in bytes, of words of a and b bits and a ring of l bits:

    gates     32 n a b                            about one AND for each pair of bits, 32 bytes each
    shares    n (l + ... + (l - b + 1)) / 8       a correction for each bit of the joint factor; of both, if both are
              + 48 l                              16 for each bit that is entered by transfer, 32 for its adder

What is joint depends on a weight; what is made of a row alone is its owner's.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, isqrt

from compiler.training import bounds
from compiler.training.own import Own
from compiler.words.arithmetic import product, split
from compiler.words.builder import Builder
from compiler.words.ir import Type, Value, full_range
from compiler.words.operations import Bound, Dot, Ring, View

WIDEST = 60  # bits of a ring: two shares are added in 64


@dataclass(frozen=True, slots=True)
class Cheaper:
    """The rule; `norms` are what bounds a row's fields."""

    own: Own
    norms: bounds.Norms = field(default_factory=dict[int, Fraction | None])

    def __call__(self, b: Builder, left: int, right: int, exact: Type, axes: int) -> Type | None:
        widths = [b.type(n).width for n in (left, right)]
        joint = [width for n, width in zip((left, right), widths, strict=True) if not self.own.knows(b, n)]
        if not joint or left == right:  # one party's, or a square: the norm that clips is made of what is clipped
            return None
        held = self._held(b, left, right, exact, axes)
        ring = max(held.width + (not held.signed), *widths)
        if ring > WIDEST:
            return None
        _, terms = split(b.type(left).shape, axes)
        corrections = sum(ring - bit for width in joint for bit in range(min(width, ring))) / 8
        gates = 32 * widths[0] * widths[1]
        return held if terms * corrections + 48 * ring < terms * gates else None

    def _held(self, b: Builder, left: int, right: int, exact: Type, axes: int) -> Type:
        """|sum of x y| <= ||x|| ||y||."""
        squares = [bounds.squared_norm_of_each(b, n, axes, self.norms) for n in (left, right)]
        most = isqrt(int(squares[0] * squares[1] / exact.scale**2))
        return replace(exact, lo=max(exact.lo, -most), hi=min(exact.hi, most))


def with_room(b: Builder, total: int, most: Fraction, noise: Fraction) -> int:
    """A sum of numbers of up to `most`; where it is a Ring, in one that also holds noise of up to `noise`.

    The ring of the sum before the noise is that after it: there is no carry that would tell how far an offset went.
    """
    item = b.item(total)
    if not isinstance(item, Value):
        return total
    if isinstance(item.op, View) and len(item.args) == 1:
        inner = with_room(b, item.args[0], most, noise)
        return b.view(inner, item.op.at, item.type.shape)
    if not isinstance(item.op, Ring):
        return total
    room = 1 + ceil((most + noise) / item.type.scale).bit_length()
    width = max(room, *(b.type(a).width for a in item.args))  # a transfer is of words that fit the ring
    if width <= WIDEST:
        lo, hi = full_range(width, True)
        return b.add(item.op, item.args, replace(item.type, lo=lo, hi=hi))
    left, right = item.args
    shape, terms = split(b.type(left).shape, item.op.count)
    return b.add(Dot(item.op.count), item.args, product(b.type(left), b.type(right), shape, terms, False))


def added(b: Builder, total: int, noise: int) -> int:
    """Sum and noise; of a Ring in the ring, on the finer grid of the two."""
    exact = b.add2(total, noise)
    if not _is_ring(b, total):
        return exact
    type, fine = b.type(total), b.type(exact).scale
    ratio = type.scale / fine
    assert ratio.denominator == 1 and ratio.numerator.bit_count() == 1
    lo, hi = full_range(type.width + ratio.numerator.bit_length() - 1, True)
    return b.round(exact, fine, lo, hi, wrap=True)


def _is_ring(b: Builder, number: int) -> bool:
    item = b.item(number)
    if isinstance(item, Value) and isinstance(item.op, View | Bound):
        return _is_ring(b, item.args[0])
    return isinstance(item, Value) and isinstance(item.op, Ring)
