"""What adding columns up takes, by arithmetic on how many bits stand in each: nothing is built.

It holds where no two bits are the same and none is a constant, as it is with the bits of two factors.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from compiler.cells.columns import signed_digits

SPLIT = 24  # bits of the shorter factor from which splitting is tried: it never helps below


class Word(NamedTuple):
    """A factor: its bits, the highest of weight -2^(bits - 1) if it is signed."""

    bits: int
    signed: bool

    @property
    def digit_offset(self) -> int:
        """k of D(n) = 2n + k (`multiply.py`)."""
        return 1 if self.signed else 1 - (1 << self.bits)


class Work(NamedTuple):
    ands: int
    gates: int  # XORs counted

    def plus(self, ands: int, gates: int) -> Work:
        return Work(self.ands + ands, self.gates + gates)


NOTHING = Work(0, 0)


@dataclass(slots=True)
class Heights:
    """As `Columns`, with the number of bits in a column for the bits, and the gates that these still have to be made
    with."""

    bits: Counter[int] = field(default_factory=Counter[int])
    ands: Counter[int] = field(default_factory=Counter[int])  # deferred
    xors: Counter[int] = field(default_factory=Counter[int])  # deferred
    constant: int = 0
    shift: int = 0

    @staticmethod
    def of(word: Word) -> Heights:
        made = Heights(Counter(range(word.bits)))
        made.constant = -(1 << (word.bits - 1)) if word.signed else 0
        return made

    def add(self, other: Heights, coefficient: int = 1) -> None:
        if other.shift > self.shift:
            up = other.shift - self.shift
            for name in ("bits", "ands", "xors"):
                setattr(self, name, Counter({i + up: n for i, n in getattr(self, name).items()}))
            self.constant <<= up
            self.shift = other.shift
        self.accumulate(other, coefficient << (self.shift - other.shift))

    def accumulate(self, other: Heights, coefficient: int) -> None:
        self.constant += coefficient * other.constant
        for position, negative in signed_digits(coefficient):
            for mine, theirs in ((self.bits, other.bits), (self.ands, other.ands), (self.xors, other.xors)):
                for i, n in theirs.items():
                    mine[i + position] += n
            if negative:
                self.constant -= sum(n << (i + position) for i, n in other.bits.items())

    def added(self, width: int) -> Work:
        """What `add.compress` makes."""
        work, carries, constant = NOTHING, 0, self.constant
        total = self.shift + width
        for i in range(total):
            work = work.plus(self.ands[i], self.ands[i] + self.xors[i])
            height, one = self.bits[i] + carries, constant >> i & 1
            if i == total - 1:
                return work.plus(0, max(0, height - 1))
            adders = max(0, height - 1) // 2
            rest = height - 2 * adders
            work = work.plus(adders, 5 * adders)
            if i < self.shift:
                carries = adders + (rest == 2 and not one)
                constant += (rest != 2 and one) << (i + 1)
            else:
                work = work.plus(rest == 2, 2 * (rest == 2))
                carries = adders + (rest == 2 or (rest == 1 and one))
        return work


def _pairs(a: Word, b: Word) -> Counter[int]:
    """How many pairs of a bit of each there are, by the sum of their places."""
    return Counter({i: min(i + 1, a.bits, b.bits, a.bits + b.bits - 1 - i) for i in range(a.bits + b.bits - 1)})


def digits(a: Word, b: Word) -> Heights:
    """`multiply.digit_product`."""
    pairs = _pairs(a, b)
    moved = Counter({i + 1: n for i, n in pairs.items()})
    made = Heights(Counter(moved), Counter(), moved, -sum(n << i for i, n in pairs.items()), 2)
    made.accumulate(Heights.of(a), -2 * b.digit_offset)
    made.accumulate(Heights.of(b), -2 * a.digit_offset)
    made.constant -= a.digit_offset * b.digit_offset
    return made


def plain(a: Word, b: Word) -> Heights:
    """`multiply.plain_product`."""
    pairs = _pairs(a, b)
    made = Heights(Counter(pairs), pairs)
    top_a, top_b = a.bits - 1, b.bits - 1
    if a.signed:
        made.constant -= sum(1 << (top_a + j) for j in range(b.bits - b.signed))
    if b.signed:
        made.constant -= sum(1 << (i + top_b) for i in range(a.bits - a.signed))
    return made


def splits(a: Word, b: Word) -> bool:
    """Whether splitting both is worth a try."""
    shorter, longer = sorted((a.bits, b.bits))
    return shorter >= SPLIT and shorter > longer // 2


@cache
def product(a: Word, b: Word, width: int) -> Work:
    """Of `multiply.product` of two numbers, its low `width` bits added up."""
    best = min((digits(a, b).added(width), plain(a, b).added(width)), key=lambda work: work.ands)
    return min(best, split(a, b, width), key=lambda work: work.ands) if splits(a, b) else best


@cache
def split(a: Word, b: Word, width: int) -> Work:
    """Of `multiply.split_product`, added up."""
    half = max(a.bits, b.bits) // 2
    work, total, sums = NOTHING, Heights(), list[Word]()
    for word in a, b:
        both = Heights.of(Word(half, False))
        both.add(Heights.of(Word(word.bits - half, word.signed)))
        bits = max(half + word.signed, word.bits - half) + 1
        work = work.plus(*both.added(bits))
        sums.append(Word(bits, word.signed))
    high = Word(a.bits - half, a.signed), Word(b.bits - half, b.signed)
    for (x, y), places in (((Word(half, False),) * 2, 0), (high, 2 * half)):
        work = work.plus(*product(x, y, x.bits + y.bits))
        total.add(Heights.of(Word(x.bits + y.bits, x.signed or y.signed)), (1 << places) - (1 << half))
    total.add(digits(sums[0], sums[1]), 1 << half)
    return work.plus(*total.added(width))
