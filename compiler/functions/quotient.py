"""Quotients and roots at a given last bit."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from compiler.words.builder import Builder
from compiler.words.ir import Type
from compiler.words.operations import Div, Sqrt


def quotient(b: Builder, x: int, y: int, scale: Fraction, extremes: tuple[int, int] | None = None) -> int:
    """floor(x / y) in units of `scale`; x / 0 is the end of the range on x's side (`extremes`, in units, if given).

    Its derivatives are quotients at the same last bit, and 0 where y is.
    """
    tx, ty = b.type(x), b.type(y)
    ratio = tx.scale / ty.scale / scale
    top, bottom = (_times(b, n, factor) for n, factor in ((x, ratio.numerator), (y, ratio.denominator)))
    reach = max(abs(b.type(top).lo), abs(b.type(top).hi))
    lo = -reach if tx.signed or ty.signed else 0
    hi = reach
    at = Div(*(extremes or (lo, hi)))
    result = b.add(at, (top, bottom), Type(tx.shape, scale, min(lo, at.lo), max(hi, at.hi)))

    def derivative(adjoint: int) -> list[tuple[int, int]]:
        by_x = quotient(b, adjoint, y, scale, (0, 0))
        return [(x, by_x), (y, b.scaled(b.mul(by_x, result), Fraction(-1)))]

    b.derivatives[result] = derivative
    return result


def _times(b: Builder, x: int, factor: int) -> int:
    """The integers of x times a positive integer, as plain integers."""
    type = b.type(x)
    return b.aligned([x, b.const([type.scale / factor])])[0] if factor > 1 else x


def root(b: Builder, x: int, fraction: int) -> int:
    """floor(sqrt(x)) in units of 2^-fraction: the integer root of x / 4^-fraction, whose own floor changes nothing."""
    type = b.type(x)
    square = Fraction(1, 1 << (2 * fraction))
    ratio = type.scale / square
    lo, hi = (int(n * ratio // 1) for n in (type.lo, type.hi))
    integer = b.round(x, square, lo, hi, nearest=False)
    return b.add(Sqrt(), (integer,), Type(type.shape, Fraction(1, 1 << fraction), 0, isqrt(max(0, hi))))
