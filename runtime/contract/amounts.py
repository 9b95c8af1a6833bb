"""Privacy budgets as exact numbers: (epsilon, delta) pairs that are added and compared without ever rounding.

An amount has one spelling: decimal digits, no sign, no exponent, no needless zeros.  NaN, infinities, zero and
negative numbers have none, so they cannot be written, signed or stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, isfinite

from lang.numerals import spelled

_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,8})(\.[0-9]{0,29}[1-9])?", re.ASCII)
_LARGE, _PLACES = 10**9, 30  # of which no spelling is any more
_EPSILON_PLACES = 6
# The PLD is pessimistic on its own grid; this covers the float64 arithmetic that combines it.
_ACCOUNTANT_ERROR = Fraction(1, 10**9)


def decimal(text: str) -> Fraction:
    """The number of a canonical decimal numeral above zero; ValueError for every other spelling."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError(
            f"`{text[:40]}` is not an amount: write a decimal number above 0 such as 2 or 0.00001, "
            "without sign, exponent or trailing zeros"
        )
    value = Fraction(text)
    if value == 0:
        raise ValueError("an amount must lie above 0")
    return value


def typed(text: str) -> Fraction:
    """An amount as people type it (`1e-5`, `2.0`); ValueError if it has no canonical spelling."""
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{0,30})?([eE]-?[0-9]{1,2})?", text, re.ASCII):
        raise ValueError(f"`{text[:40]}` is not a number above 0")
    value = Fraction(text)
    if value >= _LARGE:
        raise ValueError(f"`{text[:40]}` is too large: it must lie below {float(_LARGE):g}")
    if (value * 10**_PLACES).denominator != 1:
        raise ValueError(f"`{text[:40]}` is too fine: it may have {_PLACES} decimals")
    return decimal(spelled(value))


@dataclass(frozen=True, slots=True)
class Spend:
    """An (epsilon, delta) pair; a budget, or what is taken from one.  Both >= 0, exact decimals."""

    epsilon: Fraction
    delta: Fraction

    def __add__(self, other: Spend) -> Spend:
        """Basic composition: epsilons add, deltas add (Dwork and Roth 2014, theorem 3.16)."""
        return Spend(self.epsilon + other.epsilon, self.delta + other.delta)

    def __sub__(self, other: Spend) -> Spend:
        return Spend(self.epsilon - other.epsilon, self.delta - other.delta)

    def larger(self, other: Spend) -> Spend:
        return Spend(max(self.epsilon, other.epsilon), max(self.delta, other.delta))

    def within(self, bound: Spend) -> bool:
        return self.epsilon <= bound.epsilon and self.delta <= bound.delta

    def __str__(self) -> str:
        return f"epsilon {spelled(self.epsilon)} at delta {spelled(self.delta)}"


NOTHING = Spend(Fraction(0), Fraction(0))


def total(amounts: Iterable[Spend]) -> Spend:
    return sum(amounts, NOTHING)


def epsilon_upward(epsilon: float) -> Fraction:
    """An accountant's epsilon as an amount: rounded up to six decimals.  ValueError unless finite and above 0."""
    if not isfinite(epsilon) or epsilon <= 0:
        raise ValueError(f"an epsilon of {epsilon} cannot be charged")
    scale = 10**_EPSILON_PLACES
    return Fraction(ceil(Fraction(epsilon) * (1 + _ACCOUNTANT_ERROR) * scale), scale)
