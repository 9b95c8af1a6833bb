"""Direct identifiers by their pattern: which cells of a column have one in them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

from runtime.data.deidentify.cells import Cells, spelled
from runtime.data.deidentify.findings import Finding, Rows
from runtime.data.deidentify.identifiers import BIRTH, DAY, KINDS, Kind

_CHECK = "direct identifiers"
_MOSTLY = 0.9  # of a column's cells: then it is a column of such numbers
_LEAST = 10  # cells of which that can be said
_KEPT = 10_000  # texts that are remembered
_BRIEF = 5  # characters: no kind is so short
_SHORT = 10**8  # numbers below it are too short for any kind
_PLAIN = re.compile(r"[+-]?\d{0,8}(?:[.,]\d*)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_BETWEEN = "\0"  # cells: neither letter nor digit, nor what may stand within an identifier
_BIRTH = re.compile(r"birth|(?:^|[^a-z])(?:dob|born|geb)(?:[^a-z]|$)|geburt|naiss|nacim|nascit|syntym|f[øö]d", re.I)


@dataclass(slots=True)
class Patterns:
    """Of one column, some rows at a time."""

    column: str
    filled: int = 0
    found: dict[str, Rows] = field(default_factory=dict[str, Rows])
    alone: dict[str, Rows] = field(default_factory=dict[str, Rows])  # of weak kinds: cells that are nothing else
    days: Rows = field(default_factory=Rows)
    _none: set[str] = field(default_factory=set[str])  # texts that have been searched in vain

    def add(self, cells: Cells) -> None:
        born = bool(_BIRTH.search(self.column))
        self.filled += cells.filled
        rows = {text: of for text, of in _candidates(cells, born).items() if text not in self._none}
        if not rows:
            return
        texts = list(rows)
        joined = _BETWEEN.join(texts)
        starts = list(accumulate((len(text) + 1 for text in texts[:-1]), initial=0))
        hit: set[int] = set()
        for kind in (*KINDS, BIRTH if born else DAY):
            at = dict.fromkeys(_matches(kind, joined, starts, texts))
            hit.update(i for i, _ in at)
            if kind is DAY:
                self.days.add(row for i in dict.fromkeys(i for i, _ in at) for row in rows[texts[i]])
                continue
            if kind.weak:
                self._add(self.alone, kind, [row for i, whole in at if whole for row in rows[texts[i]]])
            found = dict.fromkeys(i for i, whole in at if not (kind.weak and whole))
            self._add(self.found, kind, [row for i in found for row in rows[texts[i]]])
        if len(self._none) < _KEPT:
            self._none.update(text for i, text in enumerate(texts) if i not in hit)

    def _add(self, to: dict[str, Rows], kind: Kind, rows: Sequence[int]) -> None:
        if rows:
            to.setdefault(kind.name, Rows()).add(rows)

    def findings(self) -> Iterator[Finding]:
        whole = {name: rows for name, rows in self.alone.items() if rows.count >= max(_LEAST, _MOSTLY * self.filled)}
        for name in dict.fromkeys((*self.found, *whole)):
            rows = Rows()
            for part in (self.found.get(name), whole.get(name)):
                if part is not None:
                    rows.count += part.count
                    rows.first += part.first
            rows.add(())
            yield rows.finding(_CHECK, name, [self.column])
        if self.days.count:
            yield self.days.finding(_CHECK, DAY.name, [self.column], fails=False)


def _candidates(cells: Cells, born: bool) -> dict[str, list[int]]:
    """The rows of each text that is more than a short number."""
    numbers = cells.numbers
    found: dict[str, list[int]] = {}
    if numbers is not None and not born:
        with np.errstate(invalid="ignore"):
            at: Sequence[int] = np.flatnonzero(np.abs(numbers) >= _SHORT).tolist()
        if cells.values is not None:
            for i, text in zip(at, spelled(cells.values[at]), strict=True):
                found.setdefault(text, []).append(cells.rows[i])
            return found
    else:
        at = range(len(cells.rows))
    for i in at:
        found.setdefault(cells.texts[i], []).append(cells.rows[i])
    if born:
        return found
    return {text: of for text, of in found.items() if len(text) > _BRIEF and not _PLAIN.fullmatch(text)}


def _matches(kind: Kind, joined: str, starts: Sequence[int], texts: Sequence[str]) -> Iterator[tuple[int, bool]]:
    """The places of cells with one in them, and whether they are nothing else."""
    if kind.needs and not any(character in joined for character in kind.needs):
        return
    for match in kind.pattern.finditer(joined):
        if kind.valid(match[0]):
            i = bisect_right(starts, match.start()) - 1
            yield i, len(_whole(texts[i])) == len(match[0])


def _whole(text: str) -> str:
    """As some programs write whole numbers, without its .0"""
    head, point, tail = text.partition(".")
    return text if tail.strip("0") or not point else head
