"""The privacy losses of one step on a grid, so rounded that they only ever overstate: "connect the dots" with errors.

A step is a `Pair`: M = (1 - q) N(0, 1) + q N(mu, 1) against N(0, 1), or the other way round; or a mixture of pairs, of
which one is told which it was.  The loss at x is L(x) = log(1 - q + q exp(mu x - mu^2 / 2), rising in x; its negative
the other way round.  `losses` gives masses p_i >= 0 at losses i h, and one at infinity, with

    sum of p_i max(0, 1 - exp(e - i h)) + infinity  >=  (1 - STEP_ERROR) H_exp(e - shift)(P || Q)    for every e,

`shift` tiny.  Such an order survives composition (docs/privacy.md, lemma 6), so no p_i is ever taken for exact.

The mass of P with losses in one cell of the grid is split over its two ends so that the mass of Q is kept as well
(Doroshenko et al. 2022, arXiv:2207.04380): no H at a grid point changes.  Errors go upward.  Phi is good to
(4 + x^2) 2^-52, relative (a test holds it against mpmath).  A tail of P, the sum of the cells above a point, has that
error and no more, for it telescopes; what rounding could have put at a cell's lower end goes to the upper one, which
costs some 2^-52 / h of the cell's mass times h.  Losses at computed cell borders are off by `shift` at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, expm1, floor, log1p

import numpy as np

from runtime.privacy.tradeoff import Vector

STEP_ERROR = 2.0**-40  # relative, of all that is computed of one step; holds where |x| <= FARTHEST
FARTHEST = 37.0  # beyond, Phi is no normal float64
_UNIT = 2.0**-53


@dataclass(frozen=True, slots=True)
class Pair:
    """(1 - rate) N(0, 1) + rate N(shift, 1) against N(0, 1)."""

    rate: float
    shift: float

    def loss(self, x: Vector) -> Vector:
        """L(x), without overflow."""
        exponent = self.shift * x - self.shift**2 / 2
        with np.errstate(divide="ignore"):
            result: Vector = np.logaddexp(np.log1p(-self.rate), np.log(self.rate) + exponent)
        return result

    def place(self, loss: Vector) -> Vector:
        """The x of L(x) = loss; minus infinity where there is none."""
        outside = np.where(loss < -0.5, np.exp(loss) - (1 - self.rate), np.expm1(np.minimum(loss, 0)) + self.rate)
        with np.errstate(divide="ignore", invalid="ignore"):
            low = np.log(np.maximum(outside, 0) / self.rate)
            high = loss + np.log1p(np.exp(-loss) * (self.rate - 1)) - np.log(self.rate)
        result: Vector = np.where(loss <= 0, low, high) / self.shift + self.shift / 2
        return result


@dataclass(frozen=True, slots=True)
class Losses:
    """Masses at the losses (first + i) h; shape (points,)."""

    first: int
    masses: Vector
    infinity: float


@dataclass(frozen=True, slots=True)
class Cells:
    """What M and N(0, 1) have between neighbouring points of the grid, from below; shapes (cells,).

    `mixed` and `plain` with their errors.  `below` and `above` are (of M, of N(0, 1)) outside of all cells.
    """

    first: int
    mixed: Vector
    mixed_error: Vector
    plain: Vector
    plain_error: Vector
    below: tuple[float, float]
    above: tuple[float, float]


def losses(
    mixture: Sequence[tuple[float, Pair]], interval: float, reach: float, *, swapped: bool
) -> tuple[Losses, float]:
    """The losses of a mixture of pairs by weight (`swapped`: of N(0, 1) against M), and `shift`.

    What lies more than `reach` away from both means, at most FARTHEST, is as lost as it can be.
    """
    shift = max(border_error(pair.shift, reach) for _, pair in mixture)
    cells = [(weight, _cells(pair, interval, reach)) for weight, pair in mixture]
    sides = [(weight, _split(of, interval, shift, swapped=swapped)) for weight, of in cells]
    first = min(side.first for _, side in sides)
    masses = np.zeros(max(side.first + len(side.masses) for _, side in sides) - first)
    for weight, side in sides:
        start = side.first - first
        masses[start : start + len(side.masses)] += weight * side.masses
    infinity = sum(weight * side.infinity for weight, side in sides)
    return Losses(first, masses, infinity), shift


def border_error(shift: float, reach: float) -> float:
    """How far the loss at a computed border of a cell can be from the grid: roundings of x, of exp and of log."""
    return 8 * _UNIT * (2 + shift * (2 * shift + reach))


def points(pair: Pair, interval: float, reach: float) -> tuple[int, int]:
    """The first and the last grid point; every loss that is not out of reach lies between them."""
    low, high = pair.loss(np.array([-reach, pair.shift + reach]))
    bottom = max(float(low), log1p(-pair.rate)) if pair.rate < 1 else float(low)
    return floor(bottom / interval), ceil(float(high) / interval)


def _cells(pair: Pair, interval: float, reach: float) -> Cells:
    first, last = points(pair, interval, reach)
    x = pair.place(interval * np.arange(first, last + 1))
    plain, plain_error = _between(x)
    moved, moved_error = _between(x - pair.shift)
    rate, rest = pair.rate, 1 - pair.rate
    below, above = _normal(x[:1])[0], _normal(-x[-1:])[0]
    return Cells(
        first,
        rest * plain + rate * moved,
        rest * plain_error + rate * moved_error,
        plain,
        plain_error,
        (float(rest * below + rate * _normal(x[:1] - pair.shift)[0]), float(below)),
        (float(rest * above + rate * _normal(pair.shift - x[-1:])[0]), float(above)),
    )


def _between(x: Vector) -> tuple[Vector, Vector]:
    """Phi(x_(i+1)) - Phi(x_i) from the nearer tail, and a bound on its absolute error."""
    left, right = x[:-1], x[1:]
    below = left + right < 0
    inner, outer = np.where(below, right, -left), np.where(below, left, -right)  # the larger tail, the smaller
    larger = _normal(inner)
    error = 2 * larger * (4 + np.clip(inner, -FARTHEST, 0) ** 2) * (2 * _UNIT)
    return np.maximum(larger - _normal(outer), 0), error


def _split(cells: Cells, interval: float, border: float, *, swapped: bool) -> Losses:
    """Each cell's mass on its two ends."""
    if swapped:
        count = len(cells.plain)
        first = -(cells.first + count)
        upper, upper_error = cells.plain[::-1], cells.plain_error[::-1]
        lower, lower_error = cells.mixed[::-1], cells.mixed_error[::-1]
        bottom, infinity = cells.above[1], cells.below[1]
    else:
        first, upper, upper_error = cells.first, cells.mixed, cells.mixed_error
        lower, lower_error = cells.plain, cells.plain_error
        bottom, infinity = cells.below[0], cells.above[0]
    ends = interval * (first + np.arange(len(upper)))
    growth = np.exp(np.minimum(ends, 700.0))  # beyond, `lower` is 0
    error = upper_error + growth * lower_error + upper * (8 * _UNIT + 2 * border)
    up = np.clip((upper - growth * lower + error) / -expm1(-interval), 0, upper)
    masses = np.zeros(len(upper) + 1)
    masses[:-1] = upper - up
    masses[1:] += up
    masses[0] += bottom
    return Losses(first, masses, infinity)


def _normal(x: Vector) -> Vector:
    """Phi."""
    from scipy.special import ndtr  # here, because scipy takes longer to import than most commands to run

    result: Vector = ndtr(x)
    return result
