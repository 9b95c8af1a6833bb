"""Public words at private indices.

The high bits of an index have products, of which every bit of every word is an XOR (its algebraic normal form); of n
bits there are 2^n - n - 1 that take an AND, whoever reads them.  The low bits choose, one AND for each bit of a word
and each pair that differs, as it does least between neighbours.  Where words are short it pays to let some bits choose:
of n bits, k of which choose among words of w bits, (2^k - 1) w + 2^(n - k) - (n - k) - 1 ANDs.

In here the index is turned round, so that its highest bits choose.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from compiler.cells.columns import Bits, width_of
from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, TRUE

Truth = int  # a bit for each value of the index, or of its low bits


def lookup(builder: Builder, index: Sequence[int], tables: Sequence[Sequence[int]]) -> list[Bits]:
    """table[index] for tables of 2^n words that share one lookup."""
    shared = Lookup(builder, index, tables)
    return [shared.word(table) for table in tables]


def _columns(table: Sequence[int]) -> list[Truth]:
    """Of each bit of the words, where it is 1."""
    width, places = width_of(min(table), max(table)), len(table).bit_length() - 1
    turned = [sum((i >> bit & 1) << (places - 1 - bit) for bit in range(places)) for i in range(len(table))]
    return [sum((word >> bit & 1) << place for place, word in zip(turned, table, strict=True)) for bit in range(width)]


def _halves(truth: Truth, bits: int) -> tuple[Truth, Truth]:
    """Where the highest of so many bits is 0, and where it is 1."""
    half = 1 << (bits - 1)
    return truth & ((1 << half) - 1), truth >> half


def _normal(truth: Truth, bits: int) -> Truth:
    """Which products of index bits its algebraic normal form has: the Moebius transform."""
    for place in range(bits):
        step = 1 << place
        low = sum(((1 << step) - 1) << start for start in range(0, 1 << bits, 2 * step))
        truth ^= (truth & low) << step
    return truth


def _products(normal: Truth) -> set[int]:
    """The products in it that take an AND, and those which these are made from."""
    found: set[int] = set()
    while normal:
        mask = normal.bit_length() - 1
        normal ^= 1 << mask
        while mask & (mask - 1) and mask not in found:
            found.add(mask)
            mask &= mask - 1
    return found


def _differences(columns: set[Truth], bits: int) -> tuple[set[Truth], set[Truth]]:
    """What the highest bit decides between, and in how many ways: (halves to go on with, differences that it takes)."""
    whole = (1 << (1 << (bits - 1))) - 1
    pairs = [_halves(column, bits) for column in columns]
    apart = {min(low ^ high, low ^ high ^ whole) for low, high in pairs}
    return {low for low, _ in pairs} | {low ^ high for low, high in pairs if low ^ high not in (0, whole)}, apart - {0}


def _direct(columns: set[Truth], bits: int) -> int:
    """How many bits have products where that takes the fewest ANDs; those above them choose."""
    best, direct, chosen = 1 << bits, bits, 0
    for low in range(bits, -1, -1):
        products = set[int]().union(*(_products(_normal(truth, low)) for truth in columns))
        if chosen + len(products) < best:
            best, direct = chosen + len(products), low
        if low:
            columns, apart = _differences(columns, low)
            chosen += len(apart)
        if chosen >= best:
            break
    return direct


class Lookup:
    """What is found at one index in several tables of 2^n words; so many bits choose as is best for all of them."""

    def __init__(self, builder: Builder, index: Sequence[int], tables: Iterable[Sequence[int]]) -> None:
        self.builder, self.index = builder, index[::-1]
        self.direct = _direct({column for table in tables for column in _columns(table)}, len(index))
        self.products: dict[int, int] = {0: TRUE} | {1 << i: bit for i, bit in enumerate(self.index[: self.direct])}
        self.made: dict[tuple[Truth, int], int] = {}

    def word(self, table: Sequence[int]) -> Bits:
        return Bits(tuple(self.bit(column, len(self.index)) for column in _columns(table)), min(table) < 0)

    def bit(self, truth: Truth, bits: int) -> int:
        """The literal of what is so at each value of the low `bits` bits."""
        if (truth, bits) not in self.made:
            self.made[truth, bits] = self._chosen(truth, bits) if bits > self.direct else self._sum(truth)
        return self.made[truth, bits]

    def _chosen(self, truth: Truth, bits: int) -> int:
        """low ^ (top & (low ^ high)); of a difference and its inverse one is made."""
        low, high = _halves(truth, bits)
        apart, whole, top = low ^ high, (1 << (1 << (bits - 1))) - 1, self.index[bits - 1]
        other = apart ^ whole
        key = min(apart, other)
        taken = self._taken(key, bits) if key else FALSE
        taken = self.builder.xor(taken, top) if apart != key else taken
        return self.builder.xor(self.bit(low, bits - 1), taken)

    def _taken(self, apart: Truth, bits: int) -> int:
        """Whether the top bit is 1, and this is so."""
        key = apart << (1 << (bits - 1)), bits  # as of a table whose lower half is 0
        if key not in self.made:
            self.made[key] = self.builder.and_(self.index[bits - 1], self.bit(apart, bits - 1))
        return self.made[key]

    def _sum(self, truth: Truth) -> int:
        normal, masks = _normal(truth, self.direct), list[int]()
        while normal:
            masks.append(normal.bit_length() - 1)
            normal ^= 1 << masks[-1]
        return self.builder.parity(self._product(mask) for mask in reversed(masks))

    def _product(self, mask: int) -> int:
        if mask not in self.products:
            rest = mask & (mask - 1)
            self.products[mask] = self.builder.and_(self._product(rest), self.products[mask ^ rest])
        return self.products[mask]
