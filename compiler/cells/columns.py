"""Lazy sums: a number as a bag of bits by weight, not yet added up.

A kernel's value is either resolved `Bits` or `Columns`.  Sums, products and multiples by integers
only collect columns; they are compressed once (`add.py`), when something non-linear reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, TRUE, GateOp, negate
from compiler.words.ir import Type


def width_of(lo: int, hi: int) -> int:
    """Bits of a word that holds lo..hi."""
    return Type((), Fraction(1), lo, hi).width


class Bits(NamedTuple):
    """A resolved word: literals LSB first, two's complement if signed."""

    literals: tuple[int, ...]
    signed: bool

    @property
    def sign(self) -> int:
        return self.literals[-1] if self.signed else FALSE

    def resize(self, width: int) -> tuple[int, ...]:
        """The low `width` bits of the unbounded two's complement word."""
        return self.literals[:width] + (self.sign,) * (width - len(self.literals))


class Deferred(NamedTuple):
    """A gate that is made where it is first read: partial products need not live from the start."""

    op: GateOp
    left: int
    right: int
    inverted: bool


Entry = int | Deferred


def make(builder: Builder, entry: Entry) -> int:
    """The entry's literal."""
    if isinstance(entry, int):
        return entry
    gate = builder.xor if entry.op is GateOp.XOR else builder.and_
    return gate(entry.left, entry.right) ^ entry.inverted


def _inverse(entry: Entry) -> Entry:
    return negate(entry) if isinstance(entry, int) else entry._replace(inverted=not entry.inverted)


@dataclass(slots=True)
class Columns:
    """A number v with v * 2^shift = constant + sum of 2^i * (entries of column i), exact and unbounded.

    All weights are positive: -x * 2^i is kept as (not x) * 2^i - 2^i.  The low `shift` bits of the
    sum are therefore known to be zero.

    `owner` is whom its adders are charged to (`Builder.owner`), None for whoever adds it up: a sum that takes in
    one unadded sum keeps that one's owner, with two of different owners it has none.
    """

    bits: dict[int, list[Entry]] = field(default_factory=dict[int, list[Entry]])
    constant: int = 0
    shift: int = 0
    owner: int | None = None
    _mixed: bool = field(default=False, init=False)

    @staticmethod
    def of(word: Bits) -> Columns:
        columns = Columns()
        top = len(word.literals) - 1
        for i, literal in enumerate(word.literals):
            columns.put(i, literal, negative=word.signed and i == top)
        return columns

    def put(self, column: int, entry: Entry, negative: bool = False) -> None:
        """Add one bit times +-2^column to the (shifted) sum."""
        if negative:
            entry = _inverse(entry)
            self.constant -= 1 << column
        if entry == TRUE:
            self.constant += 1 << column
        elif entry != FALSE:
            self.bits.setdefault(column, []).append(entry)

    def add(self, other: Columns, coefficient: int = 1) -> None:
        """Add coefficient * other; the coefficient in canonical signed digits, one row each."""
        if other.shift > self.shift:
            up = other.shift - self.shift
            self.bits = {i + up: entries for i, entries in self.bits.items()}
            self.constant <<= up
            self.shift = other.shift
        self.accumulate(other, coefficient << (self.shift - other.shift))

    def accumulate(self, other: Columns, coefficient: int) -> None:
        """Add coefficient times the other's shifted sum to the shifted sum."""
        if other.owner is not None and other.owner != self.owner:
            self.owner, self._mixed = (None, True) if self._mixed or self.owner is not None else (other.owner, False)
        self.constant += coefficient * other.constant
        for position, negative in signed_digits(coefficient):
            for i, entries in other.bits.items():
                for entry in entries:
                    self.put(i + position, entry, negative)

    @property
    def weight(self) -> int:
        """About the ANDs it costs in a larger sum: one a bit, and the deferred ANDs."""
        return sum(1 + _is_and(entry) for entries in self.bits.values() for entry in entries)

    @property
    def light(self) -> bool:
        """Adding it up first would not make it cheaper to read: at most one free bit a column."""
        return all(len(entries) <= 1 and not _is_and(entries[0]) for entries in self.bits.values() if entries)


def _is_and(entry: Entry) -> bool:
    return isinstance(entry, Deferred) and entry.op is GateOp.AND


def signed_digits(n: int) -> Iterator[tuple[int, bool]]:
    """(position, negative) of n's canonical signed digits: no two adjacent, the fewest possible (Reitwiesner 1960)."""
    position = 0
    while n:
        if n & 1:
            negative = n & 3 == 3
            yield position, negative
            n += 1 if negative else -1
        n >>= 1
        position += 1
