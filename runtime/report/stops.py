"""What a run costs that is ended at a named stop, in words and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from lang.numerals import spelled
from runtime.contract.stops import Ending, after
from runtime.privacy.accountant import ADJACENCY, UNIT
from runtime.report.wording import amount


@dataclass(frozen=True, slots=True)
class Ended:
    owner: str  # one of several; else empty
    endings: Sequence[Ending]
    delta: Fraction  # of the whole run

    def lines(self) -> list[str]:
        """A person reads these."""
        whose = f"{self.owner}: " if self.owner else ""
        return [
            f"{whose}ended after step {steps}, or before: {after(self.endings, steps, self.delta)} "
            f"({ADJACENCY}; {UNIT}; of that delta this stop takes {spelled(cost.delta)})"
            for steps, cost in self.endings
        ]

    def as_json(self) -> list[dict[str, object]]:
        return [
            {
                "steps": steps,
                **amount(after(self.endings, steps, self.delta)),
                "part_of_delta": spelled(cost.delta),
                "adjacency": ADJACENCY,
                "unit": UNIT,
            }
            for steps, cost in self.endings
        ]
