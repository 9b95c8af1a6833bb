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
_LEAST = 10  # different numbers of a weak kind, which at least half of those that look like one are
_KEPT = 10_000  # texts of a column that are remembered
_BRIEF = 5  # characters: no kind is so short
_SHORT = 10**8  # numbers below it are too short for any kind
_PLAIN = re.compile(r"[+-]?\d{0,8}(?:[.,]\d*)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_DIGITS = re.compile(r"\d+")
_WEAK = [kind for kind in KINDS if kind.weak]
_BETWEEN = "\0"  # cells: neither letter nor digit, nor what may stand within an identifier
_BIRTH = re.compile(r"birth|(?:^|[^a-z])(?:dob|born|geb)(?:[^a-z]|$)|geburt|naiss|nacim|nascit|syntym|f[øö]d", re.I)


@dataclass(slots=True)
class Patterns:
    """Of one column, some rows at a time."""

    column: str
    found: dict[str, Rows] = field(default_factory=dict[str, Rows])
    alone: dict[str, Rows] = field(default_factory=dict[str, Rows])  # of weak kinds: cells that are nothing else
    _right: dict[str, dict[str, bool]] = field(default_factory=dict[str, dict[str, bool]])  # whether such a cell is one
    _none: set[str] = field(default_factory=set[str])  # texts that have been searched in vain

    def add(self, cells: Cells) -> None:
        born = bool(_BIRTH.search(self.column))
        rows = {text: of for text, of in _candidates(cells, born).items() if text not in self._none}
        if not rows:
            return
        texts = list(rows)
        found: dict[str, set[int]] = {}
        alone: dict[str, set[int]] = {}
        for kind, i, whole in _search(texts, born):
            (alone if kind.weak and whole else found).setdefault(kind.name, set()).add(i)
        self._try(texts)
        if DAY.name in found:
            found[DAY.name] -= found.get(BIRTH.name, set())
        for of, places in ((self.found, found), (self.alone, alone)):
            for name, at in places.items():
                of.setdefault(name, Rows()).add(row for i in sorted(at) for row in rows[texts[i]])
        if len(self._none) < _KEPT:
            hit = set[int]().union(*found.values(), *alone.values())
            self._none.update(text for i, text in enumerate(texts) if i not in hit)

    def _try(self, texts: Sequence[str]) -> None:
        """Of the first texts that look like a number of a weak kind and nothing else, whether they are one."""
        longest = max(map(len, texts))
        for kind in _WEAK:
            tried = self._right.setdefault(kind.name, {})
            for text in texts if kind.run <= longest and len(tried) < _KEPT else ():
                number = _whole(text)
                if kind.pattern.fullmatch(number):
                    tried[number] = kind.holds(number)

    def _are(self, name: str) -> bool:
        """Whether the numbers of a weak kind are more than chance makes: of ten or more, half at chance 1/10."""
        right = sum(self._right[name].values())
        return right >= _LEAST and 2 * right >= len(self._right[name])

    def findings(self) -> Iterator[Finding]:
        whole = {name: rows for name, rows in self.alone.items() if self._are(name)}
        for name in dict.fromkeys((*self.found, *whole)):
            rows = Rows()
            for part in (self.found, whole):
                if name in part:
                    rows.join(part[name])
            if rows.count:
                yield rows.finding(_CHECK, name, [self.column], fails=name != DAY.name)


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


def _search(texts: Sequence[str], born: bool) -> Iterator[tuple[Kind, int, bool]]:
    """What is found in which of the texts, and whether that is nothing else."""
    joined = _BETWEEN.join(texts)
    starts = list(accumulate((len(text) + 1 for text in texts[:-1]), initial=0))
    longest = max(map(len, _DIGITS.findall(joined)), default=0)
    for kind in (*KINDS, BIRTH if born else DAY):
        if longest < kind.run or (kind.needs and not any(character in joined for character in kind.needs)):
            continue
        spans = list(matches(kind, joined))
        for start, end in spans:
            i = bisect_right(starts, start) - 1
            yield kind, i, len(_whole(texts[i])) == end - start
        if kind.sure:
            joined = _without(joined, spans)  # the middle of an IBAN is no telephone number


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


def _whole(text: str) -> str:
    """As some programs write whole numbers, without its .0"""
    head, point, tail = text.partition(".")
    return text if tail.strip("0") or not point else head
