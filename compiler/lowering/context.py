"""One block being lowered: its builder, and what each variable holds at this point of the text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from compiler.lowering.stores import Added
from compiler.lowering.watch import Watch
from compiler.words.builder import Builder
from compiler.words.ir import Output, Type
from compiler.words.leaves import Word, flatten
from lang import typed as t
from lang.problems.problem import Problem
from lang.source import Span

Scope = dict[int, Word]  # variable number -> its present value


@dataclass(frozen=True, slots=True)
class Ways:
    """How an expression and a block of statements are lowered: each is made of the other."""

    expression: Callable[[Lowering, t.Expr], Word]
    statements: Callable[[Lowering, Sequence[t.Statement]], None]


@dataclass
class Lowering:
    b: Builder
    program: t.Program
    watch: Watch
    ways: Ways
    scope: Scope = field(default_factory=dict[int, Word])
    row: dict[str, int] = field(default_factory=dict[str, int])  # fields of the current row
    outputs: list[Output] = field(default_factory=list[Output])
    problems: dict[tuple[str, Span], Problem] = field(default_factory=dict[tuple[str, Span], Problem])
    example: bool = False  # inside `dpsgd`: loops are unrolled, so that they can be differentiated
    trainings: Iterator[int] = field(default_factory=lambda: iter(range(1 << 30)))
    added: Added | None = None  # in the body of a loop that only adds: the variables are what it adds

    def inner(self, params: Sequence[Type]) -> Lowering:
        """The lowering of a nested block."""
        return replace(self, b=Builder(params, self.b), scope=dict(self.scope), row=dict(self.row), added=None)

    def one_row(self, b: Builder, row: dict[str, int]) -> Lowering:
        """The lowering of a training's body for one row of its data set."""
        return replace(self, b=b, scope=dict(self.scope), row=row, example=True, added=None)

    def statements(self, statements: Sequence[t.Statement]) -> None:
        self.ways.statements(self, statements)

    def expression(self, e: t.Expr) -> Word:
        return self.ways.expression(self, e)

    def number(self, e: t.Expr) -> int:
        """The word of an expression that is not a tuple."""
        word = self.expression(e)
        assert isinstance(word, int)
        return word

    def leaf(self, variable: int) -> int:
        """The word of a variable that is not a tuple."""
        word = self.scope[variable]
        assert isinstance(word, int)
        return word

    def leaves(self, variables: Sequence[t.Variable]) -> list[int]:
        return [leaf for v in variables for leaf in flatten(self.scope[v.number])]
