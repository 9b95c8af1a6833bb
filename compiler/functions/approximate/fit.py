"""A function of one integer as `Pieces`, a table or lines through cells of operands, chosen for the fewest ANDs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR
from fractions import Fraction
from itertools import islice

from compiler.functions.approximate.real import Corridor
from compiler.words.operations import Pieces

MOST_CELLS = 14  # bits of a cell's number that are tried
MOST_PIECES = 8  # bits of the table's index that are tried
MOST_GUARD = 6

Cell = tuple[int, int]  # least and most h that are good for every operand of the cell
Lines = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Task:
    """Integers h(n) in 0..most, within the corridor for every operand n in lo..hi.

    `mirrored`: one h serves n and -n, and the corridor is that of |n|.
    """

    corridor: Corridor  # both bounds grow with n, or both fall
    lo: int
    hi: int
    most: int
    mirrored: bool = False

    @property
    def whole(self) -> bool:
        """Cells are numbered from the least operand on, because it is negative."""
        return self.lo < 0 and not self.mirrored

    @property
    def width(self) -> int:
        """Bits of the operand's magnitude."""
        return max(self.hi.bit_length(), (~self.lo).bit_length())

    def spans(self, drop: int, places: int) -> Iterator[tuple[int, int]]:
        """The operands (first, last) of each cell of 2^drop, the end cells with all that lies beyond them.

        A mirrored cell u = m >= 0 holds n from m 2^drop to (m + 1) 2^drop - 1 and its mirror image
        u = -1 - m holds -n from m 2^drop + 1 to (m + 1) 2^drop, so the closed interval serves both.
        """
        limit = 1 << places
        for u in range(-limit if self.whole else 0, limit):
            start, end = u << drop, ((u + 1) << drop) - (not self.mirrored)
            if self.whole and u == -limit:
                start = min(start, self.lo)
            yield self._operands(start, max(end, self.reach) if u == limit - 1 else end)

    def beyond(self, places: int) -> Iterator[tuple[int, int]]:
        """All that lies past 2^places, on each side."""
        yield self._operands(1 << places, self.reach)
        if self.whole:
            yield self._operands(self.lo, (-1 << places) - 1)

    @property
    def reach(self) -> int:
        return max(self.hi, -self.lo) if self.mirrored else self.hi

    def _operands(self, start: int, end: int) -> tuple[int, int]:
        return max(start, 0 if self.mirrored else self.lo), min(end, self.reach)

    def cell(self, span: tuple[int, int]) -> Cell:
        """What is good at both ends is good between, where the corridor only grows or only falls."""
        if span[0] > span[1]:
            return 0, self.most  # no operands: anything will do
        (a, b), (c, d) = map(self.corridor, span)
        least = max(a, c).to_integral_value(ROUND_CEILING)
        most = min(b, d).to_integral_value(ROUND_FLOOR)
        return max(0, int(least)), min(self.most, int(most))


@dataclass(frozen=True, slots=True, order=True)
class Fit:
    ands: int  # compared first, then the rest, so that the choice is determined
    drop: int
    places: int  # limit = 2^places
    shift: int
    guard: int
    base: tuple[int, ...]
    slope: tuple[int, ...]

    def height(self, m: int) -> int:
        return (self.base[m >> self.shift] + self.slope[m >> self.shift] * (m & ((1 << self.shift) - 1))) >> self.guard

    def pieces(self, name: str, task: Task, center: int, error: Fraction) -> Pieces:
        return Pieces(
            name, self.drop, 1 << self.places, self.shift, self.base, self.slope, self.guard, center, error, task.whole
        )


def best(task: Task) -> Fit | None:
    """The cheapest of the fits that were found, if any."""
    return min(_candidates(task), default=None)


