"""Places of a text in the units that an editor asks for: lines from 0, characters in units of its encoding."""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol import types

from lang.source import Span

_UNITS = {"utf-8": 1, "utf-16": 2, "utf-32": 4}  # bytes


@dataclass(frozen=True, slots=True)
class Places:
    encoding: str  # of those

    def range(self, span: Span) -> types.Range:
        return types.Range(
            types.Position(span.line - 1, self._units(span, span.line, span.column)),
            types.Position(span.end_line - 1, self._units(span, span.end_line, span.end_column)),
        )

    def column(self, line: str, units: int) -> int:
        """Counted from 1, in characters; what lies inside a character or behind the line is its end."""
        passed = 0
        for column, character in enumerate(line, 1):
            if passed >= units:
                return column
            passed += self._length(character)
        return len(line) + 1

    def _units(self, span: Span, line: int, column: int) -> int:
        return self._length(span.source.line(line)[: column - 1])

    def _length(self, text: str) -> int:
        return (
            len(text.encode(f"{self.encoding}-le" if self.encoding != "utf-8" else self.encoding))
            // _UNITS[self.encoding]
        )
