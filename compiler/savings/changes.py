"""Every change to a program that may save something, and the program that it makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from compiler import pipeline
from compiler.joint.choices import Evaluator, Products
from compiler.lowering.understand import Meaning, again
from compiler.program import Compiled, owner, products
from compiler.savings.classes import one_vs_all
from compiler.savings.clips import clamped
from compiler.savings.edits import Edit, edited
from compiler.savings.factors import powers
from compiler.savings.kinds import Bit, narrower, spare, written
from lang.problems.problem import Rejected


class Why(Enum):
    """What a change does."""

    RANGE = "range"
    PRECISION = "precision"
    SPARE = "spare"  # as RANGE, of bits that no value bound to the kind reaches
    FACTOR = "factor"
    DIVISOR = "divisor"
    CLASSES = "classes"
    CLIP = "clip"
    PRODUCTS = "products"
    EVALUATOR = "evaluator"


@dataclass(frozen=True, slots=True)
class Change:
    """Other words in the text, or another option for all of it."""

    why: Why
    edits: tuple[Edit, ...] = ()
    products: Products | None = None
    evaluator: Evaluator | None = None


class Changes:
    """Of one program; kernels that programs have in common are minimised once."""

    def __init__(self, program: Compiled) -> None:
        """It has its text."""
        self.program = program
        self._params = {name: Fraction(value) for name, value in program.parameters}
        self._made: pipeline.Made = {}
        self._meaning = self._understood(())

    def compiled(self, change: Change) -> Compiled:
        """Raises Rejected where the change makes no program."""
        return pipeline.built(
            self._understood(change.edits),
            change.products or products(self.program.plan),
            change.evaluator or self.program.taken_for,
            self._made,
        )

    def narrower(self) -> Iterator[Change]:
        """Each kind that is written, one bit narrower, and then all of them."""
        for bit, why in ((Bit.RANGE, Why.RANGE), (Bit.PRECISION, Why.PRECISION)):
            edits = [
                edit for kind in written(self.program.files) if (edit := narrower(kind, bit)) and self._means((edit,))
            ]
            yield from (Change(why, (edit,)) for edit in edits)
            if len(edits) > 1:
                yield Change(why, tuple(edits))

    def others(self) -> Iterator[Change]:
        """All but those of single bits."""
        yield from self._spare()
        checked, file = self._meaning.checked.program, self.program.files[0]
        for divides, edit in powers(checked, file):
            yield Change(Why.DIVISOR if divides else Why.FACTOR, (edit,))
        yield from (Change(Why.CLASSES, (edit,)) for edit in one_vs_all(checked))
        yield from (Change(Why.CLIP, (edit,)) for edit in clamped(checked, file))
        if self.program.mechanisms:
            other = {Products.GATES: Products.SHARES, Products.SHARES: Products.GATES}
            yield Change(Why.PRODUCTS, products=other[products(self.program.plan)])
        if not self.program.datasets and self.program.taken_for is Evaluator.MALICIOUS:
            yield Change(Why.EVALUATOR, evaluator=Evaluator.HONEST)

    def _spare(self) -> Iterator[Change]:
        """Kinds without the bits that nothing bound to them reaches."""
        for kind in written(self.program.files):
            found: Edit | None = None
            by = 1
            while (edit := narrower(kind, Bit.RANGE, by)) and (other := self._means((edit,))):
                if not spare(self._meaning, other):
                    break
                found, by = edit, by + 1
            if found:
                yield Change(Why.SPARE, (found,))

    def _means(self, edits: Sequence[Edit]) -> Meaning | None:
        """None where it is no program."""
        try:
            return self._understood(edits)
        except Rejected:
            return None

    def _understood(self, edits: Sequence[Edit]) -> Meaning:
        return again(edited(self.program.files, edits), self._params, owner(self.program))
