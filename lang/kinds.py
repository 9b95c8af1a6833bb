"""Kinds: what a value is rounded to when it is bound, and what enters and leaves a program; what rows are held to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from math import prod

from lang.numerals import show_number


class Base(Enum):
    UINT = "uint"
    INT = "int"
    FIX = "fix"


@dataclass(frozen=True, slots=True)
class Scalar:
    """`bits` bits; a number is an integer in lo..hi times 2^-fraction.  `bit` is uint<1>."""

    base: Base
    bits: int
    fraction: int = 0  # only for fix

    @property
    def signed(self) -> bool:
        return self.base is not Base.UINT

    @property
    def scale(self) -> Fraction:
        return Fraction(1, 1 << self.fraction)

    @property
    def lo(self) -> int:
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def hi(self) -> int:
        return (1 << (self.bits - self.signed)) - 1

    def __str__(self) -> str:
        if self.base is Base.FIX:
            return f"fix<{self.bits}, {self.fraction}>"
        return "bit" if self == BIT else f"{self.base.value}<{self.bits}>"


BIT = Scalar(Base.UINT, 1)


@dataclass(frozen=True, slots=True)
class Tensor:
    """A scalar kind in a shape; a plain scalar has the shape ()."""

    scalar: Scalar
    shape: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        return prod(self.shape)

    def __str__(self) -> str:
        return f"{self.scalar}[{', '.join(map(str, self.shape))}]" if self.shape else str(self.scalar)


@dataclass(frozen=True, slots=True)
class TupleKind:
    fields: tuple[Kind, ...]

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.fields))})"


Kind = Tensor | TupleKind


class Relation(Enum):
    LESS = "<"
    AT_MOST = "<="
    EQUAL = "=="
    OTHER = "!="
    AT_LEAST = ">="
    MORE = ">"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of every element of a field, with those of another one or, where that is "", with a number."""

    field: str
    relation: Relation
    other: str
    number: Fraction

    def __str__(self) -> str:
        return f"{self.field} {self.relation.value} {self.other or show_number(self.number)}"


# -- types, which a value has whether or not it is of a kind ----------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """The type of an expression: an exact tensor; `kind` only where a declared kind holds the value as it is."""

    shape: tuple[int, ...]
    integer: bool  # arithmetic of integers (bit, uint, int), not of fix
    kind: Scalar | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """The type of a tuple."""

    fields: tuple[TypeOf, ...]


TypeOf = Number | Pair


def type_of(kind: Kind) -> TypeOf:
    """The type of a value held in a kind."""
    if isinstance(kind, TupleKind):
        return Pair(tuple(map(type_of, kind.fields)))
    return Number(kind.shape, kind.scalar.base is not Base.FIX, kind.scalar)


def kind_of(type_: TypeOf) -> Kind | None:
    """The kind that a value already has, if it has one."""
    if isinstance(type_, Pair):
        fields = [kind_of(field) for field in type_.fields]
        known = tuple(field for field in fields if field is not None)
        return TupleKind(known) if len(known) == len(fields) else None
    return Tensor(type_.kind, type_.shape) if type_.kind else None


def leaves(type_: TypeOf) -> int:
    """How many numbers or arrays a value has: one, but for tuples."""
    return 1 if isinstance(type_, Number) else sum(map(leaves, type_.fields))
