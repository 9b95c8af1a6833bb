"""Which brackets are open at a place of a text, comments and strings aside."""

from __future__ import annotations

import re
from collections.abc import Iterator

CLOSING = {"{": "}", "(": ")", "[": "]"}
OPENING = {closing: opening for opening, closing in CLOSING.items()}
_TOKEN = re.compile(r'//[^\n]*|"[^"\n]*"?|[{}()\[\]]')


class Brackets:
    """Reads forward only: each place that is asked for lies at or after the one before."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[re.Match[str]] = _TOKEN.finditer(text)
        self._next = next(self._events, None)
        self._text = text
        self._open: list[int] = []

    def open_at(self, offset: int) -> list[int]:
        """Offsets of the brackets that are open just before `offset`, outermost first."""
        while self._next is not None and self._next.start() < offset:
            word = self._next.group()
            if word in CLOSING:
                self._open.append(self._next.start())
            elif word in OPENING:
                self._close(OPENING[word])
            self._next = next(self._events, None)
        return self._open

    def forget_groups(self) -> None:
        """Take open `(` and `[` as closed: the rest of a wrong statement was skipped."""
        self._open = [place for place in self._open if self._text[place] == "{"]

    def _close(self, opening: str) -> None:
        for depth in range(len(self._open) - 1, -1, -1):
            if self._text[self._open[depth]] == opening:
                del self._open[depth:]
                return
