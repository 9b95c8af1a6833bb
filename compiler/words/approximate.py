"""Non-linear functions as `Pieces` of integer arithmetic, chosen for the fewest ANDs.

No float decides: the function is evaluated in decimal to 50 digits, and a value that is not exact
counts as anything within MARGIN of it.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, localcontext
from fractions import Fraction
from functools import cache, lru_cache
from itertools import islice

from compiler.words.ir import Pieces, Type

PRECISION = Context(prec=50)
MARGIN = Decimal("1e-40")
MOST_CELLS = 14                # bits of u's magnitude that are tried
MOST_PIECES = 8                # bits of the table's index that are tried
MOST_GUARD = 6


@dataclass(frozen=True, slots=True)
class Function:
    """A function f with f(x) = f(0) + half(|x|) * sign(x); `half` is 0 at 0 and grows towards `limit`."""

    name: str
    center: Fraction           # f(0)
    limit: Fraction            # half stays below it
    half: Callable[[Decimal], Decimal]


def _half_sigmoid(x: Decimal) -> Decimal:
    """1 / (1 + e^-x) - 1/2."""
    if x > 200:
        return Decimal("0.5")  # off by less than e^-200 < MARGIN
    return 1 / (1 + (-x).exp()) - Decimal("0.5")


SIGMOID = Function("sigmoid", Fraction(1, 2), Fraction(1, 2), _half_sigmoid)


def sigmoid(operand: Type, fraction_bits: int, within: Fraction | None = None) -> tuple[Type, Pieces]:
    """1 / (1 + e^-x), the result's last bit 2^-fraction_bits, off by at most `within` (default: one last bit).

    The result stays below 1 where the error allows it: it then needs one bit less.
    """
    result, pieces = approximate(SIGMOID, operand.scale, operand.lo, operand.hi, fraction_bits, within)
    return Type(operand.shape, result.scale, result.lo, result.hi), pieces


@lru_cache(maxsize=256)
def approximate(function: Function, scale: Fraction, lo: int, hi: int, fraction_bits: int,
                within: Fraction | None) -> tuple[Type, Pieces]:
    """(scalar result type, pieces) for x = n * scale with n in lo..hi."""
    unit = 1 << fraction_bits
    allowed = Fraction(1, unit) if within is None else within
    with localcontext(PRECISION):
        target = _Target(function, scale, max(hi, ~lo + 1), unit, allowed)
        top = int(function.limit * unit)
        for cap in top - 1, top:
            best = min(_candidates(target, cap, max(hi.bit_length(), (~lo).bit_length())), default=None)
            if best is not None:
                break
        else:
            raise ValueError(f"{function.name} of a number with last bit {scale} cannot be within {allowed} at "
                             f"{fraction_bits} fraction bits: give the operand or the result more of them")
        center = int(function.center * unit)
        pieces = best.pieces(function.name, center, target)
    low = 0 if lo < 0 else center
    return Type((), Fraction(1, unit), low, center + cap), pieces


class _Target:
    """What h may be on a cell of operands, in last bits of the result."""

    def __init__(self, function: Function, scale: Fraction, reach: int, unit: int, within: Fraction) -> None:
        self.scale, self.reach, self.unit = scale, reach, unit
        self.slack = _decimal(within * unit)
        self.limit = _decimal(function.limit * unit)
        self.half = cache(function.half)

    def value(self, n: int) -> tuple[Decimal, Decimal]:
        """Bounds of half(n * scale) in last bits."""
        if n == 0:
            return Decimal(0), Decimal(0)
        exact = self.half(_decimal(n * self.scale))
        return (exact - MARGIN) * self.unit, min((exact + MARGIN) * self.unit, self.limit)

    def interval(self, start: int, end: int) -> tuple[int, int]:
        """(least, most) integer h that is good for all start <= |n| <= end; any h where no such n is an operand.

        Both halves of the function grow, so h - half(n) is least at one end of the cell and greatest
        at the other: good at the two ends is good between.  A cell u = m >= 0 holds n from
        m 2^drop to (m + 1) 2^drop - 1 and its mirror u = -1 - m holds -n from m 2^drop + 1 to
        (m + 1) 2^drop, so the closed interval serves both.
        """
        if start > self.reach:
            return 0, self.unit
        least = (self.value(min(end, self.reach))[1] - self.slack).to_integral_value(ROUND_CEILING)
        most = (self.value(start)[0] + self.slack).to_integral_value(ROUND_FLOOR)
        return int(least), int(most)

    def error(self, start: int, end: int, h: int) -> Fraction:
        """A bound of |h - half(n)| over the cell, in the function's own unit."""
        ends = self.value(start) + self.value(min(end, self.reach))
        worst = max(max(abs(h - v) for v in ends) / self.unit, Decimal(0))
        return Fraction(worst.quantize(Decimal("1e-12"), ROUND_CEILING))


def _decimal(x: Fraction) -> Decimal:
    return Decimal(x.numerator) / x.denominator


