"""Sigmoid and tanh to more bits than a table has: a curve of |x|, or e^-|x| and a quotient; and a sign."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

from compiler.functions.approximate.curve import Curve, Smooth, drawn, planned
from compiler.functions.approximate.exponential import exp
from compiler.functions.approximate.real import PRECISION, decimal, exponential
from compiler.functions.approximate.shift import Report, integers
from compiler.functions.approximate.target import Target
from compiler.functions.quotient import quotient
from compiler.words.builder import Builder
from compiler.words.ir import Claim

STEEPEST = (Decimal(1), Decimal("0.25"), Decimal("0.0963"), Decimal("0.125"), Decimal("0.1277"))  # |derivatives|
EXTRA = 2  # bits of the curve's value below the result's unit


@dataclass(frozen=True, slots=True)
class Plan:
    """r = floor(|x| / 2^drop) of `bits` bits, kept below 2^bits."""

    drop: int
    bits: int
    curve: Curve
    smooth: Smooth  # of r, in units of the result


def logistic(b: Builder, x: int, target: Target, of: Report | None = None) -> int | None:
    """1 / (1 + e^-x) in units of the target, less than one of them off; None if no curve of ours is good enough."""
    type, report = b.type(x), of or Report("sigmoid", target.unit)
    negative = b.less(x, b.const([Fraction(0)]))
    reach = max(type.hi, -type.lo)
    magnitude = b.narrowed(
        b.select(negative, b.scaled(x, Fraction(-1)), x), Fraction(0), reach * type.scale, Claim.FUNCTION
    )
    plan = _plan(type.scale, reach, target.fraction)
    share = (
        _by_curve(b, magnitude, plan, target, report)
        if plan is not None
        else _by_quotient(b, magnitude, target, report)
    )
    return None if share is None else b.select(negative, b.invert(share), share)


def tanh(b: Builder, x: int, target: Target) -> int | None:
    """2 / (1 + e^-2x) - 1, with the same promise."""
    half = logistic(
        b, b.scaled(x, Fraction(2)), Target(target.fraction + 1, target.unit / 2), Report("tanh", target.unit)
    )
    return None if half is None else b.affine([(Fraction(2), half)], Fraction(-1))


@lru_cache(maxsize=256)
def _plan(scale: Fraction, reach: int, fraction: int) -> Plan | None:
    """Past 2^bits the function is less than a quarter of a unit below 1."""
    with localcontext(PRECISION):
        enough = int(((fraction + 2) * Decimal(2).ln() / decimal(scale)).to_integral_value(ROUND_CEILING))
        width = max(1, min(reach, enough).bit_length())
        plans = []
        for precision in 1, 2, 3:
            drop = 0
            while scale * (2 << drop) <= Fraction(1, 1 << (fraction + precision)):
                drop += 1
            drop = min(drop, width - 1)
            plans.append(_with_drop(decimal(scale) * (1 << drop), width - drop, drop, fraction))
        return min((p for p in plans if p is not None), key=lambda p: (p.curve.ands, p.drop), default=None)


def _with_drop(fine: Decimal, bits: int, drop: int, fraction: int) -> Plan | None:
    """The curve lies from where r would be one greater, if bits were dropped, to a unit above the true value, less what
    is lost by rounding down."""
    unit, last = 1 << fraction, Decimal(1) / (1 << EXTRA)
    blur = fine / 4 * unit if drop else Decimal(0)
    slack = (1 - last - blur) / 2
    above = blur + last + slack
    smooth = Smooth(
        lambda r: unit / (1 + exponential(-r * fine)) + above,
        lambda order, r: STEEPEST[order] * fine**order * unit + (above if order == 0 else 0),
    )
    curve = planned(smooth, bits, (1 << bits) - 1, slack, EXTRA) if slack > 0 else None
    return Plan(drop, bits, curve, smooth) if curve else None


def _by_curve(b: Builder, magnitude: int, plan: Plan, target: Target, report: Report) -> int:
    most = (1 << plan.bits) - 1
    r = integers(b, magnitude, b.type(magnitude).scale * (1 << plan.drop), 0, most)
    with localcontext(PRECISION):
        fine = drawn(b, r, plan.curve, plan.smooth, most, EXTRA, report)
    return b.scaled(integers(b, fine, Fraction(1 << EXTRA), 0, 1 << target.fraction), target.unit)


def _by_quotient(b: Builder, magnitude: int, target: Target, report: Report) -> int | None:
    """1 / (1 + e^-|x|).

    With e^-|x| off by at most a last bit e, a quarter of a unit, (1 + 2 e) / (1 + e^-|x|) is never below the true value
    and at most three quarters of a unit above it; it is rounded down.
    """
    fine = target.unit / 4
    power = exp(b, magnitude, -1, Target(target.fraction + 2, fine), report)
    if power is None:
        return None
    below = b.affine([(Fraction(1), power)], Fraction(1))
    share = quotient(b, b.const([1 + 2 * fine], b.type(magnitude).shape), below, target.unit)
    return b.narrowed(share, Fraction(0), Fraction(1), Claim.FUNCTION)
