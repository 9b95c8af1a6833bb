"""The privacy losses of one step on a grid, so rounded that they only ever overstate: "connect the dots" with errors.

A step is a `Pair` of mixtures of normals, M against another, one way or the other; or a mixture of pairs, of which one
is told which it was.  The loss at x is log M(x) / other(x), which rises in x.  `losses` gives masses p_i >= 0 at losses
i h, and one at infinity, with

    sum of p_i max(0, 1 - exp(e - i h)) + infinity  >=  (1 - STEP_ERROR) H_exp(e + shift)(P || Q)    for every e,

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
from math import ceil, expm1, floor, inf, log, log1p

import numpy as np

from runtime.privacy.tradeoff import Vector

STEP_ERROR = 2.0**-40  # relative, of all that is computed of one step; holds where |x| <= FARTHEST
FARTHEST = 37.0  # beyond, Phi is no normal float64
_UNIT = 2.0**-53
_UNDERFLOW = 2.0**-1070  # more than rounding takes from numbers that are not normal

Normals = tuple[tuple[float, float], ...]  # a mixture: weights, and means of normals of deviation 1


@dataclass(frozen=True, slots=True)
class Pair:
    """M = (1 - rate) N(0, 1) + rate N(shift, 1) against N(0, 1), or `opposed`: against its mirror image."""

    rate: float
    shift: float
    opposed: bool = False

    @property
    def mixed(self) -> Normals:
        return ((1 - self.rate, 0.0), (self.rate, self.shift))

    @property
    def other(self) -> Normals:
        return ((1 - self.rate, 0.0), (self.rate, -self.shift)) if self.opposed else ((1.0, 0.0),)

    @property
    def lowest(self) -> float:
        """The lowest mean."""
        return -self.shift if self.opposed else 0.0

    def loss(self, x: Vector) -> Vector:
        """log of M over the other at x, rising in x."""
        rest = -inf if self.rate == 1 else log1p(-self.rate)
        there = log(self.rate) - self.shift**2 / 2
        result: Vector = np.logaddexp(rest, there + self.shift * x)
        return result - np.logaddexp(rest, there - self.shift * x) if self.opposed else result

    def place(self, loss: Vector) -> Vector:
        """The x of that loss; minus infinity where there is none."""
        if self.opposed:
            return self._opposed(loss)
        below = np.minimum(loss, 0)
        outside = np.where(loss < -0.5, np.exp(below) - (1 - self.rate), np.expm1(below) + self.rate)
        with np.errstate(divide="ignore"):
            low = np.log(np.maximum(outside, 0)) - log(self.rate)
        high = loss + np.log1p(np.exp(-np.maximum(loss, 0)) * (self.rate - 1)) - log(self.rate)
        result: Vector = np.where(loss <= 0, low, high) / self.shift + self.shift / 2
        return result

    def _opposed(self, loss: Vector) -> Vector:
        """shift x = l / 2 + arsinh(a sinh(l / 2)), a = (1 - q) exp(shift^2 / 2) / q: a quadratic in exp(shift x)."""
        half = np.abs(loss) / 2
        with np.errstate(divide="ignore"):
            log_a = np.log1p(-self.rate) - log(self.rate) + self.shift**2 / 2
            log_y = log_a + half + np.log(-np.expm1(-2 * half)) - log(2)
        arsinh = np.where(log_y < 20, np.arcsinh(np.exp(np.minimum(log_y, 20))), log_y + log(2))
        result: Vector = np.sign(loss) * (half + arsinh) / self.shift
        return result


@dataclass(frozen=True, slots=True)
class Losses:
    """Masses at the losses (first + i) h; shape (points,)."""

    first: int
    masses: Vector
    infinity: float


def losses(
    mixture: Sequence[tuple[float, Pair]], interval: float, reach: float, *, swapped: bool
) -> tuple[Losses, float]:
    """The losses of a mixture of pairs by weight (`swapped`: of the other against M), and `shift`.

    What lies more than `reach` away from all means, at most FARTHEST, is as lost as it can be.
    """
    sides = [(weight, _side(pair, interval, reach, swapped=swapped)) for weight, pair in mixture]
    first = min(side.first for _, side in sides)
    masses = np.zeros(max(side.first + len(side.masses) for _, side in sides) - first)
    for weight, side in sides:
        start = side.first - first
        masses[start : start + len(side.masses)] += weight * side.masses
    infinity = sum(weight * side.infinity for weight, side in sides)
    return Losses(first, masses, infinity), max(border_error(pair, reach) for _, pair in mixture)


def border_error(pair: Pair, reach: float) -> float:
    """How far the loss at a computed border of a cell can be from the grid: roundings of x, of exp and of log."""
    return 8 * _UNIT * (4 - log(pair.rate) + pair.shift * (2 * pair.shift + reach))


def points(pair: Pair, interval: float, reach: float) -> tuple[int, int]:
    """The first and the last grid point; every loss that is not out of reach lies between them."""
    low, high = pair.loss(np.array([pair.lowest - reach, pair.shift + reach]))
    return floor(float(low) / interval), ceil(float(high) / interval)


@dataclass(frozen=True, slots=True)
class _Chances:
    """Of a mixture of normals between neighbouring points, with bounds on errors; shapes (cells,); and outside."""

    cells: Vector
    errors: Vector
    below: float
    above: float


def _side(pair: Pair, interval: float, reach: float, *, swapped: bool) -> Losses:
    """Each cell's mass on its two ends."""
    first, last = points(pair, interval, reach)
    x = pair.place(interval * np.arange(first, last + 1, dtype=np.float64))
    if swapped:
        x, first = -x[::-1], -last
        upper, lower = (_chances(x, [(w, -mean) for w, mean in of]) for of in (pair.other, pair.mixed))
    else:
        upper, lower = (_chances(x, of) for of in (pair.mixed, pair.other))
    growth = np.exp(np.minimum(interval * np.arange(first, first + len(x) - 1), 700.0))  # beyond, `lower` is 0
    errors = upper.errors + growth * lower.errors + upper.cells * (8 * _UNIT + 2 * border_error(pair, reach))
    up = np.clip((upper.cells - growth * lower.cells + errors) / -expm1(-interval), 0, upper.cells)
    masses = np.zeros(len(x))
    masses[:-1] = upper.cells - up
    masses[1:] += up
    masses[0] += upper.below
    return Losses(first, masses, upper.above)


