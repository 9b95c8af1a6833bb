"""Floor division by a public integer."""

from __future__ import annotations

from compiler.cells.add import ands, compress
from compiler.cells.columns import Bits, Columns, width_of
from compiler.gates.builder import Builder


def floor_divide(builder: Builder, number: Columns, lo: int, hi: int, by: int) -> Bits:
    """floor(number / by) for a number in lo..hi and by >= 1, as a word of the quotient's range."""
    twos = (by & -by).bit_length() - 1
    odd = by >> twos
    if odd == 1:
        return Bits(compress(builder, number, twos + width_of(lo >> twos, hi >> twos))[twos:], lo < 0)
    # Move the dividend up by a multiple of the divisor, into 0..most, and the quotient back down at the end.
    moved = (lo >> twos) // odd
    most = (hi >> twos) - moved * odd
    shifted = Columns()
    shifted.add(number)
    shifted.constant -= moved * by << shifted.shift
    dividend = Bits(compress(builder, shifted, twos + width_of(0, most))[twos:], False)
    scaled, places = _reciprocal(dividend, most, odd)
    scaled.constant += moved << places
    width = width_of(lo // by, hi // by)
    if ands(scaled, places + width) <= 2 * odd.bit_length() * len(dividend.literals):
        return Bits(compress(builder, scaled, places + width)[places:], lo < 0)
    back = Columns.of(_restoring(builder, dividend, odd))
    back.constant += moved
    return Bits(compress(builder, back, width), lo < 0)


def _reciprocal(dividend: Bits, most: int, by: int) -> tuple[Columns, int]:
    """(dividend * m, L) with floor(n / by) = floor(n m / 2^L) for all n in 0..most.

    m = ceil(2^L / by) and e = m by - 2^L < by give n m / 2^L = n / by + n e / (by 2^L), which stays
    below the next integer if n e < 2^L (Granlund, Montgomery 1994, Theorem 4.2).
    """
    places = 0
    while True:
        multiplier = -(-(1 << places) // by)
        if most * (multiplier * by - (1 << places)) < 1 << places:
            break
        places += 1
    scaled = Columns()
    scaled.add(Columns.of(dividend), multiplier)
    return scaled, places


def _restoring(builder: Builder, dividend: Bits, by: int) -> Bits:
    """One comparison and one choice for each quotient bit."""
    remainder: tuple[int, ...] = ()
    quotient: list[int] = []
    for literal in reversed(dividend.literals):
        remainder = (literal, *remainder)
        if len(remainder) < by.bit_length():
            continue
        trial = Columns.of(Bits(remainder, False))
        trial.constant -= by
        difference = compress(builder, trial, len(remainder) + 1)
        small = difference[-1]
        quotient.append(small ^ 1)
        keep = by.bit_length()
        remainder = tuple(builder.mux(small, r, d) for r, d in zip(remainder[:keep], difference[:keep], strict=True))
    return Bits(tuple(reversed(quotient)) or (0,), False)
