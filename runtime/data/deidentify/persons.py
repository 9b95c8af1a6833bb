"""Rows of one person, and which of them are too many.

The first rows of a person stay, in the order of the file.  The rule looks at who a row is of and at nothing else: what
another row holds, or anybody else's, never decides whether this one stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Persons:
    """Some rows at a time."""

    most: int | None
    rows: Counter[str] = field(default_factory=Counter[str])
    without: int = 0

    def beyond(self, persons: Sequence[str]) -> list[bool]:
        """Of each next row, whether its person has its rows already; not where no person is named."""
        found: list[bool] = []
        for person in persons:
            self.without += not person
            if person:
                self.rows[person] += 1
            found.append(bool(person) and self.most is not None and self.rows[person] > self.most)
        return found

    @property
    def largest(self) -> int:
        """Rows of the person that has most."""
        return max(self.rows.values(), default=0)
