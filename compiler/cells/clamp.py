"""Clamping to public bounds: what lies beyond is told once, and one choice a bit is made, of a bound that is all but
constant.

A number that equals a bound may count as beyond it.  Of the two numbers to compare with, the one is taken that costs
less: beyond 2^k is whatever has a bit from the k-th on, and so is 2^k itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from compiler.cells.add import ands
from compiler.cells.columns import Bits, Columns, width_of
from compiler.cells.compare import negative
from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, TRUE, negate

Ends = tuple[int, int]


def clamp(builder: Builder, word: Bits, lo: int, hi: int, low: int, high: int) -> Bits:
    """The word, which lies in lo..hi, clamped to low..high; a side that cannot be crossed costs nothing."""
    below, above = lo < low, hi > high
    if not below and not above:
        return word
    if hi <= low or lo >= high or low == high:
        return _constant(low if hi <= low else high)
    if low == 0 and below and (not above or high & (high + 1) == 0 or high & (high - 1) == 0):
        return _clamp_unsigned(builder, word, high, above)
    bound = high + 1 if above else -low
    if (
        bound & (bound - 1) == 0 < bound
        and (low == -bound or (not below and lo >= -bound))
        and (high == bound - 1 or (not above and hi < bound))
    ):
        return _clamp_signed(builder, word, bound.bit_length() - 1)
    kept = max(lo, low), min(hi, high)
    if below and above and low <= 0 <= high:
        out = _beyond_either(builder, word, (lo, hi), (low, high))
        return _chosen(builder, word, out, word.sign, kept)
    under = _past(builder, word, (lo, hi), low, 1) if below else FALSE
    over = _past(builder, word, (lo, hi), high, -1) if above else FALSE
    return _chosen(builder, word, builder.or_(under, over), under if above else TRUE, kept)


def _clamp_unsigned(builder: Builder, word: Bits, high: int, above: bool) -> Bits:
    """To 0..2^k - 1 or 0..2^k (or to 0 from below alone): below zero it is all zeros."""
    sign, width = word.sign, width_of(0, high)
    if not above:
        return Bits(tuple(builder.and_(negate(sign), literal) for literal in word.resize(width)), False)
    out = builder.any(word.literals[high.bit_length() - (high & (high - 1) == 0) :])
    return _chosen(builder, word, out, sign, (0, high))


def _clamp_signed(builder: Builder, word: Bits, places: int) -> Bits:
    """To -2^places..2^places - 1: past an end if a high bit differs from the sign, then the sign's inverse below it."""
    sign = word.sign
    out = builder.any(builder.xor(literal, sign) for literal in word.literals[places:])
    low = tuple(builder.mux(out, negate(sign), literal) for literal in word.resize(places))
    return Bits((*low, sign) if word.signed else low, word.signed)


def _beyond_either(builder: Builder, word: Bits, ends: Ends, bounds: Ends) -> int:
    """Whether it lies beyond low <= 0 or high >= 0, by one comparison: of n or -1 - n with what its sign says."""
    sign, furthest = word.sign, max(ends[1], -1 - ends[0])
    bits = tuple(builder.xor(literal, sign) for literal in word.literals[:-1])
    if bounds[1] == -bounds[0] == bounds[1] & bounds[0]:
        return builder.any(bits[bounds[1].bit_length() - 1 :])
    magnitude, signs = Columns.of(Bits(bits, False)), Columns.of(Bits((sign,), False))
    ways: list[tuple[Columns, int, int]] = []
    for positive in (bounds[1], bounds[1] + 1):
        for minus in (-1 - bounds[0], -bounds[0]):
            short = Columns(constant=-positive)
            short.add(magnitude)
            short.add(signs, positive - minus)
            ways.append((short, -max(positive, minus), furthest - min(positive, minus)))
    return negate(_least_negative(builder, ways))


def _past(builder: Builder, word: Bits, ends: Ends, limit: int, sign: int) -> int:
    """Whether it lies below the limit (sign 1) or above it (sign -1)."""
    near, far = sorted(sign * (end - limit) for end in ends)
    ways: list[tuple[Columns, int, int]] = []
    for equal in 0, 1:
        beyond = Columns(constant=-sign * limit - equal)
        beyond.add(Columns.of(word), sign)
        ways.append((beyond, near - equal, far - equal))
    return _least_negative(builder, ways)


def _least_negative(builder: Builder, ways: Sequence[tuple[Columns, int, int]]) -> int:
    """Whether the one of these numbers is negative that takes the fewest ANDs; each with its range."""
    return negative(builder, *min(ways, key=lambda way: ands(way[0], width_of(*way[1:]))))


def _chosen(builder: Builder, word: Bits, out: int, low: int, bounds: Ends) -> Bits:
    """A bound where it is `out`, the lower one if `low`; else the word."""
    keeps = bounds[0] < 0 <= bounds[1]  # the sign
    width = width_of(*bounds) - keeps
    ends = [[bound >> place & 1 for place in range(width)] for bound in bounds]
    filled = [high if high == less else builder.xor(low, high) for less, high in zip(*ends, strict=True)]
    literals = [builder.mux(out, fill, bit) for fill, bit in zip(filled, word.resize(width), strict=True)]
    return Bits((*literals, word.sign) if keeps else tuple(literals), bounds[0] < 0)


def _constant(n: int) -> Bits:
    return Bits(tuple(n >> i & 1 for i in range(width_of(n, n))), n < 0)
