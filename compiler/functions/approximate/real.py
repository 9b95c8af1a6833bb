"""The real numbers that an approximation is held against: decimals of 50 digits, never a float.

A value that is not exact counts as anything within MARGIN of it (relatively, where it is above 1).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from functools import lru_cache

PRECISION = Context(prec=50)
MARGIN = Decimal("1e-40")

Corridor = Callable[[int], tuple[Decimal, Decimal]]  # the reals between which a result must lie, by operand


def decimal(x: Fraction | int) -> Decimal:
    return Decimal(x.numerator) / x.denominator


def floored(x: Decimal) -> int:
    return int(x.to_integral_value(ROUND_FLOOR))


def around(x: Decimal) -> tuple[Decimal, Decimal]:
    """Bounds of the real number that x was computed for."""
    margin = MARGIN * max(Decimal(1), abs(x))
    return x - margin, x + margin


def exponential(x: Decimal) -> Decimal:
    """e^x, and 0 where that is far below MARGIN.

    It is the product of e^whole and e^rest: of the operands of a table there are thousands, of either part a few.
    Together they are off by three roundings, which MARGIN holds many times over.
    """
    if x < -200:
        return Decimal(0)
    whole = int(x)
    return PRECISION.multiply(_exponential(whole), _exponential(PRECISION.subtract(x, whole)))


@lru_cache(maxsize=1 << 12)
def _exponential(x: Decimal | int) -> Decimal:
    return PRECISION.exp(x)
