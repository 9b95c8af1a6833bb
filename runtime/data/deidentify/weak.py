"""Numbers that stand alone in their cells, of kinds whose check digit one random number in ten has.

One alone says nothing; that ten different ones of a column are right, and at least half of all that look like one, is
less likely than one in 100 000 if chance makes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from runtime.data.deidentify.findings import Rows
from runtime.data.deidentify.identifiers import KINDS

_LEAST = 10
_KEPT = 10_000  # different numbers of a column that are counted
_KINDS = [kind for kind in KINDS if kind.weak]
_ALONE = re.compile(r"([a-z]?-?\d{7,12}(?:-?[a-z])?)(?:\.0*)?", re.IGNORECASE)  # some programs write 7 as 7.0


@dataclass(slots=True)
class Weak:
    """Of one column, some rows at a time, by the names of kinds."""

    found: dict[str, Rows] = field(default_factory=dict[str, Rows])
    _right: dict[str, dict[str, bool]] = field(default_factory=dict[str, dict[str, bool]])

    def add(self, numbers: Mapping[str, str], rows: Mapping[str, Sequence[int]]) -> set[str]:
        """`numbers` as `alone` gives them, `rows` those of each text; the texts that are a number of some kind."""
        hit: set[str] = set()
        longest = max(map(len, numbers.values()), default=0)
        for kind in _KINDS if numbers else ():
            right = self._right.setdefault(kind.name, {})
            if kind.run > longest:
                continue
            looks = [(text, number) for text, number in numbers.items() if kind.pattern.fullmatch(number)]
            are = {number: kind.holds(number) for _, number in looks}
            if len(right) < _KEPT:
                right |= are
            texts = [text for text, number in looks if are[number]]
            self.found.setdefault(kind.name, Rows()).add(row for text in texts for row in rows[text])
            hit.update(texts)
        return hit

    def told(self) -> Iterator[tuple[str, Rows]]:
        """Kinds of which the column has more than chance makes."""
        for name, rows in self.found.items():
            right = sum(self._right[name].values())
            if right >= _LEAST and 2 * right >= len(self._right[name]):
                yield name, rows


def alone(texts: Sequence[str]) -> dict[str, str]:
    """Of texts that may be such a number and nothing else, the number."""
    found = ((text, _ALONE.fullmatch(text)) for text in texts)
    return {text: match[1] for text, match in found if match}
