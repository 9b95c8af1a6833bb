"""What a check has found: where, and how often; never the values themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import nsmallest

from runtime.data.errors import FIRST


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` is the check's name, `columns` those that are concerned; `rows` are the first FIRST of `count`.

    One that does not `fail` is told, for its owner to judge.
    """

    check: str
    what: str
    columns: tuple[str, ...]
    count: int
    rows: tuple[int, ...]
    fails: bool = True

    def document(self) -> dict[str, object]:
        return {
            "check": self.check,
            "what": self.what,
            "columns": list(self.columns),
            "count": self.count,
            "rows": list(self.rows),
            "fails": self.fails,
        }


@dataclass(slots=True)
class Rows:
    """Rows that were found, some at a time: how many, and the first of them."""

    count: int = 0
    first: list[int] = field(default_factory=list[int])

    def add(self, rows: Iterable[int]) -> None:
        found = list(rows)
        self.count += len(found)
        self.first = nsmallest(FIRST, [*self.first, *found])

    def join(self, other: Rows) -> None:
        """Rows that are not among these."""
        self.count += other.count
        self.first = nsmallest(FIRST, [*self.first, *other.first])

    def finding(self, check: str, what: str, columns: Iterable[str], fails: bool = True) -> Finding:
        return Finding(check, what, tuple(columns), self.count, tuple(self.first), fails)
