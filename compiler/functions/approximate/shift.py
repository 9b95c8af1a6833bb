"""Whole numbers moved by private amounts: what a floating-point unit does, made of choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from compiler.words.builder import Builder
from compiler.words.ir import Claim, Type
from compiler.words.operations import Pieces


@dataclass(frozen=True, slots=True)
class Report:
    """What the words of an approximated function say of it: one of its tables carries this."""

    function: str
    error: Fraction  # it is off by at most so much


def integers(b: Builder, x: int, unit: Fraction, lo: int, hi: int) -> int:
    """floor(x / unit), kept in lo..hi, with scale 1."""
    return b.round(b.scaled(x, 1 / unit), Fraction(1), lo, hi, nearest=False)


def floor_shift(b: Builder, n: int, places: int) -> int:
    """floor(n / 2^places) of an integer."""
    type = b.type(n)
    return integers(b, n, Fraction(1 << places), type.lo >> places, type.hi >> places)


def lifted(b: Builder, n: int, places: int) -> int:
    """n 2^places of an integer."""
    type = b.type(n)
    return integers(b, n, Fraction(1, 1 << places), type.lo << places, type.hi << places)


def low_bits(b: Builder, n: int, places: int) -> int:
    """n modulo 2^places."""
    if not places:
        return b.const([Fraction(0)], b.type(n).shape)
    return b.round(n, Fraction(1), 0, (1 << places) - 1, wrap=True)


def table(b: Builder, index: int, values: Sequence[int], first: int, drop: int, of: Report | None = None) -> int:
    """values[u - first] for u = floor(index / 2^drop); the last value stands for all later u, the first for earlier."""
    type = b.type(index)
    places = max((n >> drop if n >= 0 else ~(n >> drop)).bit_length() for n in (type.lo, type.hi))
    limit = 1 << places
    entries = tuple(values[max(0, min(u - first, len(values) - 1))] for u in range(-limit if type.signed else 0, limit))
    pieces = Pieces(
        of.function if of else "",
        drop,
        limit,
        0,
        entries,
        (0,) * len(entries),
        0,
        0,
        of.error if of else Fraction(0),
        whole=type.signed,
    )
    return b.add(pieces, (index,), Type(type.shape, Fraction(1), min(entries), max(entries)))


def shifted_down(b: Builder, n: int, amounts: Sequence[int]) -> int:
    """floor(n / 2^k) for k given by its bits, least significant first."""
    for place in reversed(range(len(amounts))):
        n = b.select(amounts[place], floor_shift(b, n, 1 << place), n)
    return n


def normalised(b: Builder, n: int, width: int, keep: int) -> tuple[int, list[int]]:
    """n in 0..2^width - 1 moved up until its top bit is in place, then cut to `keep` bits; and by how much it moved.

    The amount is given by its bits, least significant first; width is a power of two.  Zero stays zero.
    """
    stages = width.bit_length() - 1
    amounts: list[int] = []
    for stage in reversed(range(stages)):
        step = 1 << stage
        small = b.less(n, b.const([Fraction(1 << (width - step))]))
        n = b.narrowed(b.select(small, lifted(b, n, step), n), Fraction(0), Fraction((1 << width) - 1), Claim.FUNCTION)
        amounts.insert(0, small)
        spare = width - (keep + step - 1)  # bits that the moves still to come do not bring into what is kept
        if spare > 0:
            n = floor_shift(b, n, spare)
            width -= spare
    return lifted(b, n, max(0, keep - width)), amounts


def moving(width: int, keep: int) -> int:
    """About the ANDs of `normalised`."""
    return width + (width.bit_length() - 1) * min(width, keep + 2)
