"""A word of one lane on its way to gates: one number, and who reads how much of it."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.cells.add import compress
from compiler.cells.columns import Bits, Columns
from compiler.gates.builder import Builder
from compiler.words.ir import Type
from compiler.words.operations import Compute, Linear, Round, Sum

Number = Bits | Columns


@dataclass(eq=False, slots=True)
class Word:
    """One element of one value: how it is made, who reads it, and what it is once it is made."""

    op: Compute | None  # None: a port or a constant
    operands: tuple[Word, ...]
    type: Type
    index: int = -1  # of its item in the lane
    uses: int = 0
    needed: int = 0  # low bits that its readers look at
    number: Number | None = None
    siblings: tuple[Word, ...] = ()  # of the first bit that one circuit makes: all of them

    def columns(self, builder: Builder) -> Columns:
        """To add to a sum: as it is if that sum is its only reader, else added up first."""
        assert self.number is not None
        if isinstance(self.number, Columns) and (self.uses <= 1 or self.number.light):
            return self.number
        return Columns.of(self.bits(builder))

    def bits(self, builder: Builder) -> Bits:
        """Resolved, once."""
        assert self.number is not None
        if isinstance(self.number, Columns):
            self.number = Bits(compress(builder, self.number, self.type.width), self.type.signed)
        return self.number

    @property
    def constant(self) -> int | None:
        """The value, if it is public."""
        if isinstance(self.number, Columns) and not self.number.bits:
            return self.number.constant >> self.number.shift
        return None


def count_readers(order: list[Word]) -> None:
    """Only what a result needs counts as a reader."""
    for word in reversed(order):
        if word.uses:
            reads = _reads(word)
            for operand in word.operands:
                operand.uses += 1
                operand.needed = max(operand.needed, min(reads, operand.type.width))


def _reads(word: Word) -> int:
    """The low bits of its operands that a word looks at, if it may be fewer than all."""
    match word.op:
        case Linear() | Sum():
            return word.needed
        case Round(denominator=down, wrap=True) if down & (down - 1) == 0:
            return down.bit_length() - 1 + word.type.width
        case _:
            return max(operand.type.width for operand in word.operands)
