"""Numbers in a few bits each and one exponent for all of them, as a block of floating point has them.

What a gradient's norm and its scaling cost grows with the square of its words' width, which is that of the longest
gradient that any weights make.  So the words are cut to `BITS` first: where any magnitude is longer, all move down
together, by `STEP` at a time, and are rounded to the nearest.  What is measured and scaled is what they are then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from compiler.functions.approximate.shift import floor_shift, integers, lifted, low_bits
from compiler.words.builder import Builder
from compiler.words.operations import Or, Strided

BITS = 8  # of a magnitude
STEP = 4  # bits that a word may lose at once: it keeps BITS - STEP of the largest magnitude at the least

Moves = Sequence[tuple[int, int]]  # (bit, n): where the bit is set, by n places


@dataclass(frozen=True, slots=True)
class Short:
    """(-1)^negative * magnitude * 2^(sum of the moves)."""

    magnitude: int  # 0..2^BITS, integers
    negative: int
    moves: Moves


def shortened(b: Builder, value: int, unit: Fraction) -> Short:
    """The numbers in units, which is at least their own scale.

    The magnitudes are compared, moved and rounded with one more bit below: of a negative number it is set, for there
    the bits above are those of |n| - 1; rounding puts that right.
    """
    type = b.type(value)
    n = b.round(b.scaled(value, 1 / unit), Fraction(1), type.lo, type.hi)
    least, most = b.type(n).lo, b.type(n).hi
    negative = b.less(n, b.const([Fraction(0)]))
    twice = b.select(negative, b.affine([(Fraction(-2), n)], Fraction(-1)), b.scaled(n, Fraction(2)))
    twice = low_bits(b, twice, max(2 * most, -2 * least - 1).bit_length())
    left = max(0, b.type(twice).width - 1 - BITS)
    beyond = _anywhere(b, floor_shift(b, twice, BITS + 1)) if left else twice
    moves: list[tuple[int, int]] = []
    while left:
        step = min(STEP, left)
        left -= step
        moved = b.less(b.const([Fraction((1 << left) - 1)]), beyond)
        beyond = b.select(moved, floor_shift(b, beyond, step), low_bits(b, beyond, left)) if left else beyond
        twice = b.select(moved, floor_shift(b, twice, step), low_bits(b, twice, BITS + 1 + left))
        moves.append((moved, step))
    longest = (1 << BITS) - 1  # -2^BITS is not worth a bit of its own
    return Short(b.round(b.scaled(twice, Fraction(1, 2)), Fraction(1), 0, longest), negative, moves)


def moved_up(b: Builder, n: int, moves: Moves, by: int) -> int:
    """n * 2^(by * sum of the moves)."""
    for bit, step in moves:
        n = b.select(bit, lifted(b, n, by * step), n)
    return n


def moved_down(b: Builder, n: int, amount: int) -> int:
    """floor(n / 2^amount), the amount from 0 on; small steps first, while there are zeros below to be moved."""
    for place in range(b.type(amount).hi.bit_length()):
        bit = low_bits(b, floor_shift(b, amount, place), 1)
        n = b.select(bit, floor_shift(b, n, 1 << place), n)
    return n


def kept_above(b: Builder, value: int, bits: int) -> int:
    """A number from 0 on, as a multiple of a power of two that takes `bits` bits, upwards."""
    type = b.type(value)
    drop = max(0, type.width - bits)
    if not drop:
        return value
    up = b.affine([(Fraction(1), value)], ((1 << drop) - 1) * type.scale)
    return b.scaled(integers(b, up, type.scale * (1 << drop), 0, b.type(up).hi >> drop), type.scale * (1 << drop))


def _anywhere(b: Builder, value: int) -> int:
    """The bits that are set in any element."""
    size = b.type(value).size
    value = b.reshape(value, (size,))
    while size > 1:
        half = (size + 1) // 2
        left, right = (b.view(value, Strided(start, (1,)), (half,)) for start in (0, size - half))
        value, size = b.logic(Or(), left, right), half
    return b.reshape(value, ())
