"""What a program asks for and gets nothing of, seen in the words that it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from compiler.lowering.watch import Watch
from compiler.words.builder import Builder
from lang import typed as t
from lang.kinds import Base, Scalar, Tensor
from lang.numerals import show_number
from lang.problems.problem import Problem
from lang.problems.quotients import exactly
from lang.problems.silent import AddedStepwise, LossFlat, QuotientZero
from lang.source import Span


@dataclass
class Lost(Watch):
    """Code that is lowered more than once (a loop's, a function's) is judged by all of its times together."""

    quotients: dict[Span, bool] = field(default_factory=dict[Span, bool])  # is it 0 each time?
    others: dict[tuple[str, Span], Problem] = field(default_factory=dict[tuple[str, Span], Problem])

    def warnings(self) -> Sequence[Problem]:
        return [
            *(QuotientZero(span=span, instead=exactly(span)) for span, zero in self.quotients.items() if zero),
            *self.others.values(),
        ]

    def expression(self, b: Builder, e: t.Expr, word: int, bound: Scalar | None = None) -> None:
        if isinstance(e, t.Operate) and e.call in (t.Call.DIVIDE, t.Call.SHR) and e.type.integer:
            type, dividend = b.type(word), e.args[0]
            divided = not isinstance(dividend, t.Const) or any(dividend.values)
            zero = divided and type.lo == type.hi == 0
            self.quotients[e.span] = self.quotients.get(e.span, True) and zero

    def stepwise(self, s: t.Repeat, v: t.Variable, low: Fraction, high: Fraction) -> None:
        assert isinstance(v.kind, Tensor)
        kind = v.kind.scalar
        least, most = (int(end / kind.scale) for end in (low, high))
        signed = kind.signed or least < 0
        bits = max((n if n >= 0 else -n - 1).bit_length() for n in (least, most)) + signed
        base = Base.INT if signed and kind.base is Base.UINT else kind.base
        self._add(
            AddedStepwise(
                span=v.span,
                name=v.name,
                kind=str(kind),
                end=show_number(low if least < kind.lo else high),
                wider=str(Scalar(base, bits, kind.fraction)),
                related=((s.index.span, "in this loop"),),
            )
        )

    def flat(self, loss: t.Expr, v: t.Variable) -> None:
        self._add(LossFlat(span=loss.span, name=v.name))

    def _add(self, problem: AddedStepwise | LossFlat) -> None:
        self.others.setdefault((problem.name, problem.span), problem)