def _chances(x: Vector, mixture: Sequence[tuple[float, float]]) -> _Chances:
    cells, errors = np.zeros(len(x) - 1), np.full(len(x) - 1, _UNDERFLOW)
    for weight, mean in mixture:
        chances, off = _between(x - mean)
        cells += weight * chances
        errors += weight * off
    ends = np.array([mean for _, mean in mixture]), np.array([weight for weight, _ in mixture])
    below, above = (float(ends[1] @ _normal(side)) for side in (x[0] - ends[0], ends[0] - x[-1]))
    return _Chances(cells, errors, below, above)


def _between(x: Vector) -> tuple[Vector, Vector]:
    """Phi(x_(i+1)) - Phi(x_i) from the nearer tail, and a bound on its absolute error."""
    left, right = x[:-1], x[1:]
    below = left + right < 0
    inner, outer = np.where(below, right, -left), np.where(below, left, -right)  # the larger tail, the smaller
    larger = _normal(inner)
    errors = 2 * larger * (4 + np.clip(inner, -FARTHEST, 0) ** 2) * (2 * _UNIT)
    return np.maximum(larger - _normal(outer), 0), errors


def _normal(x: Vector) -> Vector:
    """Phi."""
    from scipy.special import ndtr  # here, because scipy takes longer to import than most commands to run

    result: Vector = ndtr(x)
    return result