@dataclass(frozen=True, slots=True, order=True)
class _Candidate:
    ands: int                  # compared first, then the rest, so that the choice is determined
    drop: int
    places: int                # limit = 2^places
    shift: int
    guard: int
    base: tuple[int, ...]
    slope: tuple[int, ...]

    def height(self, m: int) -> int:
        return (self.base[m >> self.shift] + self.slope[m >> self.shift] * (m & ((1 << self.shift) - 1))) >> self.guard

    def pieces(self, name: str, center: int, target: _Target) -> Pieces:
        limit = 1 << self.places
        errors = (target.error(m << self.drop, target.reach if m == limit - 1 else (m + 1) << self.drop, self.height(m))
                  for m in range(limit) if m << self.drop <= target.reach)
        return Pieces(name, self.drop, limit, self.shift, self.base, self.slope, self.guard, center, max(errors))


def _candidates(target: _Target, cap: int, width: int) -> Iterator[_Candidate]:
    """Feasible choices; `width` is the operand's magnitude in bits.

    Of each effort (cells, pieces, guard bits) the least two that suffice are tried: more costs more
    than it can save.
    """
    saturated = 0
    while saturated < width and not _feasible(target.interval(1 << saturated, target.reach), cap):
        saturated += 1
    for extent in saturated, saturated + 1:
        cut = ((extent - places, _cells(target, cap, extent - places, places))
               for places in range(min(extent, MOST_CELLS) + 1))
        for drop, cells in islice(((drop, cells) for drop, cells in cut if cells is not None), 2):
            places = extent - drop
            for shift, guard, (base, slope) in _fits(cells, places):
                ands = estimate(width - extent, places, shift, base, slope)
                yield _Candidate(ands, drop, places, shift, guard, base, slope)


Lines = tuple[tuple[int, ...], tuple[int, ...]]


def _fits(cells: Sequence[tuple[int, int]], places: int) -> Iterator[tuple[int, int, Lines]]:
    """(shift, guard, (base, slope)) for the least numbers of pieces and guard bits that suffice."""
    enough = 0
    for index in range(min(places, MOST_PIECES) + 1):
        shift = places - index
        fits = ((shift, guard, _fit(cells, shift, guard)) for guard in range(MOST_GUARD + 1 if shift else 1))
        found = [(s, g, lines) for s, g, lines in islice((f for f in fits if f[2] is not None), 2) if lines is not None]
        yield from found
        enough += bool(found)
        if enough == 2:
            return


def _feasible(cell: tuple[int, int], cap: int) -> bool:
    return cell[0] <= min(cell[1], cap)


def _cells(target: _Target, cap: int, drop: int, places: int) -> list[tuple[int, int]] | None:
    """The bounds of h on each cell, or None if some cell has none."""
    last = (1 << places) - 1
    cells: list[tuple[int, int]] = []
    for m in range(last + 1):
        low, high = target.interval(m << drop, target.reach if m == last else (m + 1) << drop)
        if not _feasible((low, high), cap):
            return None
        cells.append((max(low, 0), min(high, cap)))
    return cells


def _fit(cells: Sequence[tuple[int, int]], shift: int, guard: int) -> Lines | None:
    """(base, slope) of lines through the cells' bounds, one for each 2^shift cells, of the least slopes."""
    lines: list[tuple[int, int]] = []
    for first in range(0, len(cells), 1 << shift):
        line = _line(cells[first:first + (1 << shift)], guard)
        if line is None:
            return None
        lines.append(line)
    return tuple(base for base, _ in lines), tuple(slope for _, slope in lines)


def _line(cells: Sequence[tuple[int, int]], guard: int) -> tuple[int, int] | None:
    """(base, slope) with low <= floor((base + slope f) / 2^guard) <= high on every cell f.

    The least slope, then the base with the most trailing zeros: it leaves columns empty.
    """
    bounds = [(low << guard, ((high + 1) << guard) - 1) for low, high in cells]
    run = max(1, len(cells) - 1)
    steepest = (bounds[-1][1] - bounds[0][0]) // run if len(cells) > 1 else 0
    for slope in range(max(0, -((bounds[0][1] - bounds[-1][0]) // run)), steepest + 1):
        low = max(low - slope * f for f, (low, _) in enumerate(bounds))
        high = min(high - slope * f for f, (_, high) in enumerate(bounds))
        if low <= high:
            return _roundest(max(low, 0), high), slope
    return None


def _roundest(low: int, high: int) -> int:
    """The number in low..high with the most trailing zeros."""
    if low == 0:
        return 0
    zeros = (high ^ (low - 1)).bit_length() - 1
    return high >> zeros << zeros


def estimate(above: int, places: int, shift: int, base: Sequence[int], slope: Sequence[int]) -> int:
    """About the ANDs of the pieces: saturation with `above` bits over the limit, lookup, line."""
    clamp = above - 1 + places - (shift if slope[-1] == 0 else 0) if above > 0 else 0
    index = places - shift
    steps = max(slope).bit_length()
    rows = min(2 * steps * shift, steps * shift + 2 * (steps + shift)) if steps else 0
    return clamp + (1 << index) - index - 1 + rows + (max(base).bit_length() // 2 if steps else 0)
