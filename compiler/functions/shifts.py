"""`<<` and `>>`: a public number moves the point; a private one is one choice for each of its bits."""

from __future__ import annotations

from fractions import Fraction

from compiler.functions.divide import floor_divide
from compiler.functions.order import bits, power
from compiler.words.builder import Builder
from compiler.words.ir import Type, full_range
from compiler.words.operations import Strided
from compiler.words.strides import row_major
from lang.typed import Call, Operate


def shift(b: Builder, e: Operate, x: int, by: int) -> int:
    """x * 2^by, or x / 2^by, which is rounded down for integers."""
    left, whole = e.call is Call.SHL, e.type.integer
    known = b.constant(by)
    if known is not None:
        return _moved(b, b.broadcast(x, e.type.shape), 2 ** int(known), left, whole)
    low, high = map(int, b.bounds(by))
    by, factor = b.round(by, Fraction(1), low, high), b.constant(x)
    if left and factor is not None:
        return b.scaled(b.broadcast(power(b, by), e.type.shape), factor)
    digits = bits(b, by)
    *shape, width = b.type(digits).shape
    least, most = b.bounds(x)
    for place in range(width):  # from the lowest bit, so that words grow late
        bit = b.view(digits, Strided(place, row_major((*shape, width))[:-1]), tuple(shape))
        x = b.select(bit, _moved(b, x, 1 << (1 << place), left, whole), x)
        if left:
            times = 1 << min(high, (2 << place) - 1)  # by what the bits so far may come to
            x = _low_bits(b, x, min(least, least * times), max(most, most * times))
    return x


def _moved(b: Builder, x: int, power: int, left: bool, whole: bool) -> int:
    if left:
        return b.scaled(x, Fraction(power))
    return floor_divide(b, x, Fraction(power)) if whole else b.scaled(x, Fraction(1, power))


def _low_bits(b: Builder, x: int, least: Fraction, most: Fraction) -> int:
    """x, which lies between the two, in no more bits than these need: cut to them, so that nothing is claimed."""
    scale = b.type(x).scale
    needed = Type((), scale, int(least / scale), int(most / scale))
    return b.round(x, scale, *full_range(needed.width, needed.lo < 0), nearest=False, wrap=True)
