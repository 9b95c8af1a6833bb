"""Tables of public words at private indices, and the functions made of them."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.cells.add import ands, compress
from compiler.cells.columns import Bits, Columns, Deferred, width_of
from compiler.cells.multiply import readings
from compiler.cells.round import clamp
from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, TRUE, GateOp, negate
from compiler.words.ir import Type
from compiler.words.operations import Pieces


def lookup(builder: Builder, index: Sequence[int], tables: Sequence[Sequence[int]]) -> list[Bits]:
    """table[index] for tables of 2^k words that share one lookup: at most 2^k - k - 1 ANDs.

    Each output bit is an XOR of products of index bits (its algebraic normal form, by the Moebius
    transform); a product of j bits is one AND more than one of j - 1, whoever reads it.
    """
    products: dict[int, int] = {0: TRUE} | {1 << i: literal for i, literal in enumerate(index)}

    def product(mask: int) -> int:
        if mask not in products:
            rest = mask & (mask - 1)
            products[mask] = builder.and_(product(rest), products[mask ^ rest])
        return products[mask]

    words: list[Bits] = []
    for table in tables:
        lo, hi = min(table), max(table)
        normal = list(table)
        for i in range(len(index)):
            for mask in range(len(normal)):
                if mask >> i & 1:
                    normal[mask] ^= normal[mask ^ (1 << i)]
        literals = (
            builder.parity(product(mask) for mask, bits in enumerate(normal) if bits >> bit & 1)
            for bit in range(width_of(lo, hi))
        )
        words.append(Bits(tuple(literals), lo < 0))
    return words


def apply_pieces(builder: Builder, number: Bits, source: Type, at: Pieces, target: Type) -> Columns:
    """What `Pieces` says, the last sum left as columns unless it has to be clamped."""
    index, fraction = _cell(builder, number, at)
    base, slope = lookup(builder, index, (at.base, at.slope))
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
