"""Which wires a view reaches, by arithmetic on its strides: nothing here counts lanes or iterations.

A *moving axis* is an (extent, stride) with more than one index and a stride that is not 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd, prod

from compiler.schedule.plan import View
from compiler.words import strides
from compiler.words.operations import Strided

Axes = tuple[tuple[int, int], ...]


def moving(axes: Iterable[tuple[int, int]]) -> Axes:
    return tuple((extent, stride) for extent, stride in axes if extent > 1 and stride)


def of_iteration(view: View, lanes: Sequence[int]) -> Axes:
    """The axes that one iteration of the enclosing Repeats goes through: lanes, then ports."""
    return (*zip(lanes, view.lane, strict=True), *view.port)


def of_run(view: View, lanes: Sequence[int], counts: Sequence[int]) -> Axes:
    """All axes; `counts` are the enclosing Repeats', outermost first."""
    return (*of_iteration(view, lanes), *zip(counts, view.loop, strict=True))


def span(offset: int, axes: Axes) -> tuple[int, int]:
    """The lowest and the highest of all offset + index . stride."""
    ends = [(extent - 1) * stride for extent, stride in axes]
    return offset + sum(e for e in ends if e < 0), offset + sum(e for e in ends if e > 0)


def distinct(axes: Axes) -> bool:
    """Is every wire reached once?  (True only where nested strides prove it.)"""
    return strides.injective(Strided(0, tuple(s for _, s in axes)), [n for n, _ in axes])


def gapless(axes: Axes) -> bool:
    """Is every wire between the lowest and the highest reached?  (True only where nested strides prove it.)"""
    low, high = span(0, axes)
    inner = moving(axes)
    return distinct(inner) and high - low + 1 == prod(extent for extent, _ in inner)


def apart(one: View, other: View, lanes: Sequence[int], counts: Sequence[int]) -> bool:
    """Do two views of a buffer share no wire in any iteration, whatever their lanes?

    The distance of two wires is a sum of strides: it is not 0 where no such sum is, or where no multiple of the
    strides' common divisor is.
    """
    distance = other.offset - one.offset
    loops = ((n, b - a) for n, a, b in zip(counts, one.loop, other.loop, strict=True))
    back = ((n, -s) for n, s in of_iteration(one, lanes))
    axes = moving((*back, *of_iteration(other, lanes), *loops))
    low, high = span(distance, axes)
    common = gcd(*(stride for _, stride in axes))
    return not low <= 0 <= high or (common > 1 and distance % common != 0)


class Filled:
    """The wires of a buffer that are known to hold something, as sorted runs that do not touch."""

    def __init__(self) -> None:
        self.runs: list[tuple[int, int]] = []

    def add(self, low: int, high: int) -> None:
        apart = [run for run in self.runs if run[1] < low - 1 or run[0] > high + 1]
        joined = [run for run in self.runs if not (run[1] < low - 1 or run[0] > high + 1)]
        self.runs = sorted(
            [*apart, (min([low, *(a for a, _ in joined)]), max([high, *(b for _, b in joined)]))],
        )

    def holds(self, low: int, high: int) -> bool:
        return any(a <= low and high <= b for a, b in self.runs)
