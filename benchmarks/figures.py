"""What a benchmark says: a figure of some runs, and how it stands in a file and on a screen."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """How long it may take: `quick` is for whoever asks whether it runs at all, `long` for hours."""

    runs: int = 5
    quick: bool = False
    long: bool = False

    @property
    def seconds(self) -> float:
        """For a figure of many short runs."""
        return 0.01 if self.quick else 0.5


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure of one subject, with the value of each run."""

    part: str
    subject: str
    measure: str
    unit: str
    values: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def to_json(self) -> dict[str, str | float]:
        spread = {"low": min(self.values), "median": self.median, "high": max(self.values), "runs": len(self.values)}
        named = {"part": self.part, "subject": self.subject, "measure": self.measure, "unit": self.unit}
        return named | {name: float(f"{value:.6g}") for name, value in spread.items()}

    def __str__(self) -> str:
        spread = f" ({number(min(self.values))} to {number(max(self.values))})" if len(self.values) > 1 else ""
        what = f"{self.subject}: {self.measure}"
        return f"{self.part:<9} {what:<64} {number(self.median):>9} {self.unit}{spread}"


def number(value: float) -> str:
    """Three digits, or all of a number of four and more."""
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}"
