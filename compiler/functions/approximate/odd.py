"""Sigmoid and tanh, odd about their centre: half of the table, and a sign.

Where the operand is so coarse that n and -1 - n cannot share a cell, the table is whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, localcontext
from fractions import Fraction
from functools import cache, lru_cache

from compiler.functions.approximate.fit import Fit, Task, best
from compiler.functions.approximate.real import MARGIN, PRECISION, decimal, exponential
from compiler.words.ir import Type
from compiler.words.operations import Pieces

FINEST = Fraction(1, 1 << 11)  # tables for smaller errors are long, and long in the making
NARROW = 10  # bits of an operand whose table is short for any error


@dataclass(frozen=True, slots=True)
class Function:
    """f with f(x) = center + half(|x|) * sign(x); `half` is 0 at 0 and grows towards `limit`."""

    name: str
    center: Fraction  # f(0)
    limit: Fraction  # half stays below it
    half: Callable[[Decimal], Decimal]


SIGMOID = Function("sigmoid", Fraction(1, 2), Fraction(1, 2), lambda x: 1 / (1 + exponential(-x)) - Decimal("0.5"))
TANH = Function("tanh", Fraction(0), Fraction(1), lambda x: 2 / (1 + exponential(-2 * x)) - 1)


def odd(function: Function, operand: Type, fraction_bits: int, within: Fraction) -> tuple[Type, Pieces] | None:
    """The function with last bit 2^-fraction_bits, off by at most `within`; None if no table of ours can.

    The result stays below center + limit where the error allows it: it then needs one bit less.
    """
    if within < FINEST and operand.width > NARROW:
        return None
    found = _odd(function, operand.scale, operand.lo, operand.hi, fraction_bits, within)
    return found and (Type(operand.shape, found[0].scale, found[0].lo, found[0].hi), found[1])


@lru_cache(maxsize=256)
def _odd(
    function: Function, scale: Fraction, lo: int, hi: int, fraction_bits: int, within: Fraction
) -> tuple[Type, Pieces] | None:
    """For scalars n * scale, n in lo..hi."""
    unit = 1 << fraction_bits
    half, slack = cache(function.half), decimal(within * unit)
    top, center = int(function.limit * unit), int(function.center * unit)

    @cache  # each is asked for some five times
    def height(n: int) -> tuple[Decimal, Decimal]:
        """Bounds of half(|n| * scale) in last bits."""
        if n == 0:
            return Decimal(0), Decimal(0)
        exact = half(Decimal(abs(n) * scale.numerator) / scale.denominator)
        return (exact - MARGIN) * unit, min((exact + MARGIN) * unit, Decimal(top))

    def mirrored(n: int) -> tuple[Decimal, Decimal]:
        low, high = height(n)
        return high - slack, low + slack

    def whole(n: int) -> tuple[Decimal, Decimal]:
        """The value itself, from center - top on."""
        low, high = mirrored(n)
        return (top + low, top + high) if n >= 0 else (top - high, top - low)

    with localcontext(PRECISION):
        for most in top - 1, top:
            task = Task(mirrored, lo, hi, most, mirrored=True)
            fit = best(task)
            if fit is not None:
                pieces = fit.pieces(function.name, task, center, _error(task, fit, slack, unit))
                return Type((), Fraction(1, unit), center - (top if lo < 0 else 0), center + most), pieces
        for most in 2 * top - 1, 2 * top:
            task = Task(whole, lo, hi, most)
            fit = best(task)
            if fit is not None:
                base = center - top
                pieces = fit.pieces(function.name, task, base, _error(task, fit, slack, unit))
                return Type((), Fraction(1, unit), base, base + most), pieces
    return None


def _error(task: Task, fit: Fit, slack: Decimal, unit: int) -> Fraction:
    """A bound of the error in the function's own unit: the corridor is the function give or take `slack`."""
    worst = Decimal(0)
    for m, (start, end) in enumerate(task.spans(fit.drop, fit.places)):
        h = fit.height(m)
        for low, high in (task.corridor(start), task.corridor(end)) if start <= end else ():
            worst = max(worst, h - high + slack, low + slack - h)
    return Fraction((worst / unit).quantize(Decimal("1e-12"), ROUND_CEILING))
