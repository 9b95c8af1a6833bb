"""Back to a kind: divide by a public ratio, then clamp or wrap."""

from __future__ import annotations

from compiler.cells.add import compress
from compiler.cells.clamp import clamp
from compiler.cells.columns import Bits, Columns, width_of
from compiler.cells.divide import floor_divide
from compiler.gates.builder import Builder
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
