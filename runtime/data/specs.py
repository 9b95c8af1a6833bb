"""What a program asks of an input: its kind, its shape, its bound.  Filled from the compiled program."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod

from lang.kinds import Comparison
from lang.numerals import spelled

LONG = 64  # bits of a kind whose ends are no longer written out


@dataclass(frozen=True, slots=True)
class Kind:
    """`bits` wide, `fraction` of them after the point, two's complement if signed.  With fraction 0: integers only."""

    bits: int
    fraction: int
    signed: bool

    @property
    def low(self) -> int:
        """The least grid integer."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def high(self) -> int:
        """The greatest grid integer."""
        return (1 << (self.bits - self.signed)) - 1

    @property
    def range(self) -> str:
        """`-1 to 0.99609375`: the values it holds, exactly."""
        unit = Fraction(1, 1 << self.fraction)
        if self.bits > LONG:
            low, high = f"-2^{self.bits - 1}" if self.signed else "0", f"2^{self.bits - self.signed} - 1"
            return f"{low} to {high}" + (f", times 2^-{self.fraction}" if self.fraction else "")
        return f"{spelled(self.low * unit)} to {spelled(self.high * unit)}"

    def __str__(self) -> str:
        if self.fraction:
            return f"fix<{self.bits}, {self.fraction}>"
        if not self.signed:
            return "bit" if self.bits == 1 else f"uint<{self.bits}>"
        return f"int<{self.bits}>"


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """`input name: kind[shape]`; a scalar has shape ()."""

    name: str
    kind: Kind
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a row; `norm_bound` is the c of `where norm2(name) <= c`, in values, not grid units."""

    name: str
    kind: Kind
    shape: tuple[int, ...]
    norm_bound: Fraction | None = None
    where: tuple[Comparison, ...] = ()  # of this field or others of its row

    @property
    def columns(self) -> int:
        """How many columns of a table it fills."""
        return prod(self.shape)

    def column_names(self) -> list[str]:
        """What they are called where a table says so: `y`; `x[0]`, `x[1]`, ...; `x[0, 0]`, `x[0, 1]`, ..."""
        places = product(*map(range, self.shape))
        return [f"{self.name}[{', '.join(map(str, place))}]" if place else self.name for place in places]


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """`dataset name { fields }`, in the order of declaration."""

    name: str
    fields: tuple[FieldSpec, ...]

    @property
    def columns(self) -> int:
        """How many columns a table of it has."""
        return sum(field.columns for field in self.fields)
