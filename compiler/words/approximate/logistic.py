"""Sigmoid and tanh to more bits than a table has: by e^-|x| and a quotient."""
from __future__ import annotations

from fractions import Fraction

from compiler.words.approximate.exponential import exp
from compiler.words.approximate.shift import Report
from compiler.words.approximate.target import Target
from compiler.words.build import Builder
from compiler.words.quotient import quotient


def logistic(b: Builder, x: int, target: Target, of: Report | None = None) -> int | None:
    """1 / (1 + e^-x) in units of the target, less than one of them off; None if no curve of exp is good enough.

    With e^-|x| off by at most a last bit e, a quarter of a unit, (1 + 2 e) / (1 + e^-|x|) is never below the true value
    and at most three quarters of a unit above it; it is rounded down, and for x < 0 taken from 1.
    """
    negative = b.less(x, b.const([Fraction(0)]))
    type = b.type(x)
    magnitude = b.narrowed(b.select(negative, b.scaled(x, Fraction(-1)), x), Fraction(0),
                           max(type.hi, -type.lo) * type.scale)
    fine = target.unit / 4
    power = exp(b, magnitude, -1, Target(target.fraction + 2, fine), of or Report("sigmoid", target.unit))
    if power is None:
        return None
    below = b.affine([(Fraction(1), power)], Fraction(1))
    share = quotient(b, b.const([1 + 2 * fine], b.type(x).shape), below, target.unit)
    share = b.narrowed(share, Fraction(0), Fraction(1))
    return b.select(negative, b.invert(share), share)


def tanh(b: Builder, x: int, target: Target) -> int | None:
    """2 / (1 + e^-2x) - 1, with the same promise."""
    half = logistic(b, b.scaled(x, Fraction(2)), Target(target.fraction + 1, target.unit / 2),
                    Report("tanh", target.unit))
    return None if half is None else b.affine([(Fraction(2), half)], Fraction(-1))
