"""e^x = 2^k e^r: the high bits of x choose k and what is left of x, r; a curve gives e^r, a shift 2^k."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

from compiler.functions.approximate.curve import Curve, Smooth, drawn, planned
from compiler.functions.approximate.direct import Direct, direct
from compiler.functions.approximate.real import PRECISION, decimal, exponential, floored
from compiler.functions.approximate.shift import Report, floor_shift, integers, low_bits, shifted_down, table
from compiler.functions.approximate.target import Target
from compiler.words.builder import Builder
from compiler.words.ir import Claim, Type

LN2 = Decimal(2).ln(PRECISION)


@dataclass(frozen=True, slots=True)
class Power:
    """e^(sign n scale) for n in lo..hi, in units of 2^-fraction, below 2^(octave + 1).

    `capped`: it may be more, and then anything from 2^octave on will do.
    """

    scale: Fraction
    lo: int
    hi: int
    sign: int
    fraction: int
    octave: int
    capped: bool

    def log2(self, n: int) -> Decimal:
        """Of the result."""
        return self.sign * n * decimal(self.scale) / LN2 + self.fraction


@dataclass(frozen=True, slots=True)
class Plan:
    """m = floor(n / 2^drop) in lo..hi, and r = sign 2^gain m - offset[m >> segment], of `bits` bits."""

    drop: int
    gain: int
    lo: int
    hi: int
    segment: int
    bits: int
    offset: tuple[int, ...]  # from the segment of lo on
    shift: tuple[int, ...]  # of the curve's value, down to the result's size
    curve: Curve
    smooth: Smooth  # 2^octave e^r
    reach: int  # the largest r that matters
    extra: int  # bits that the curve's value has below the result's unit

    @property
    def ands(self) -> int:
        """About: the tables, r, its curve, the shift."""
        places = (len(self.offset) - 1).bit_length()
        shift = max(self.shift).bit_length() * (self.curve.widths[0] - self.curve.guard + self.extra)
        return (1 << places) + self.bits + self.curve.ands + shift


def exp(b: Builder, x: int, sign: int, target: Target, of: Report | None = None) -> int | None:
    """e^(sign x) in units of the target, at most one of them off; None if no curve of ours is good enough.

    `of` is the function that is computed by it, if that is another.

    The curve is never below the true value and less than a unit above it, and the shift rounds down.
    """
    type = b.type(x)
    most = max(sign * type.lo, sign * type.hi) * type.scale
    top = bits(most, target) - 1
    if sign < 0 and top >= 0:  # bits of x that are dropped make it smaller
        top = bits(most + Fraction(1, 8 << min(top, 64)), target) - 1
    octave = top if target.hi is None else min(top, target.hi.bit_length())
    if octave < 0:
        return b.broadcast(b.const([Fraction(0)]), type.shape)
    plan = _plan(Power(type.scale, type.lo, type.hi, sign, target.fraction, octave, top > octave))
    small = _small(replace(type, shape=()), sign, target)
    if small is not None and (plan is None or small.ands <= plan.ands):
        return small.build(b, x)
    if plan is None:
        return None
    m = integers(b, x, type.scale * (1 << plan.drop), plan.lo, plan.hi)
    first = plan.lo >> plan.segment
    offset = table(b, m, plan.offset, first, plan.segment)
    r = low_bits(b, b.affine([(Fraction(sign << plan.gain), m), (Fraction(-1), offset)]), plan.bits)
    with localcontext(PRECISION):
        height = drawn(b, r, plan.curve, plan.smooth, plan.reach, plan.extra, of or Report("exp", target.unit))
        largest = exponential(decimal(most)) * (1 << target.fraction) if top == octave else Decimal(4 << octave)
    amounts = [
        table(b, m, [k >> i & 1 for k in plan.shift], first, plan.segment) for i in range(max(plan.shift).bit_length())
    ]
    result = floor_shift(b, shifted_down(b, height, amounts), plan.extra)
    return b.scaled(b.narrowed(result, Fraction(0), Fraction(int(largest) + 1), Claim.FUNCTION), target.unit)


def bits(x: Fraction, target: Target) -> int:
    """Of e^x in units of the target; at most 0 where it is less than one."""
    with localcontext(PRECISION):
        return floored(decimal(x) / LN2) + target.fraction + 1


@lru_cache(maxsize=256)
def _small(operand: Type, sign: int, target: Target) -> Direct | None:
    return direct("exp", lambda r: exponential(min(sign * r, Decimal(200))), operand, target)


@lru_cache(maxsize=256)
def _plan(power: Power) -> Plan | None:
    """The cheapest found."""
    with localcontext(PRECISION):
        return min(_plans(power), key=lambda p: (p.ands, p.segment, p.gain, p.extra), default=None)


def _plans(power: Power) -> Iterator[Plan]:
    for precision in 3, 4, 5:  # bits of r below those that move the result
        fine = Fraction(1, 1 << (power.octave + precision))
        drop, gain = 0, 0
        while power.scale * (2 << drop) <= fine:
            drop += 1
        while power.scale * (1 << drop) > fine * (1 << gain):
            gain += 1
        extent = _extent(power, drop)
        drop = min(drop, extent)
        lo, hi = (max(-1 << extent, min(n, (1 << extent) - 1)) >> drop for n in (power.lo, power.hi))
        longest = int(Fraction(6, 10) / power.scale / (1 << drop)).bit_length() - 1
        most = max(0, min(longest, (hi - lo).bit_length()))
        for segment in range(max(0, most - 2), most + 1):
            for extra in 1, 2:
                plan = _at_segment(power, drop, gain, (lo, hi), segment, extra)
                if plan is not None:
                    yield plan


def _extent(power: Power, drop: int) -> int:
    """The least q past whose 2^q, on either side, nothing changes: e^x stays below a unit there, or above the cap."""
    q = 0
    while True:
        beyond = [
            (end, side * power.sign)
            for end, side, there in (
                ((1 << q) - (1 << min(q, drop)), 1, power.hi >= 1 << q),
                (-1 << q, -1, power.lo < -1 << q),
            )
            if there
        ]
        if all(
            power.log2(n) < 0 if growth < 0 else power.capped and power.log2(n) > power.octave + 1
            for n, growth in beyond
        ):
            return q
        q += 1


def _at_segment(power: Power, drop: int, gain: int, ends: tuple[int, int], segment: int, extra: int) -> Plan | None:
    """The plan with segments of 2^segment values of m, each of one k: the floor of x / ln 2 at its least x."""
    unit = decimal(power.scale) * (1 << drop)
    fine = unit / (1 << gain)
    offsets: list[int] = []
    shifts: list[int] = []
    reach = 0
    for part in range(ends[0] >> segment, (ends[1] >> segment) + 1):
        first, last = (part << segment, ((part + 1) << segment) - 1)[:: power.sign]
        k = floored(power.sign * first * unit / LN2)
        offset = floored(k * LN2 / fine)
        shift = power.octave - power.fraction - k
        if 0 <= shift <= power.octave + 1:
            reach = max(reach, power.sign * (last << gain) - offset)
        offsets.append(offset)
        shifts.append(max(0, min(shift, power.octave + 2)))
    bits = max(1, reach.bit_length())
    # r is up to one too large, and where bits of n were dropped up to one too small: the curve stays that far, and what
    # it is rounded down by, above e^r.
    blur = exponential((reach + 1) * fine) * (1 << power.octave) * fine
    floor, spread = Decimal(1) / (1 << extra), 2 if drop else 1
    above, slack = (1 + floor) / 2 - (2 - spread) * blur / 2, (1 - floor) / 2 - spread * blur / 2
    smooth = Smooth(
        lambda r: exponential(r * fine) * (1 << power.octave) + above,
        lambda order, r: exponential(r * fine) * (1 << power.octave) * fine**order + (order == 0),
    )
    curve = planned(smooth, bits, reach, slack, extra)
    if curve is None:
        return None
    return Plan(
        drop,
        gain,
        *ends,
        segment,
        bits,
        tuple(o % (1 << bits) for o in offsets),
        tuple(shifts),
        curve,
        smooth,
        reach,
        extra,
    )
