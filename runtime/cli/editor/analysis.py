"""A text as the checker sees it: what is wrong, and what each name stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from compiler.lowering.understand import examine
from lang import typed
from lang.checker.context import Meanings, Meant
from lang.problems.problem import Problem, Rejected
from lang.source import Source, Span
from lang.syntax.files import Loader


@dataclass(frozen=True)
class Analysis:
    source: Source
    problems: tuple[Problem, ...]  # warnings among them
    meanings: Mapping[Span, Meant]  # of its names, and of those in files that it imports
    program: typed.Program | None  # where nothing is wrong

    @cached_property
    def names(self) -> dict[Span, Meant]:
        """Those that stand in this text and are spelled as what they stand for."""
        return {
            span: meant
            for span, meant in self.meanings.items()
            if span.source.name == self.source.name and spelled(span) == spelled(meant.span) != ""
        }

    def at(self, line: int, column: int) -> tuple[Span, Meant] | None:
        """The name under a place, or that ends there."""
        for span, meant in self.names.items():
            if span.line == line and span.column <= column <= span.column + len(spelled(span)):
                return named(span), meant
        return None

    def uses(self, of: Meant) -> Iterator[Span]:
        """Where this text names the same, what binds it among them."""
        return (named(span) for span, meant in self.names.items() if meant.span == of.span)


def analysed(source: Source, loader: Loader) -> Analysis:
    """`loader` reads what the text imports."""
    meanings: Meanings = {}
    try:
        checked = examine(source, loader=loader, meanings=meanings)
    except Rejected as rejected:
        return Analysis(source, tuple(rejected.problems), meanings, None)
    return Analysis(source, checked.warnings, meanings, checked.program)


def spelled(span: Span) -> str:
    """The name that begins at a place; "" where none does."""
    text = span.source.line(span.line)[span.column - 1 :]
    end = next((i for i, c in enumerate(text) if not (c.isalnum() or c == "_")), len(text))
    return text[:end]


def named(span: Span) -> Span:
    """The name that begins there alone."""
    end = span.column + len(spelled(span))
    return Span(span.source, span.line, span.column, span.line, end)
