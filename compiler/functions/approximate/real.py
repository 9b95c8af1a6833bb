"""The real numbers that an approximation is held against: decimals of 50 digits, never a float.

A value that is not exact counts as anything within MARGIN of it (relatively, where it is above 1).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_FLOOR, Context, Decimal
from fractions import Fraction

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
    """e^x, and 0 where that is far below MARGIN."""
    return Decimal(0) if x < -200 else x.exp()
