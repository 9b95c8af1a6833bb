"""What the generator knows of an expression before it is run: shape, ends, scale, and whether it has a kind."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from support.second.kinds import Kind
from support.second.tree import Expr

Shape = tuple[int, ...]
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression.  None where the page does not say: then nothing that depends on it is written.

    Neither `kind` nor `exact` where the page does not say whether it has a kind of its own.
    """

    node: Expr
    shape: Shape
    low: Fraction
    high: Fraction
    unit: Fraction
    integer: bool | None
    public: bool | None
    kind: Kind | None = None  # of its own
    exact: bool = False  # surely without a kind of its own: the result of arithmetic
    owners: frozenset[str] = NOBODY  # whose inputs it may depend on

    @property
    def bits(self) -> int:
        return math.ceil(max(abs(self.low), abs(self.high)) / self.unit).bit_length() + (self.low < 0)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def put(self, node: Expr, shape: Shape | None = None) -> Typed:
        """The same numbers in another place: they keep their kind."""
        return replace(self, node=node, shape=self.shape if shape is None else shape)

    def keeping(self, operands: Iterable[Typed]) -> Typed:
        """With the kind of the operands that it picks from, if they all have the same."""
        seen = list(operands)
        unknown = any(t.kind is None and not t.exact for t in seen)
        kind = seen[0].kind if all(t.kind == seen[0].kind for t in seen) else None
        return replace(self, kind=kind, exact=kind is None and not unknown)


def everyone(operands: Iterable[Typed]) -> frozenset[str]:
    return NOBODY.union(*(t.owners for t in operands))


def together(flags: Iterable[bool | None]) -> bool | None:
    """All of them; None if one is not known and none is False."""
    seen = list(flags)
    if False in seen:
        return False
    return None if None in seen else True


def common(p: Fraction, q: Fraction) -> Fraction:
    """The coarsest scale that holds multiples of both."""
    return Fraction(math.gcd(p.numerator * q.denominator, q.numerator * p.denominator), p.denominator * q.denominator)


def arithmetic(node: Expr, operands: list[Typed], shape: Shape, low: Fraction, high: Fraction, unit: Fraction) -> Typed:
    integer = together(t.integer for t in operands)
    public = together(t.public for t in operands)
    return Typed(node, shape, low, high, unit, integer, public, None, True, everyone(operands))


def product_ends(p: Typed, q: Typed) -> tuple[Fraction, Fraction]:
    corners = [x * y for x in (p.low, p.high) for y in (q.low, q.high)]
    return min(corners), max(corners)


def of_kind(node: Expr, shape: Shape, kind: Kind, public: bool | None, owners: frozenset[str]) -> Typed:
    return Typed(node, shape, kind.least, kind.greatest, kind.unit, kind.integer, public, kind, False, owners)


def broadcast(p: Shape, q: Shape) -> Shape:
    wide = max(len(p), len(q))
    left, right = (1,) * (wide - len(p)) + p, (1,) * (wide - len(q)) + q
    return tuple(b if a == 1 else a for a, b in zip(left, right, strict=True))