def _candidates(task: Task) -> Iterator[Fit]:
    """Of each effort (cells, pieces, guard bits) the least two that suffice: more costs more than it can save."""
    saturated, width = 0, task.width
    while saturated < width and not all(_feasible(task.cell(span)) for span in task.beyond(saturated)):
        saturated += 1
    for extent in saturated, saturated + 1:
        cut = ((places, _cells(task, extent - places, places)) for places in range(min(extent, MOST_CELLS) + 1))
        for places, cells in islice(((places, cells) for places, cells in cut if cells is not None), 2):
            for shift, guard, (base, slope) in _fits(cells):
                ands = estimate(width - extent, len(cells), shift, base, slope)
                yield Fit(ands, extent - places, places, shift, guard, base, slope)


def _feasible(cell: Cell) -> bool:
    return cell[0] <= cell[1]


def _cells(task: Task, drop: int, places: int) -> list[Cell] | None:
    """The cells, or None if nothing is good for one of them."""
    cells: list[Cell] = []
    for span in task.spans(drop, places):
        cell = task.cell(span)
        if not _feasible(cell):
            return None
        cells.append(cell)
    return cells


def _fits(cells: Sequence[Cell]) -> Iterator[tuple[int, int, Lines]]:
    """(shift, guard, (base, slope)) for the least numbers of pieces and guard bits that suffice."""
    enough, places = 0, len(cells).bit_length() - 1
    for index in range(min(places, MOST_PIECES) + 1):
        shift = places - index
        fits = ((shift, guard, _lines(cells, shift, guard)) for guard in range(MOST_GUARD + 1 if shift else 1))
        found = [(s, g, lines) for s, g, lines in islice((f for f in fits if f[2] is not None), 2) if lines is not None]
        yield from found
        enough += bool(found)
        if enough == 2:
            return


def _lines(cells: Sequence[Cell], shift: int, guard: int) -> Lines | None:
    """(base, slope) of lines through the cells' bounds, one for each 2^shift cells, of the least slopes."""
    lines: list[tuple[int, int]] = []
    for first in range(0, len(cells), 1 << shift):
        line = _line(cells[first : first + (1 << shift)], guard)
        if line is None:
            return None
        lines.append(line)
    return tuple(base for base, _ in lines), tuple(slope for _, slope in lines)


def _line(cells: Sequence[Cell], guard: int) -> tuple[int, int] | None:
    """(base, slope) with low <= floor((base + slope f) / 2^guard) <= high on every cell f.

    The slope nearest to zero, then the base with the most trailing zeros: it leaves columns empty.
    """
    bounds = [(low << guard, ((high + 1) << guard) - 1) for low, high in cells]
    if len(cells) == 1:
        return _roundest(*bounds[0]), 0
    run = len(cells) - 1
    least, most = -((bounds[0][1] - bounds[-1][0]) // run), (bounds[-1][1] - bounds[0][0]) // run
    while least <= most:
        slope = max(least, min(0, most))
        low, at_low = max((low - slope * f, f) for f, (low, _) in enumerate(bounds))
        high, at_high = min((high - slope * f, f) for f, (_, high) in enumerate(bounds))
        if low <= high:
            return _roundest(low, high), slope
        if at_low > at_high:  # the two cells that this slope fails say how much steeper, or flatter, it must be
            least = slope - (high - low) // (at_low - at_high)
        elif at_low < at_high:
            most = slope + (high - low) // (at_high - at_low)
        else:
            break
    return None


def _roundest(low: int, high: int) -> int:
    """The number in low..high with the most trailing zeros."""
    if low <= 0 <= high:
        return 0
    zeros = (high ^ (low - 1)).bit_length() - 1
    return high >> zeros << zeros


def estimate(above: int, cells: int, shift: int, base: Sequence[int], slope: Sequence[int]) -> int:
    """About the ANDs of the pieces: saturation with `above` bits over the limit, lookup, line."""
    places = cells.bit_length() - 1
    clamp = above - 1 + places - (shift if slope[-1] == 0 else 0) if above > 0 else 0
    index = places - shift
    steps = max(map(abs, slope)).bit_length()
    rows = min(2 * steps * shift, steps * shift + 2 * (steps + shift)) if steps else 0
    return clamp + (1 << index) - index - 1 + rows + (max(base).bit_length() // 2 if steps else 0)
