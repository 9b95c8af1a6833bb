"""What lowering tells whoever wants to know which word each part of the text became."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from compiler.words.builder import Builder
from lang import typed as t
from lang.kinds import Scalar
from lang.source import Span


class Watch:
    """Is told what becomes of the program's text; this one does not listen."""

    def expression(self, b: Builder, e: t.Expr, word: int, bound: Scalar | None = None) -> None:
        """`word` is the value of `e`, which is going to be bound to a kind if one is given."""

    def conversion(self, b: Builder, e: t.Convert, before: int, after: int) -> None:
        """The value before and after it was bound."""

    def variable(self, b: Builder, name: str, value: t.Expr, words: Sequence[int]) -> None:
        """A variable is bound to (or assigned, as a whole) an expression; one word for each field of a tuple."""

    def carried(self, b: Builder, span: Span, names: Sequence[str], words: Sequence[int]) -> None:
        """What a loop carries, by name; the words are its body's parameters."""

    def stepwise(self, s: t.Repeat, v: t.Variable, low: Fraction, high: Fraction) -> None:
        """A loop that would only add to `v`, if that held all numbers from low to high."""

    def flat(self, loss: t.Expr, v: t.Variable) -> None:
        """The loss depends on `v` and has no gradient for it."""

    def training(self, b: Builder, s: t.Train, after: Sequence[int]) -> None:
        """The trained variables' words, which are Results of the loop over the steps."""

    def measuring(self, b: Builder, s: t.Measure, after: int) -> None:
        """What it binds, a Result of its loop."""
