"""What random programs are made of: kinds, numbers as text with what they may be, and chance."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from math import prod

WIDEST = 36
ELEMENTS = 12
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Kind:
    """A written scalar kind: its grid integers are low..high, times 2^-fraction."""

    text: str
    low: int
    high: int
    fraction: int
    whole: bool

    @property
    def unit(self) -> Fraction:
        return Fraction(1, 1 << self.fraction)

    @property
    def reach(self) -> Fraction:
        return max(-self.low, self.high) * self.unit


@dataclass(frozen=True)
class Piece:
    """An expression: |x| <= reach, and x is a multiple of unit."""

    text: str
    reach: Fraction
    unit: Fraction


@dataclass(frozen=True)
class Variable:
    name: str
    shape: Shape
    whole: bool
    reach: Fraction
    unit: Fraction
    kind: Kind | None = None
    mutable: bool = False
    index: tuple[int, int] | None = None  # least and largest value of a loop index


@dataclass
class Drawing:
    """What has been drawn so far."""

    r: random.Random
    names: Iterator[int] = field(default_factory=count)
    scope: list[Variable] = field(default_factory=list[Variable])
    aliases: list[Kind] = field(default_factory=list[Kind])
    functions: dict[str, tuple[Kind, ...]] = field(default_factory=dict[str, tuple[Kind, ...]])
    in_value: int | None = None  # how many variables were in scope where a block with a value began

    def chance(self, p: float) -> bool:
        return self.r.random() < p

    def fresh(self) -> str:
        return f"v{next(self.names)}"

    def shape(self, most: int = 3) -> Shape:
        rank = self.r.choice((0, 0, 1, 1, 1, 2, 2, 3)[: 2 + 2 * most])
        while True:
            shape = tuple(self.r.randint(1, 4) for _ in range(rank))
            if prod(shape) <= ELEMENTS:
                return shape

    def kind(self, whole: bool | None = None) -> Kind:
        named = [k for k in self.aliases if whole is None or k.whole == whole]
        if named and self.chance(0.15):
            return self.r.choice(named)
        word = self.r.choice(
            ("bit", "uint", "uint", "int", "int")
            if whole
            else ("fix",)
            if whole is False
            else ("bit", "uint", "uint", "int", "fix", "fix", "fix")
        )
        if word == "bit":
            return Kind("bit", 0, 1, 0, True)
        bits = self.r.randint(2, 8)
        low = 0 if word == "uint" else -(1 << (bits - 1))
        if word == "fix":
            fraction = self.r.randint(0, bits)
            return Kind(f"fix<{bits}, {fraction}>", low, low + (1 << bits) - 1, fraction, False)
        return Kind(f"{word}<{bits}>", low, low + (1 << bits) - 1, 0, True)


def written(kind: Kind, shape: Shape) -> str:
    return kind.text + (f"[{', '.join(map(str, shape))}]" if shape else "")


def held(text: str, kind: Kind) -> Piece:
    return Piece(text, kind.reach, kind.unit)


def common(*pieces: Piece) -> Fraction:
    """A unit of which all the pieces' are multiples."""
    unit = pieces[0].unit
    for p in pieces[1:]:
        ratio = p.unit / unit
        unit = unit / ratio.denominator
    return unit


def joined(text: str, *pieces: Piece) -> Piece:
    return Piece(text, max(p.reach for p in pieces), common(*pieces))
