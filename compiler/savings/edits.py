"""Changes to a text, by place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lang.source import Source, Span


@dataclass(frozen=True, slots=True)
class Edit:
    """Other words in place of those at `span`."""

    span: Span
    instead: str

    @property
    def written(self) -> str:
        return text_of(self.span)


def text_of(span: Span) -> str:
    start, end = _offsets(span)
    return span.source.text[start:end]


def edited(files: Sequence[Source], edits: Sequence[Edit]) -> tuple[Source, ...]:
    """The files with all edits made, of which none lies in another."""
    return tuple(Source(file.name, _edited(file, [e for e in edits if e.span.source == file])) for file in files)


def _edited(file: Source, edits: Sequence[Edit]) -> str:
    text = file.text
    for edit in sorted(edits, key=lambda e: e.span, reverse=True):
        start, end = _offsets(edit.span)
        text = text[:start] + edit.instead + text[end:]
    return text


def _offsets(span: Span) -> tuple[int, int]:
    lines = span.source.text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    return starts[span.line - 1] + span.column - 1, starts[span.end_line - 1] + span.end_column - 1
