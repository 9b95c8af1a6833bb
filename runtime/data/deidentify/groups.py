"""k-anonymity and l-diversity: how many rows look alike from outside, and what is then still open of them.

A group is all rows with one value in each quasi-identifier, as they are written; a gap is a value too.  k is the rows
of the smallest one (Sweeney, k-anonymity, 2002); l the least number of values of a sensitive column within one, gaps
not counted (distinct l-diversity: Machanavajjhala et al., 2007).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from runtime.data.deidentify.cells import Cells
from runtime.data.deidentify.findings import Finding, Rows

Codes = NDArray[np.int64]


@dataclass(slots=True)
class Coded:
    """A column as numbers, equal where its cells are, some rows at a time; -1 for a gap."""

    codes: list[Codes] = field(default_factory=list[Codes])
    _seen: dict[str, int] = field(default_factory=lambda: {"": -1})

    def add(self, cells: Cells) -> None:
        seen = self._seen
        self.codes.append(
            np.fromiter((seen.setdefault(text, len(seen)) for text in cells.texts), np.int64, len(cells.rows))
        )

    def whole(self) -> Codes:
        return np.concatenate(self.codes) if self.codes else np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Groups:
    """The group of each row, from 0, and how many rows each has."""

    of: Codes
    sizes: Codes

    @staticmethod
    def by(columns: Sequence[Codes]) -> Groups:
        """Rows are of one group where all these agree."""
        of = np.zeros(len(columns[0]), np.int64)
        for codes in columns:  # a column at a time, so that no product of sizes grows out of its word
            _, of = np.unique(np.stack([of, codes]), axis=1, return_inverse=True)
        return Groups(of, np.bincount(of))

    @property
    def k(self) -> int:
        return int(self.sizes.min())

    def diversity(self, sensitive: Codes) -> Codes:
        """Of each group, how many values the column has."""
        filled = sensitive >= 0
        pairs = np.unique(np.stack([self.of[filled], sensitive[filled]]), axis=1)
        return np.bincount(pairs[0], minlength=len(self.sizes))


def small_groups(groups: Groups, k: int, rows: Codes, columns: Sequence[str]) -> Iterator[Finding]:
    """Rows in groups of fewer than k."""
    small = groups.sizes < k
    if small.any():
        number = int(np.count_nonzero(small))
        yield _finding(rows[small[groups.of]], "k-anonymity", f"in {number} groups of fewer than {k} rows", columns)


def alike(groups: Groups, sensitive: Mapping[str, Codes], least: int, rows: Codes) -> Iterator[Finding]:
    """Rows in groups with fewer than `least` values of a sensitive column."""
    for column, codes in sensitive.items():
        few = groups.diversity(codes) < least
        if few.any():
            number = int(np.count_nonzero(few))
            what = f"in {number} groups of fewer than {least} values"
            yield _finding(rows[few[groups.of]], "l-diversity", what, [column])


def _finding(rows: Codes, check: str, what: str, columns: Sequence[str]) -> Finding:
    found = Rows()
    found.add(np.sort(rows).tolist())
    return found.finding(check, what, columns)
