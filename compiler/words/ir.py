"""The word IR: SSA over tensors of exact numbers.

A value is an integer times a public rational scale; the integer lies in `lo..hi`.  The same IR serves the
whole program (tensors), one party's local steps, and one lane of a kernel (the shapes left when the lane
axes are taken away).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from math import prod

from compiler.words.operations import And, Dot, Entry, Equal, Mul, Op, Or, Put, View, Xor
from lang.kinds import Comparison
from lang.numerals import decimal, ratio
from lang.source import Span

COMMUTATIVE = Mul | Dot | Equal | And | Or | Xor


@dataclass(frozen=True, slots=True)
class Type:
    """A tensor of numbers n * scale with integers n in lo..hi."""

    shape: tuple[int, ...]
    scale: Fraction
    lo: int
    hi: int

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def signed(self) -> bool:
        return self.lo < 0

    @property
    def width(self) -> int:
        """Bits of one element in two's complement (unsigned where lo >= 0); at least 1."""
        if self.lo >= 0:
            return max(1, self.hi.bit_length())
        return 1 + max((~self.lo).bit_length(), self.hi.bit_length() if self.hi > 0 else 0)

    def __str__(self) -> str:
        shape = "x".join(map(str, self.shape)) or "scalar"
        return f"{shape} {interval(self.lo, self.hi)} * {ratio(self.scale)}"


def interval(lo: int, hi: int) -> str:
    return f"{decimal(lo)}..{decimal(hi)}"


def full_range(width: int, signed: bool) -> tuple[int, int]:
    """All integers of a two's complement word."""
    return (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)


class Claim(Enum):
    """Why a value's declared range is narrower than its operands' ranges make it (what computing cannot see).

    Every other range contains the one computed from the operands (`verify.py`).
    """

    REMAINDER = "remainder"  # x - y * floor(x / y) lies between 0 and y
    EXTREME = "extreme"  # the larger, or the smaller, of two numbers
    FUNCTION = "function"  # part of an approximation, whose operand and error bound it
    NORM = "norm"  # a squared norm: what the data set promises of its rows bounds it
    CONTRACTION = "contraction"  # put together from digits and chunks, which reach further than what they add up to


@dataclass(frozen=True, slots=True)
class Value:
    op: Op
    args: tuple[int, ...]
    type: Type
    span: Span | None = field(default=None, compare=False)  # else equal words from two places never share
    claim: Claim | None = field(default=None, compare=False)

    @property
    def data(self) -> tuple[int, ...]:
        """The operands without the public indices that follow them."""
        count = 1 if isinstance(self.op, View) else 2 if isinstance(self.op, Put) else len(self.args)
        return self.args[:count]


@dataclass(frozen=True, slots=True)
class Loop:
    """`count` times the body; carried values keep their types, which are declared kinds' ranges."""

    count: int
    init: tuple[int, ...]
    body: Block  # parameters: index, then one for each carried value
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Result:
    """The `position`-th carried value of a finished loop (an item of its own, so every item has one type)."""

    loop: int
    position: int
    type: Type


Item = Value | Loop | Result


@dataclass(frozen=True, slots=True)
class Block:
    """A straight line of items.

    Values are numbered through all enclosing blocks: the block's parameters are first .. first +
    len(params) - 1, then its items; an item may read any earlier number of its own block and of the
    enclosing blocks up to the loop.  (A Loop item has a number too, which only Result reads.)
    """

    first: int
    params: tuple[Type, ...]
    items: tuple[Item, ...]
    results: tuple[int, ...]

    def numbered(self) -> Iterator[tuple[int, Item]]:
        return enumerate(self.items, self.first + len(self.params))


@dataclass(frozen=True, slots=True)
class Output:
    name: str
    value: int
    receivers: tuple[str, ...]
    revealed: bool
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: Type  # of one row
    norm: Fraction | None  # where norm2(field) <= norm
    where: tuple[Comparison, ...] = ()  # what else each row is held to; ranges and norms do not rest on it


@dataclass(frozen=True, slots=True)
class Dataset:
    name: str
    party: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """A whole program after lowering."""

    parties: tuple[str, ...]
    inputs: tuple[tuple[Entry, Type], ...]
    datasets: tuple[Dataset, ...]
    block: Block
    outputs: tuple[Output, ...]


def digit_offset(type: Type) -> int:
    """k with D(n) = 2n + k: the value of n's bits read as digits +1 / -1 (top digit negated when signed).

    Signed, w bits: 2n + 1.  Unsigned, w bits: 2n + 1 - 2^w.
    """
    return 1 if type.signed else 1 - (1 << type.width)
