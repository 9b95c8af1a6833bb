"""Functions made of tables: a base and a slope for each piece."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

from compiler.cells.add import ands, compress
from compiler.cells.clamp import clamp
from compiler.cells.columns import Bits, Columns, Deferred, width_of
from compiler.cells.lookup import Lookup
from compiler.cells.multiply import readings
from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, GateOp, negate
from compiler.words.ir import Type
from compiler.words.operations import Pieces


class Lookups:
    """Of one lane: the tables that are read at one index share a lookup."""

    def __init__(self, read: Iterable[tuple[Hashable, Pieces]]) -> None:
        """Every operand, and what it is read by."""
        self._tables: dict[Hashable, list[tuple[int, ...]]] = {}
        for operand, at in read:
            self._tables.setdefault(_cells_of(operand, at), []).extend((at.base, at.slope))
        self._made: dict[Hashable, Lookup] = {}

    def at(self, builder: Builder, operand: Hashable, at: Pieces, index: Sequence[int]) -> Lookup:
        """The first one's index serves all."""
        key = _cells_of(operand, at)
        if key not in self._made:
            self._made[key] = Lookup(builder, index, self._tables[key])
        return self._made[key]


def _cells_of(operand: Hashable, at: Pieces) -> Hashable:
    """The same for all that `_cell` finds one index for."""
    return operand, at.drop, at.limit, at.shift, at.whole


def apply_pieces(
    builder: Builder, number: Bits, source: Type, at: Pieces, target: Type, find: Callable[[Sequence[int]], Lookup]
) -> Columns:
    """What `Pieces` says, the last sum left as columns unless it has to be clamped."""
    index, fraction = _cell(builder, number, at)
    found = find(index)
    base, slope = found.word(at.base), found.word(at.slope)
    lowest, highest = _corners(source, at)
    width = width_of(lowest, highest)
    total = min((_sum(base, reading) for reading in readings(slope, fraction)), key=lambda total: ands(total, width))
    height = compress(builder, total, width)[at.guard :] or (FALSE,)
    least, most = lowest >> at.guard, highest >> at.guard
    if at.whole or source.lo >= 0:
        result = Columns.of(Bits(height, lowest < 0))
        result.constant += at.center
        lo, hi = at.center + least, at.center + most
    else:
        result = _signed(height, number.sign)
        result.constant += at.center
        lo, hi = at.center - most, at.center + (most if source.hi >= 0 else 0)
    if lo >= target.lo and hi <= target.hi:
        return result
    word = Bits(compress(builder, result, width_of(lo, hi)), lo < 0)
    return Columns.of(clamp(builder, word, lo, hi, target.lo, target.hi))


def _signed(height: Sequence[int], sign: int) -> Columns:
    """h, or -h = not h + 1 - 2^k for h of k bits."""
    result = Columns()
    for i, literal in enumerate(height):
        result.put(i, Deferred(GateOp.XOR, literal, sign, False))
    result.put(0, sign)
    result.put(len(height), sign, negative=True)
    return result


def _corners(source: Type, at: Pieces) -> tuple[int, int]:
    """The least and the largest sum in the cells that hold operands."""
    low, high = (max(-at.limit, min(n >> at.drop, at.limit - 1)) for n in (source.lo, source.hi))
    cells = range(low + at.limit, high + at.limit + 1) if at.whole else range(max(high, ~low) + 1)
    sums = [at.base[m >> at.shift] + at.slope[m >> at.shift] * (m & ((1 << at.shift) - 1)) for m in cells]
    return min(sums), max(sums)


def _cell(builder: Builder, number: Bits, at: Pieces) -> tuple[tuple[int, ...], Bits]:
    """(index, fraction) of m: the magnitude u or -1 - u, XORed with its sign, saturated below `limit`."""
    sign, places = number.sign, at.limit.bit_length() - 1
    dropped = number.literals[at.drop :]
    magnitude = [builder.xor(literal, sign) for literal in (dropped[:-1] if number.signed else dropped)]
    over = builder.any(magnitude[places:])
    magnitude = magnitude[:places] + [FALSE] * (places - len(magnitude))
    # On a flat end piece the fraction past the end does not matter.
    first = min(at.shift, places) if at.slope[-1] == 0 == at.slope[0 if at.whole else -1] else 0
    held = magnitude[:first] + [builder.or_(literal, over) for literal in magnitude[first:]]
    if at.whole:
        held = [*(builder.xor(literal, sign) for literal in held), negate(sign)]
    return tuple(held[at.shift :]), Bits(tuple(held[: at.shift]) or (FALSE,), False)


def _sum(base: Bits, reading: Columns) -> Columns:
    total = Columns()
    total.add(Columns.of(base))
    total.add(reading)
    return total
