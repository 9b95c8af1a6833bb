"""A joint Ring as shares: its products by transfers under the labels of its bits, and an entry for the sum.

One factor the garbler's own: one Transfer.  Both joint: each is first turned into shares of its own, h = h_G + h_E, by
a Transfer of ones; then, with one Transfer of h by w_G and one of w by h_G,

    h w = [h w_G]_G + [w h_G]_G - h_G w_G     the garbler's part
        + [h w_G]_E + [w h_G]_E + h_E w_E     the evaluator's part

Each party adds its parts up in the clear and enters the sum, the evaluator by oblivious transfer; one adder mod 2^w
joins the two.  A malicious evaluator may enter another number, which adds what it likes to the Ring and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

from compiler.joint.choices import Products as Products
from compiler.words.builder import Builder
from compiler.words.ir import Type, Value
from compiler.words.operations import Constant, Enter, Linear, Ring, Round, Share, Transfer, View

Halves = tuple[int, int]  # the garbler's part and the evaluator's


@dataclass
class Shares:
    """Makes the Rings of one block; joint words are given as they lie in buffers."""

    b: Builder
    garbler: str
    evaluator: str
    made: dict[tuple[int, Type], Halves] = field(default_factory=dict[tuple[int, Type], Halves])

    def by_own(self, own: int, joint: int, ring: Ring, type: Type) -> Halves:
        """The garbler's number times a joint word."""
        halves = self._transfer(own, joint, ring.count, type)
        return (self._sum(halves[:1], (1,), type, ring.more), halves[1]) if ring.more else halves

    def joint(self, left: int, right: int, ring: Ring, type: Type) -> Halves:
        """Two joint words."""
        count = ring.count
        (h_own, h_other), (w_own, w_other) = self._split(left, type), self._split(right, type)
        first, second = self._transfer(w_own, left, count, type), self._transfer(h_own, right, count, type)
        own = self.b.add(Ring(count), (h_own, w_own), type)
        other = self.b.add(Ring(count), (h_other, w_other), type)
        garblers = self._sum((first[0], second[0], own), (1, 1, -1), type, ring.more)
        evaluators = self._sum((first[1], second[1], other), (1, 1, 1), type)
        return garblers, evaluators

    def entered(self, halves: Halves, type: Type) -> int:
        """The Ring as a joint word."""
        parties = self.garbler, self.evaluator
        one, other = (self.b.add(Enter(p), (half,), type) for p, half in zip(parties, halves, strict=True))
        return self.together(one, other, type)

    def together(self, one: int, other: int, type: Type) -> int:
        """The sum of two halves, in the ring."""
        return self._sum((one, other), (1, 1), type)

    def _transfer(self, own: int, joint: int, count: int, type: Type) -> Halves:
        both = self.b.add(Transfer(count), (own, joint), type)
        return self.b.add(Share(self.garbler, True), (both,), type), self.b.add(
            Share(self.evaluator, False), (both,), type
        )

    def _split(self, joint: int, ring: Type) -> Halves:
        """Shares of a joint word itself; of what a view shows, and then seen as the view shows it."""
        item, shape = self.b.item(joint), self.b.type(joint).shape
        if isinstance(item, Value) and isinstance(item.op, View) and len(item.args) == 1:
            own, other = self._split(item.args[0], ring)
            return self.b.view(own, item.op.at, shape), self.b.view(other, item.op.at, shape)
        type = replace(ring, shape=shape, scale=self.b.type(joint).scale)
        if (joint, type) not in self.made:
            ones = self.b.add(Constant((1,)), (), Type(shape, Fraction(1), 1, 1))
            self.made[joint, type] = self._transfer(ones, joint, 0, type)
        return self.made[joint, type]

    def _sum(self, parts: tuple[int, ...], signs: tuple[int, ...], type: Type, more: int = 0) -> int:
        """Mod 2^w."""
        ends = sum(type.hi - type.lo for _ in parts)
        total = self.b.add(Linear(signs, more), parts, replace(type, lo=more - ends, hi=more + ends))
        return self.b.add(Round(1, 1, type.lo, type.hi, nearest=False, wrap=True), (total,), type)
