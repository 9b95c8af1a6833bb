"""Rows that stand in a file more than once.

They may be one record entered twice, or two people who are alike; which it is nobody can see, so they are told and
nothing else: to drop rows because others are equal would make one record decide over another.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from runtime.data.deidentify.findings import Finding, Rows
from runtime.data.table import Block, Part


@dataclass(slots=True)
class Duplicates:
    """Hashes of rows, some at a time: Python's own, as in `unique`."""

    _seen: set[int] = field(default_factory=set[int])
    rows: Rows = field(default_factory=Rows)

    def add(self, part: Part) -> None:
        again: list[int] = []
        for row, cells in zip(part.rows, zip(*map(_rows, part.blocks.values()), strict=True), strict=True):
            mark = hash(cells)
            if mark in self._seen:
                again.append(row)
            self._seen.add(mark)
        self.rows.add(again)

    def findings(self) -> Iterator[Finding]:
        if self.rows.count:
            yield self.rows.finding("duplicates", "equal to a row before", (), fails=False)


def _rows(block: Block) -> Sequence[Hashable]:
    if isinstance(block, list):
        return block
    return [row.tobytes() for row in np.ascontiguousarray(block)]
