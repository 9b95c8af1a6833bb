"""log x = e log 2 + log m for x = 2^e m with 1 <= m < 2: a table of e and a curve of m's bits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from math import factorial

from compiler.functions.approximate.curve import Curve, Smooth, drawn, planned
from compiler.functions.approximate.direct import Direct, direct
from compiler.functions.approximate.real import PRECISION, decimal, floored
from compiler.functions.approximate.shift import Report, floor_shift, integers, low_bits, moving, normalised, table
from compiler.functions.approximate.target import Target
from compiler.words.builder import Builder
from compiler.words.ir import Claim, Type

LN2 = Decimal(2).ln(PRECISION)


@dataclass(frozen=True, slots=True)
class Plan:
    """m = 1 + r / 2^bits; the logarithms of m and 2^e have `extra` bits below the result's unit."""

    bits: int
    extra: int
    width: int  # of x
    curve: Curve
    smooth: Smooth

    @property
    def ands(self) -> int:
        return moving(self.width, self.bits) + self.width + self.curve.ands + self.curve.widths[0]


def log(b: Builder, x: int, target: Target) -> int | None:
    """The natural logarithm in units of the target, at most one of them off; None if no curve of ours is good enough.

    Of 0 and below it is the target's least value, or where it has none that of the least number above 0.
    """
    type = b.type(x)
    least = floored(_log(type.scale, target)) if target.lo is None else target.lo
    if type.hi <= 0:
        return b.broadcast(b.const([least * target.unit]), type.shape)
    width = 1 << (type.hi.bit_length() - 1).bit_length()
    plan = _plan(width, target.fraction)
    small = _small(replace(type, shape=()), least, target)
    if small is not None and (plan is None or small.ands <= plan.ands):
        return small.build(b, x)
    if plan is None:
        return None
    n = integers(b, x, type.scale, 0, type.hi)
    moved, amounts = normalised(b, n, width, plan.bits + 1)
    with localcontext(PRECISION):
        unit = decimal(target.unit) / (1 << plan.extra)
        first = (width - 1) * LN2 + decimal(type.scale).ln()
        exponents = [int(((first - k * LN2) / unit).to_integral_value(ROUND_CEILING)) for k in range(width)]
        mantissa = drawn(
            b,
            low_bits(b, moved, plan.bits),
            plan.curve,
            plan.smooth,
            (1 << plan.bits) - 1,
            plan.extra,
            Report("log", target.unit),
        )
    moves = b.affine([(Fraction(1 << i), bit) for i, bit in enumerate(amounts)])
    total = floor_shift(b, b.add2(table(b, moves, exponents, 0, 0), mantissa), plan.extra)
    ends = floored(_log(type.scale, target)) - 1, floored(_log(type.hi * type.scale, target)) + 2
    total = b.narrowed(total, Fraction(ends[0]), Fraction(ends[1]), Claim.FUNCTION)
    positive = b.less(b.const([Fraction((1 << plan.bits) - 1)]), moved)
    return b.scaled(b.select(positive, total, b.const([Fraction(least)])), target.unit)


def _log(x: Fraction, target: Target) -> Decimal:
    with localcontext(PRECISION):
        return decimal(x).ln() * (1 << target.fraction)


@lru_cache(maxsize=256)
def _small(operand: Type, least: int, target: Target) -> Direct | None:
    lowest = Decimal(least) / (1 << target.fraction)
    return direct("log", lambda r: r.ln() if r > 0 else lowest, operand, target)


@lru_cache(maxsize=256)
def _plan(width: int, fraction: int) -> Plan | None:
    """The cheapest found.

    The table of e is rounded up and m's bits are cut, so the curve may lie from where m would be one
    greater to a unit of the result, less one last bit for the table and one for rounding down, above log m.
    """
    plans: list[Plan] = []
    with localcontext(PRECISION):
        for extra in 2, 3, 4:
            for bits in range(fraction + 1, fraction + extra + 3):
                bits = min(bits, max(1, width - 1))
                cut = Decimal(0) if bits == width - 1 else Decimal(1) / (1 << bits)
                fine = Decimal(1) / (1 << bits)
                last = Decimal(1) / (1 << extra)
                spread = cut * (1 << fraction)
                slack = (1 - 2 * last - spread) / 2
                smooth = _smooth(fine, fraction, spread + last + slack)
                curve = planned(smooth, bits, (1 << bits) - 1, slack, extra) if slack > 0 else None
                if curve is not None:
                    plans.append(Plan(bits, extra, width, curve, smooth))
    return min(plans, key=lambda p: (p.ands, p.bits, p.extra), default=None)


def _smooth(fine: Decimal, fraction: int, above: Decimal) -> Smooth:
    """log(1 + r fine), and what the curve lies above it, in units of the result."""
    unit = 1 << fraction

    def derivative(order: int, r: Decimal) -> Decimal:
        m = 1 + r * fine
        return m.ln() * unit + above if order == 0 else factorial(order - 1) * (fine / m) ** order * unit

    return Smooth(lambda r: (1 + r * fine).ln() * unit + above, derivative)
