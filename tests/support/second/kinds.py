"""Kinds: what docs/language.md says of them, as exact numbers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Sort = Literal["uint", "int", "fix"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of numbers: `bits` in all, `point` of them after the point."""

    sort: Sort
    bits: int
    point: int = 0

    @property
    def unit(self) -> Fraction:
        return Fraction(1, 2**self.point)

    @property
    def signed(self) -> bool:
        return self.sort in ("int", "fix")

    @property
    def least(self) -> Fraction:
        return -(2 ** (self.bits - 1)) * self.unit if self.signed else Fraction(0)

    @property
    def greatest(self) -> Fraction:
        return (2 ** (self.bits - self.signed) - 1) * self.unit

    @property
    def integer(self) -> bool:
        return self.sort != "fix"

    def __str__(self) -> str:
        match self.sort:
            case "fix":
                return f"fix<{self.bits}, {self.point}>"
            case "uint" | "int":
                return f"{self.sort}<{self.bits}>"


BIT = Kind("uint", 1)  # `bit` is the same as `uint<1>`


@dataclass(frozen=True, slots=True)
class Shaped:
    """A kind and the axes of an array of it; none for a scalar.  `spelled` is how the program writes it."""

    kind: Kind
    shape: tuple[int, ...] = ()
    spelled: str = ""

    def __str__(self) -> str:
        if self.spelled:
            return self.spelled
        return f"{self.kind}[{', '.join(map(str, self.shape))}]" if self.shape else str(self.kind)


@dataclass(frozen=True, slots=True)
class TupleKind:
    fields: tuple[Shaped, ...]

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.fields))})"


AnyKind = Shaped | TupleKind
