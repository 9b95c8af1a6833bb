"""Shapes, scales and ranges: what an operation makes of those of its operands."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm, prod

from compiler.words.ir import Type
from compiler.words.operations import And, Logic


def common_scale(scales: Sequence[Fraction]) -> Fraction:
    """The largest scale of which all the given ones are whole multiples (zeros aside); 1 if there is none."""
    nonzero = [s for s in scales if s]
    if not nonzero:
        return Fraction(1)
    return Fraction(gcd(*(s.numerator for s in nonzero)), lcm(*(s.denominator for s in nonzero)))


def broadcast_shapes(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """As NumPy; the checker has made sure that it is possible."""
    rank = max((len(s) for s in shapes), default=0)
    padded = [(1,) * (rank - len(s)) + s for s in shapes]
    return tuple(next((n for n in column if n != 1), 1) for column in zip(*padded, strict=True))


def split(shape: tuple[int, ...], axes: int) -> tuple[tuple[int, ...], int]:
    """(what is left when the trailing axes go, elements of those axes)."""
    cut = len(shape) - axes
    return shape[:cut], prod(shape[cut:])


def product(a: Type, b: Type, shape: tuple[int, ...], terms: int, square: bool) -> Type:
    """The type of a sum of `terms` products."""
    ends = [x * y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
    low, high = min(ends), max(ends)
    if square:
        low, high = 0 if a.lo <= 0 <= a.hi else min(a.lo**2, a.hi**2), max(a.lo**2, a.hi**2)
    return Type(shape, a.scale * b.scale, low * terms, high * terms)


def logic_range(op: Logic, a: Type, b: Type) -> tuple[int, int]:
    if not a.signed and not b.signed:
        if isinstance(op, And):
            return 0, min(a.hi, b.hi)
        return 0, (1 << max(a.width, b.width)) - 1
    if isinstance(op, And) and not (a.signed and b.signed):
        return 0, b.hi if a.signed else a.hi
    width = max(t.width + (not t.signed) for t in (a, b))
    return -(1 << (width - 1)), (1 << (width - 1)) - 1


def remainder_range(a: Type, b: Type) -> tuple[int, int]:
    """Of a - b floor(a / b), which has b's sign and is a where b = 0."""
    low = high = 0
    if b.hi > 0:
        high = min(b.hi - 1, a.hi) if a.lo >= 0 else b.hi - 1
    if b.lo < 0:
        low = max(b.lo + 1, a.lo) if a.hi <= 0 else b.lo + 1
    return (min(low, a.lo), max(high, a.hi)) if b.lo <= 0 <= b.hi else (low, high)


def round_integer(n: int, ratio: Fraction, nearest: bool) -> int:
    """floor(n * ratio + 1/2), or without the half."""
    p, q = n * ratio.numerator, ratio.denominator
    return (2 * p + q) // (2 * q) if nearest else p // q


def into(n: int, lo: int, hi: int, wrap: bool) -> int:
    return (n - lo) % (hi - lo + 1) + lo if wrap else max(lo, min(hi, n))
