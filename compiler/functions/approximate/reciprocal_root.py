"""1 / sqrt(x) = 2^-q / sqrt(m) for x = 4^q m with 1 <= m < 4: a curve of m's bits and a shift."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from math import isqrt, prod

from compiler.functions.approximate.curve import Curve, Smooth, drawn, planned
from compiler.functions.approximate.direct import Direct, direct
from compiler.functions.approximate.real import PRECISION, decimal
from compiler.functions.approximate.shift import (
    Report,
    floor_shift,
    integers,
    lifted,
    low_bits,
    moving,
    normalised,
    shifted_down,
)
from compiler.functions.approximate.target import Target
from compiler.words.builder import Builder
from compiler.words.ir import Type


@dataclass(frozen=True, slots=True)
class Plan:
    """m = (1 + r / 2^bits) 2^p; the curve's value has `extra` bits below the result's unit."""

    bits: int
    extra: int  # may be negative
    width: int  # of x
    curve: Curve
    smooth: Smooth

    @property
    def ands(self) -> int:
        value = self.curve.widths[0] - self.curve.guard + self.extra
        return moving(self.width, self.bits) + self.curve.ands + value * self.width.bit_length()


def rsqrt(b: Builder, x: int, target: Target) -> int | None:
    """1 / sqrt(x) in units of the target, at most one of them off; None if no curve of ours is good enough.

    Of 0 and below it is the target's greatest value, or where it has none that of the least number above 0.  The
    curve is never below the true value and less than a unit above it, and the shift rounds down.
    """
    type = b.type(x)
    greatest = isqrt(int((1 << 2 * target.fraction) / type.scale)) if target.hi is None else target.hi
    if type.hi <= 0:
        return b.broadcast(b.const([greatest * target.unit]), type.shape)
    width = 1 << max(1, (type.hi.bit_length() - 1).bit_length())
    plan = _plan(type.scale, width, target.fraction, target.hi)
    small = _small(replace(type, shape=()), greatest, target)
    if small is not None and (plan is None or small.ands <= plan.ands):
        return small.build(b, x)
    if plan is None:
        return None
    n = integers(b, x, type.scale, 0, type.hi)
    moved, (odd, *pairs) = normalised(b, n, width, plan.bits + 1)
    m = b.affine([(Fraction(1), low_bits(b, moved, plan.bits)), (Fraction(1 << plan.bits), b.invert(odd))])
    with localcontext(PRECISION):
        height = drawn(b, m, plan.curve, plan.smooth, (2 << plan.bits) - 1, plan.extra, Report("rsqrt", target.unit))
    height = lifted(b, height, max(0, -plan.extra))
    result = shifted_down(b, height, [b.invert(pair) for pair in pairs])
    result = floor_shift(b, result, max(0, plan.extra))
    positive = b.less(b.const([Fraction((1 << plan.bits) - 1)]), moved)
    return b.scaled(b.select(positive, result, b.const([Fraction(greatest)])), target.unit)


@lru_cache(maxsize=256)
def _small(operand: Type, greatest: int, target: Target) -> Direct | None:
    highest = Decimal(greatest) / (1 << target.fraction)
    return direct("rsqrt", lambda r: 1 / r.sqrt() if r > 0 else highest, operand, target)


@lru_cache(maxsize=256)
def _plan(scale: Fraction, width: int, fraction: int, hi: int | None) -> Plan | None:
    """The cheapest found."""
    with localcontext(PRECISION):
        plans = _plans((1 << fraction) / decimal(scale).sqrt(), width, hi)
        return min(plans, key=lambda p: (p.ands, p.bits, p.extra), default=None)


def _plans(largest: Decimal, width: int, hi: int | None) -> Iterator[Plan]:
    """Where q < `spare` all results are past `hi`; the others are shifted at least so far, and the curve may be off by
    2^spare units."""
    spare = 0
    while hi is not None and largest / (2 << spare) > hi + 1:
        spare += 1
    room = Decimal(1 << spare)
    enough = int(largest / room).bit_length() + 1
    for bits in {min(width - 1, enough + more) for more in range(4)}:
        fine = Decimal(1) / (1 << bits)
        blur = Decimal(0) if bits == width - 1 else largest / 2 * fine
        for extra in 1 - spare, 2 - spare:
            last = Decimal(2) ** -extra
            slack = (room - last - blur) / 2
            smooth = _smooth(largest, bits, last + slack)
            curve = planned(smooth, bits + 1, (2 << bits) - 1, slack, extra) if slack > 0 else None
            if curve is not None:
                yield Plan(bits, extra, width, curve, smooth)


def _smooth(largest: Decimal, bits: int, above: Decimal) -> Smooth:
    """largest / sqrt(m), and what the curve lies above it."""

    def m(r: Decimal) -> Decimal:
        return 1 + r / (1 << bits) if r < 1 << bits else r / (1 << bits - 1)

    def derivative(order: int, r: Decimal) -> Decimal:
        odds = Decimal(prod(range(1, 2 * order, 2)))
        return largest * odds / Decimal(2 << bits) ** order + (above if order == 0 else 0)

    return Smooth(lambda r: largest / m(r).sqrt() + above, derivative, 1)
