"""What statements assign, and which loops only add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from compiler.words.ir import Type
from lang import typed as t
from lang.kinds import Tensor
from lang.traverse import walk


class NotOnlyAdded(Exception):
    """A loop does more than add, or might reach the ends of a kind on the way: it stays a loop."""


@dataclass
class Added:
    """The variables that a loop adds to, while its body is lowered once for all iterations.

    `low` and `high` are how far all additions together, in any order, can move a variable; `touched` is how many of
    its elements one iteration writes.
    """

    kinds: dict[int, Tensor]
    trips: int
    low: dict[int, Fraction] = field(default_factory=dict[int, Fraction])
    high: dict[int, Fraction] = field(default_factory=dict[int, Fraction])
    touched: dict[int, int] = field(default_factory=dict[int, int])

    def note(self, variable: int, type: Type, elements: int) -> None:
        """One `+=` of a word of the type, to so many elements."""
        if (type.scale / self.kinds[variable].scalar.scale).denominator != 1:
            raise NotOnlyAdded  # each addition rounds
        self.low[variable] = self.low.get(variable, Fraction(0)) + self.trips * min(type.lo, 0) * type.scale
        self.high[variable] = self.high.get(variable, Fraction(0)) + self.trips * max(type.hi, 0) * type.scale
        self.touched[variable] = self.touched.get(variable, 0) + elements

    def take(self, inner: Added) -> None:
        """The additions of a loop inside the body; its trips are counted with this one's."""
        for mine, theirs in ((self.low, inner.low), (self.high, inner.high)):
            mine.update({v: mine.get(v, Fraction(0)) + n for v, n in theirs.items()})
        self.touched.update({v: self.touched.get(v, 0) + n for v, n in inner.touched.items()})

    def fits(self, variable: int, low: Fraction, high: Fraction) -> bool:
        """Does the variable, which starts in low..high, never meet an end of its kind?  And is most of it written?"""
        kind = self.kinds[variable]
        least, most = (n * kind.scalar.scale for n in (kind.scalar.lo, kind.scalar.hi))
        return (
            least <= low + self.low.get(variable, 0)
            and high + self.high.get(variable, 0) <= most
            and self.mostly(variable)
        )

    def mostly(self, variable: int) -> bool:
        """Does one iteration write most of its elements?"""
        return 2 * self.touched.get(variable, 0) >= self.kinds[variable].size


def only_added(statements: Sequence[t.Statement], variables: Sequence[t.Variable]) -> bool:
    """Is every assignment to one of the variables a `+=` or `-=` of something that does not read it?"""
    numbers = {v.number for v in variables}
    for node in walk(statements):
        if isinstance(node, t.Store) and node.variable.number in numbers and node.added is None:
            return False
        if isinstance(node, t.Train | t.Measure | t.Release):
            return False
    return all(isinstance(v.kind, Tensor) for v in variables)


def stored(statements: Sequence[t.Statement]) -> list[t.Variable]:
    """The variables that the statements assign, in order of first assignment; blocks in expressions may assign too."""
    found: dict[int, t.Variable] = {}
    for node in walk(statements):
        for v in (node.variable,) if isinstance(node, t.Store) else node.variables if isinstance(node, t.Train) else ():
            found.setdefault(v.number, v)
    return list(found.values())
