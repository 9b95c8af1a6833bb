"""Places in the text as reports show them, and the text itself where the program came from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from compiler.program import launches
from lang.source import Source, Span
from runtime.program import Program

LONGEST = 48  # characters of an excerpt

Place = tuple[str, int, int]  # file without folders, line, column


def place_of(span: Span) -> Place:
    return PurePath(span.source.name).name, span.line, span.column


def expressions(program: Program) -> Mapping[Place, Span]:
    """The longest expression that begins at each place which gates come from; none for an artifact."""
    found: dict[Place, Span] = {}
    for launch, _ in launches(program.compiled.plan.steps):
        for span in launch.places:
            if span:
                place = place_of(span)
                found[place] = max(span, found.get(place, span))
    return found


def sources(program: Program) -> Mapping[str, Source]:
    """The files that gates come from, by name."""
    return {place[0]: span.source for place, span in expressions(program).items()}


def excerpt(span: Span | None) -> str:
    """The expression in one line, cut short; "" for none."""
    if span is None:
        return ""
    last = span.end_column - 1 if span.end_line == span.line else None
    text = " ".join(span.source.line(span.line)[span.column - 1 : last].split("//")[0].split())
    return text if len(text) <= LONGEST and last is not None else f"{text[: LONGEST - 4]} ..."
