"""Intervals around the outputs of a `measure`: what its noise, and for a population chance, leave open.

The noise N is a rounded Gaussian of deviation s on a grid of width g, so |N| <= g k with 95 % if (k + 1/2) g >= z s.
Of m owners it is m of these, a Gaussian of deviation sqrt(m) s and m roundings by g / 2 at most, where it is enough
that (k + 1 - m / 2) g >= z s sqrt(m).  The sum of the rows at hand is then within g k of what was told, and within what
n rows can add up to.

For the population that the rows are drawn from, one by one, let m be the mean of what a row adds, between a and b.  Its
variance is (b - m)(m - a) at most (Bhatia and Davis), which a bit has; so the mean of n rows and the noise is off by d
with d^2 <= z^2 ((b - m)(m - a) / n + (s / n)^2) with about 95 %, a quadratic in m (Wilson's interval, with noise).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compiler.program import Compiled, Released
from compiler.training.estimates import Estimate
from compiler.words.integers import Array
from compiler.words.operations import Mechanism
from lang.numerals import exact
from runtime.report.wording import count

CONFIDENCE = 0.95
_Z = 1.959963984540054  # of a Gaussian so much lies within so many deviations
Numbers = NDArray[np.float64]
ALONE = "each holds for this measure by itself, not for the best of several"


@dataclass(frozen=True, slots=True)
class Intervals:
    """Around one output, in its own unit; of an array around each number by itself."""

    of: Estimate
    mechanism: Mechanism
    half: float  # of the interval around the rows at hand, before it is cut
    value: Numbers
    rows: tuple[Numbers, Numbers]
    population: tuple[Numbers, Numbers]

    def text(self) -> list[str]:
        if self.rows[0].ndim:
            return [f"each number is within {self.half:.6g} with 95 % of {self._what()}", ALONE]
        ends = [f"{float(low):.6g} to {float(high):.6g}" for low, high in (self.rows, self.population)]
        return [
            f"95 % interval {ends[0]} about {float(self.value):.6g}, of {self._what()}",
            f"95 % interval {ends[1]}, of the same for other records drawn as these were",
            ALONE,
        ]

    def _what(self) -> str:
        of, n = self.of, self.of.rows
        sum = "the mean" if of.factor * n == 1 else "the sum"
        if of.factor * n != 1 and of.factor != 1:
            sum = f"{exact(of.factor)} times the sum"
        more = f" and {exact(of.offset)}" if of.offset else ""
        whose = f" of {of.owners} owners" if of.owners > 1 else ""
        records = (
            f"these {count(n)} records of `{self.mechanism.dataset}`{whose}, "
            f"each clipped to {exact(self.mechanism.clip)}"
        )
        return f"{sum}{more} over {records}"

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.mechanism.dataset,
            "records": self.of.rows,
            "owners": self.of.owners,
            "confidence": CONFIDENCE,
            "deviation": abs(float(self.of.factor)) * _deviation(self.of, self.mechanism),
            "low": self.rows[0].tolist(),
            "high": self.rows[1].tolist(),
            "population_low": self.population[0].tolist(),
            "population_high": self.population[1].tolist(),
            "holds_for": "one measure by itself",
        }


def intervals(program: Compiled, output: Released, value: Array) -> Intervals | None:
    """None for an output that is no `measure`, or one that was computed on with more than a factor and an offset."""
    found = output.estimate
    if found is None:
        return None
    m = program.mechanisms[found.mechanism]
    factor, offset, grid = (float(x) for x in (found.factor, found.offset, found.grid))
    sigma, n = _deviation(found, m), found.rows
    told = np.asarray(value, dtype=np.float64) * float(output.type.scale)
    total = (told - offset) / factor
    half = grid * max(0, ceil(_Z * sigma / grid + (found.owners - 2) / 2))
    least, most = float(found.least), float(found.most)
    ends = [np.clip(total + way * half, n * least, n * most) for way in (-1, 1)]
    drawn = [n * mean for mean in _population(total / n, sigma / n, n, least, most)]
    rows, population = (_in_unit(found, factor, offset) for found in (ends, drawn))
    return Intervals(found, m, abs(factor) * half, told, rows, population)


def _deviation(of: Estimate, m: Mechanism) -> float:
    """Of the noise of all owners together."""
    return float(m.noise_multiplier * m.clip) * sqrt(of.owners)


def _population(mean: Numbers, noise: float, n: int, least: float, most: float) -> list[Numbers]:
    """The m with (mean - m)^2 <= z^2 ((most - m)(m - least) / n + noise^2), between `least` and `most`."""
    spread = _Z**2 / n
    middle = (2 * mean + spread * (least + most)) / (2 * (1 + spread))
    rest = (mean**2 + spread * least * most - (_Z * noise) ** 2) / (1 + spread)
    half = np.sqrt(np.maximum(middle**2 - rest, 0.0))
    return [np.clip(middle + way * half, least, most) for way in (-1, 1)]


def _in_unit(ends: list[Numbers], factor: float, offset: float) -> tuple[Numbers, Numbers]:
    low, high = (factor * end + offset for end in (ends if factor > 0 else ends[::-1]))
    return low, high
