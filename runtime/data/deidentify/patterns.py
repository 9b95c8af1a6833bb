"""Direct identifiers by their pattern: which cells of a column have one in them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

from runtime.data.deidentify.cells import Cells, spelled
from runtime.data.deidentify.findings import Finding, Rows
from runtime.data.deidentify.identifiers import BIRTH, DAY, KINDS, Kind
from runtime.data.deidentify.weak import Weak, alone

_CHECK = "direct identifiers"
_KEPT = 10_000  # texts of a column that are remembered
_BRIEF = 5  # characters: no kind is so short
_SHORT = 10**8  # numbers below it are too short for any kind
_PLAIN = re.compile(r"[+-]?\d{0,8}(?:[.,]\d*)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_DIGITS = re.compile(r"\d+")
_BETWEEN = "\0"  # cells: neither letter nor digit, nor what may stand within an identifier
_BIRTH = re.compile(r"birth|(?:^|[^a-z])(?:dob|born|geb)(?:[^a-z]|$)|geburt|naiss|nacim|nascit|syntym|f[øö]d", re.I)


@dataclass(slots=True)
class Patterns:
    """Of one column, some rows at a time."""

    column: str
    found: dict[str, Rows] = field(default_factory=dict[str, Rows])
    weak: Weak = field(default_factory=Weak)
    _none: set[str] = field(default_factory=set[str])  # texts that have been searched in vain

    def add(self, cells: Cells) -> None:
        born = bool(_BIRTH.search(self.column))
        rows = _candidates(cells, born, self._none)
        if not rows:
            return
        texts = list(rows)
        numbers = alone(texts)
        found: dict[str, set[int]] = {}
        for kind, i in _search(texts, numbers, born):
            found.setdefault(kind.name, set()).add(i)
        if DAY.name in found:
            found[DAY.name] -= found.get(BIRTH.name, set())
        for name, places in found.items():
            self.found.setdefault(name, Rows()).add(row for i in sorted(places) for row in rows[texts[i]])
        hit = self.weak.add(numbers, rows)
        if len(self._none) < _KEPT:
            hit.update(texts[i] for places in found.values() for i in places)
            self._none.update(text for text in texts if text not in hit and text not in numbers)

    def findings(self) -> Iterator[Finding]:
        weak = dict(self.weak.told())
        for name in dict.fromkeys((*self.found, *weak)):
            rows = Rows()
            for part in (self.found, weak):
                if name in part:
                    rows.join(part[name])
            if rows.count:
                yield rows.finding(_CHECK, name, [self.column], fails=name != DAY.name)


def _candidates(cells: Cells, born: bool, none: set[str]) -> dict[str, list[int]]:
    """The rows of each text that is more than a short number and not among those that have been searched in vain."""
    numbers, everywhere = cells.numbers, range(len(cells.rows))
    at: Sequence[int] = everywhere
    found: dict[str, list[int]] = {}
    if numbers is not None and not born:
        with np.errstate(invalid="ignore"):
            at = np.flatnonzero(np.abs(numbers) >= _SHORT).tolist()
        if cells.values is not None:
            for i, text in zip(at, spelled(cells.values[at]), strict=True):
                found.setdefault(text, []).append(cells.rows[i])
            return found
    texts, rows = cells.texts, cells.rows
    searched = {
        text for text in set(texts if at is everywhere else [texts[i] for i in at]) - none if born or _long(text)
    }
    if not searched:
        return {}
    for i in at:
        if texts[i] in searched:
            found.setdefault(texts[i], []).append(rows[i])
    return found


def _long(text: str) -> bool:
    """More than a short number."""
    return len(text) > _BRIEF and not _PLAIN.fullmatch(text)


def _search(texts: Sequence[str], numbers: Mapping[str, str], born: bool) -> Iterator[tuple[Kind, int]]:
    """What is found in which of the texts; of weak kinds, not in those that are `numbers` and nothing else."""
    whole = _BETWEEN.join(texts)
    prose = _BETWEEN.join(_BETWEEN * len(text) if text in numbers else text for text in texts)
    starts = list(accumulate((len(text) + 1 for text in texts[:-1]), initial=0))
    longest = {weak: max(map(len, _DIGITS.findall(of)), default=0) for weak, of in ((False, whole), (True, prose))}
    for kind in (*KINDS, BIRTH if born else DAY):
        joined = prose if kind.weak else whole
        if longest[kind.weak] < kind.run or (kind.needs and not any(needed in joined for needed in kind.needs)):
            continue
        spans = list(matches(kind, joined))
        yield from ((kind, bisect_right(starts, start) - 1) for start, _ in spans)
        if kind.sure:  # the middle of an IBAN is no telephone number
            whole, prose = _without(whole, spans), _without(prose, spans)


def matches(kind: Kind, text: str) -> Iterator[tuple[int, int]]:
    """Where one begins and ends."""
    at = 0
    while match := kind.pattern.search(text, at):
        found = kind.cut(match[0])
        at = match.start() + 1  # a longer match that is wrong may hide one that is right
        if kind.holds(found):
            at = match.start() + len(found)
            yield match.start(), at


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Of the same length."""
    pieces: list[str] = []
    at = 0
    for start, end in spans:
        pieces += text[at:start], _BETWEEN * (end - start)
        at = end
    return "".join([*pieces, text[at:]]) if pieces else text
