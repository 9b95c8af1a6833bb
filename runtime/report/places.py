"""Places in the text as reports show them, and the text itself where the program came from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from compiler.schedule.attribution import Place, place_of
from compiler.schedule.plan import Disclose, Enter, Hand, Launch, Open, Plan, Product, counted
from lang.source import Source, Span
from runtime.program import Program

LONGEST = 48  # characters of an excerpt


def expressions(plan: Plan) -> Mapping[Place, Span]:
    """The longest expression that begins at each place which work comes from."""
    spans: list[Span | None] = []
    for step, _ in counted(plan.steps):
        if isinstance(step, Launch):
            spans += step.places
        elif isinstance(step, Product | Enter | Open | Disclose | Hand):
            spans.append(step.place)
    found: dict[Place, Span] = {}
    for span in spans:
        if span:
            start = place_of(span)
            found[start] = max(span, found.get(start, span))
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
    return cut(text) if last is not None else f"{text[: LONGEST - 4]} ..."


def cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ..."
