"""Direct identifiers by uniqueness: columns whose values are, nearly each, of one row alone.

Of text, one in which at least half of the filled cells hold a value that no other row has: names, addresses, remarks.
Of whole numbers, one that has no value twice: numbers of records, of accounts.  Numbers of which one in ten cells has a
fraction are measurements, which tell nobody's name.  Below LEAST cells nothing can be said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from runtime.data.deidentify.cells import Cells
from runtime.data.deidentify.findings import Finding, Rows

LEAST = 20  # filled cells
_TENTH = 0.1
_WHOLE = re.compile(r"[+-]?\d+(?:[.,]0*)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d*[.,]?\d*(?:[eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(slots=True)
class Unique:
    """Of one column, some rows at a time: a hash of each filled cell, and what kind of text these are.

    The hashes are Python's own, 64 bits under a key of this process: two values of n have one with chance n^2 / 2^65.
    """

    column: str
    texts: int = 0
    fractions: int = 0
    filled: int = 0
    hashes: list[NDArray[np.int64]] = field(default_factory=list[NDArray[np.int64]])
    rows: list[NDArray[np.int64]] = field(default_factory=list[NDArray[np.int64]])
    twice: bool = False  # a number of a file that has numbers: no more is to be known

    def add(self, cells: Cells) -> None:
        if self.twice:
            return
        if cells.values is not None and cells.values.dtype.kind in "iub":
            self._numbers(cells, cells.values)
            return
        numbers = cells.numbers
        self.filled += cells.filled
        if numbers is not None and _fractions(numbers):
            self.fractions += cells.filled
            return
        texts, rows = cells.texts, np.asarray(cells.rows, np.int64)
        if cells.filled < len(texts):
            rows = rows[[bool(text) for text in texts]]
            texts = [text for text in texts if text]
        if numbers is None:
            self._count(Counter(texts))
        self.hashes.append(np.fromiter(map(hash, texts), np.int64, len(texts)))
        self.rows.append(rows)

    def _count(self, texts: Counter[str]) -> None:
        """Which are numbers, and which are not."""
        for text, often in texts.items():
            if not _NUMBER.fullmatch(text):
                self.texts += often
            elif not _WHOLE.fullmatch(text):
                self.fractions += often

    def _numbers(self, cells: Cells, values: NDArray[np.generic]) -> None:
        self.filled += len(values)
        self.hashes.append(values.astype(np.int64))
        self.rows.append(np.asarray(cells.rows, np.int64))
        self.twice = len(np.unique(values)) < len(values)

    def findings(self) -> Iterator[Finding]:
        text = self.texts > _TENTH * self.filled
        if self.twice or self.filled < LEAST or (not text and self.fractions > _TENTH * self.filled):
            return
        found, first, often = np.unique(np.concatenate(self.hashes), return_index=True, return_counts=True)
        single = first[often == 1]
        if 2 * len(single) < self.filled or (not text and len(found) < self.filled):
            return
        rows = Rows()
        rows.add(np.sort(np.concatenate(self.rows)[single]).tolist())
        yield rows.finding("direct identifiers", "a value that no other row has", [self.column])


def _fractions(numbers: NDArray[np.float64]) -> bool:
    """Whether one in ten of some rows' numbers has one."""
    found = numbers[np.isfinite(numbers)]
    return len(found) > 0 and int(np.count_nonzero(found != np.floor(found))) > _TENTH * len(found)
