"""Between which integers an operation's result lies, given that of its operands (None: it is not known)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from math import prod

from lang.typed import Number, Operate

Range = tuple[int, int]  # both ends included
Ranges = Sequence[Range | None]  # of the operands
Ranging = Callable[[Operate, Ranges], Range | None]


def of_two(function: Callable[[int, int, int, int], Range]) -> Ranging:
    """For operations whose two operands must both be known: of a..b and c..d."""

    def ranging(e: Operate, ranges: Ranges) -> Range | None:
        first, second = ranges
        return None if first is None or second is None else function(*first, *second)

    return ranging


def corners(function: Callable[[int, int], int]) -> Callable[[int, int, int, int], Range]:
    """For what is monotone in each operand: the ends are taken where the operands' are."""

    def ranging(a: int, b: int, c: int, d: int) -> Range:
        ends = [function(x, y) for x in (a, b) for y in (c, d)]
        return min(ends), max(ends)

    return ranging


def negated(e: Operate, ranges: Ranges) -> Range | None:
    [inner] = ranges
    return None if inner is None else (-inner[1], -inner[0])


def quotient(e: Operate, ranges: Ranges) -> Range | None:
    by = ranges[1]
    return of_two(corners(operator.floordiv))(e, ranges) if by is not None and by[0] > 0 else None


def remainder(e: Operate, ranges: Ranges) -> Range | None:
    by = ranges[1]
    return (0, by[1] - 1) if by is not None and by[0] > 0 else None


def clamped(e: Operate, ranges: Ranges) -> Range | None:
    _, low, high = ranges
    return None if low is None or high is None else (low[0], high[1])


def position(e: Operate, ranges: Ranges) -> Range | None:
    """Of an element of the operand, along the axis or in the whole."""
    type_ = e.args[0].type
    assert isinstance(type_, Number)
    return 0, (prod(type_.shape) if e.axis is None else type_.shape[e.axis]) - 1
