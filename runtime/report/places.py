"""Places in the text as reports show them, and the text itself where the program came from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from compiler.program import Place, launches, place_of, transfers
from lang.source import Source, Span
from runtime.program import Program

LONGEST = 48  # characters of an excerpt


def expressions(program: Program) -> Mapping[Place, Span]:
    """The longest expression that begins at each place which work comes from; none for an artifact."""
    steps = program.compiled.plan.steps
    spans = [
        *(span for launch, _ in launches(steps) for span in launch.places),
        *(p.place for p, _ in transfers(steps)),
    ]
    found: dict[Place, Span] = {}
    for span in spans:
        if span:
            place = place_of(span)
            found[place] = max(span, found.get(place, span))
    return found


def sources(program: Program) -> Mapping[str, Source]:
    """The files of the text, by name."""
    return {PurePath(file.name).name: file for file in reversed(program.compiled.files)}


def excerpt(span: Span | None) -> str:
    """The expression in one line, cut short; "" for none."""
    if span is None:
        return ""
    last = span.end_column - 1 if span.end_line == span.line else None
    text = " ".join(span.source.line(span.line)[span.column - 1 : last].split("//")[0].split())
    return text if len(text) <= LONGEST and last is not None else f"{text[: LONGEST - 4]} ..."
