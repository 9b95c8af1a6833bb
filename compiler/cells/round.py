"""Back to a kind: divide by a public ratio, then clamp or wrap."""

from __future__ import annotations

from compiler.cells.add import compress
from compiler.cells.columns import Bits, Columns, width_of
from compiler.cells.compare import negative, select
from compiler.cells.divide import floor_divide
from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, negate
from compiler.words.ir import Type, full_range, interval
from compiler.words.operations import Round


def round_to(builder: Builder, number: Columns, lo: int, hi: int, at: Round, target: Type) -> Bits:
    """`Round` of a number in lo..hi to the target type, whose bounds may be narrower than the kind's."""
    up, down = at.numerator, at.denominator
    half = down // 2 if at.nearest else 0  # floor((2pn + q) / 2q) = floor((pn + floor(q / 2)) / q) for integers
    scaled = Columns()
    scaled.add(number, up)
    scaled.constant += half << scaled.shift
    lo, hi = up * lo + half, up * hi + half
    places = down.bit_length() - 1
    if at.wrap:
        width = width_of(at.lo, at.hi)
        if (at.lo, at.hi) != full_range(width, at.lo < 0):
            raise ValueError(f"{interval(at.lo, at.hi)} is not a whole kind, so it cannot wrap")
        if down == 1 << places:
            return Bits(compress(builder, scaled, places + target.width)[places:], target.signed)
        return Bits(floor_divide(builder, scaled, lo, hi, down).resize(target.width), target.signed)
    low, high = lo // down, hi // down
    # A target bound inside the kind's says that the clamp on its side never acts.
    below, above = low < at.lo and target.lo == at.lo, high > at.hi and target.hi == at.hi
    low, high = low if below else max(low, target.lo), high if above else min(high, target.hi)
    if down == 1 << places:
        word = Bits(compress(builder, scaled, places + width_of(low, high))[places:], low < 0)
    else:
        word = floor_divide(builder, scaled, lo, hi, down)
        word = Bits(word.resize(width_of(low, high)), low < 0)
    return clamp(builder, word, low, high, at.lo, at.hi)


def clamp(builder: Builder, word: Bits, lo: int, hi: int, low: int, high: int) -> Bits:
    """The word, which lies in lo..hi, clamped to low..high; a side that cannot be crossed costs nothing."""
    below, above = lo < low, hi > high
    if not below and not above:
        return word
    if hi <= low or lo >= high or low == high:
        return _constant(low if hi <= low else high)
    if low == 0 and below and (not above or high & (high + 1) == 0):
        return _clamp_unsigned(builder, word, width_of(0, high), above)
    bound = high + 1 if above else -low
    if (
        bound & (bound - 1) == 0 < bound
        and (low == -bound or (not below and lo >= -bound))
        and (high == bound - 1 or (not above and hi < bound))
    ):
        return _clamp_signed(builder, word, bound.bit_length() - 1)
    for crossed, limit, sign in (below, low, 1), (above, high, -1):
        if crossed:
            beyond = Columns(constant=-sign * limit)
            beyond.add(Columns.of(word), sign)
            constant = _constant(limit)
            past = negative(builder, beyond, *sorted((sign * (lo - limit), sign * (hi - limit))))
            lo, hi = max(lo, low) if sign > 0 else lo, hi if sign > 0 else min(hi, high)
            width = width_of(lo, hi)
            word = Bits(select(builder, past, constant, word, width), lo < 0)
    return word


def _clamp_unsigned(builder: Builder, word: Bits, width: int, above: bool) -> Bits:
    """To 0..2^width - 1 (or to 0 from below alone): below zero it is all zeros, above all ones."""
    sign = word.sign
    out = builder.any(word.literals[width:]) if above else sign
    fill = negate(sign) if above else FALSE
    return Bits(tuple(builder.mux(out, fill, literal) for literal in word.resize(width)), False)


def _clamp_signed(builder: Builder, word: Bits, places: int) -> Bits:
    """To -2^places..2^places - 1: past an end if a high bit differs from the sign, then the sign's inverse below it."""
    sign = word.sign
    out = builder.any(builder.xor(literal, sign) for literal in word.literals[places:])
    low = tuple(builder.mux(out, negate(sign), literal) for literal in word.resize(places))
    return Bits((*low, sign) if word.signed else low, word.signed)


def _constant(n: int) -> Bits:
    return Bits(tuple(n >> i & 1 for i in range(width_of(n, n))), n < 0)
