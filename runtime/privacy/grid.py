"""Where to look for epsilon: which tilt, how fine a grid, how long a window.

Estimates, by the saddle point of the sum of all losses (Alghamdi et al. 2022, arXiv:2208.09595).  What is found on such
a grid is a bound whatever was estimated here; only how close it is depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, log, log2, sqrt

import numpy as np

from runtime.privacy.losses import FARTHEST, Pair, points
from runtime.privacy.tradeoff import Vector

Steps = Sequence[tuple[int, Sequence[tuple[float, Pair]]]]  # how many of each mixture of pairs by weight

UNSEEN = 2.0**-30  # of delta, that may lie beyond the grid or the window
_WRAPPED = 1e-9  # of what is tilted, that may wrap into the window
_LONGEST = 1 << 21  # points of a grid
_FIRST = 1 << 16  # of the first one
_COARSE = 2.0**-10  # of epsilon, that the first interval may cost
_LESS = 0.8  # of the tilt of the saddle point: costs little, and less wraps where losses are rare and large
LEAST_EPSILON = 0.01  # below, the accuracy is that of this
_INTEGRATED = 512  # points
_LEAST, _MOST = 1e-4, 1e9  # tilts


@dataclass(frozen=True, slots=True)
class Grid:
    """`start`, `size` of the window and `center` are in intervals."""

    interval: float  # a power of two, so that multiples are exact
    start: int
    size: int  # a power of two
    tilt: float
    center: int  # about where the tilted sum lies


@dataclass(frozen=True, slots=True)
class Estimate:
    """One way round: M against the other, or (`swapped`) the other against M."""

    swapped: bool
    farthest: float  # how far from the means a step is looked at
    tilt: float
    center: float
    bottom: float  # of the window
    top: float
    tail: float  # a tilt that bounds what lies above it
    width: float  # of one step's losses
    interval: float  # to start with

    def grid(self, interval: float, top: float) -> Grid:
        """A window up to `top`, which may be above what was estimated where the interval is coarse."""
        bottom = self.bottom - max(0.0, top - self.top)
        size = 1 << max(4, ceil(log2((top - bottom) / interval + 2)))
        tilt = min(self.tilt, 1 / interval)  # more would weigh the roundings of losses alone
        return Grid(interval, ceil(top / interval) + 1 - size, size, tilt, round(self.center / interval))

    def too_fine(self, interval: float, longest: int = _LONGEST) -> bool:
        return max(self.top - self.bottom, self.width) > longest * interval


def reach(delta: float, count: int) -> float:
    """How many deviations from the means the losses of one step are looked at; 0 if float64 does not reach so far."""
    from scipy.special import ndtri  # here, because scipy takes longer to import than most commands to run

    chance = delta * UNSEEN / max(count, 1)
    result = -float(ndtri(chance)) if chance > 1e-290 else FARTHEST
    return result if result < FARTHEST - 1 else 0.0


def estimate(steps: Steps, delta: float, farthest: float, *, swapped: bool) -> Estimate:
    total = _Sum(steps, farthest, swapped=swapped)
    saddle = total.where(_Saddle.log_delta, log(delta))
    tilted = total.at(_LESS * saddle.theta)
    tail = total.where(_Saddle.log_tail, log(delta * UNSEEN))
    top = (tail.log_moment - log(delta * UNSEEN)) / tail.theta
    bottom = max(_bottom(tilted, total.at(tilted.theta - gap)) for gap in _gaps(tilted))
    # A loss rounded to the ends of its cell adds (theta + 1) h^2 / 8 to epsilon at most, about.
    count = sum(number for number, _ in steps)
    square = 8 * _COARSE * max(saddle.mean, LEAST_EPSILON) / (count * (saddle.theta + 1))
    ends = [points(pair, 1.0, farthest) for _, mixture in steps for _, pair in mixture]
    width = float(max(last for _, last in ends) - min(first for first, _ in ends))
    interval = 2.0 ** floor(log2(square) / 2)
    found = Estimate(swapped, farthest, tilted.theta, saddle.mean, bottom, top, tail.theta, width, interval)
    while found.too_fine(found.interval, _FIRST):
        found = replace(found, interval=2 * found.interval)
    return found


def _gaps(tilted: _Saddle) -> list[float]:
    """Differences of tilts, from the best one of a normal sum down to that of one with a long lower tail."""
    best = sqrt(-2 * log(_WRAPPED) / tilted.variance)
    return [best / 2**k for k in range(10)]


def _bottom(tilted: _Saddle, below: _Saddle) -> float:
    """Chernoff: less than _WRAPPED of the tilted sum lies under it."""
    return (log(_WRAPPED) + tilted.log_moment - below.log_moment) / (tilted.theta - below.theta)


@dataclass(frozen=True, slots=True)
class _Saddle:
    """K, the logarithm of E exp(theta S) for the sum S of all losses, with the mean and the variance of S so tilted."""

    theta: float
    log_moment: float
    mean: float
    variance: float

    def log_tail(self) -> float:
        """Chernoff's bound on log P(S > mean)."""
        return self.log_moment - self.theta * self.mean

    def log_delta(self) -> float:
        """An estimate of log E max(0, 1 - exp(mean - S)): as if S, tilted, were normal."""
        from scipy.special import erfcx

        half = sqrt(self.variance / 2)
        gain = float(erfcx(self.theta * half) - erfcx((1 + self.theta) * half)) / 2
        return self.log_tail() + log(max(gain, 1e-300))


class _Sum:
    """The sum of the losses of all steps, by numerical integration."""

    def __init__(self, steps: Steps, farthest: float, *, swapped: bool) -> None:
        self._counts = np.array([float(count) for count, _ in steps])[:, None]
        width = max(len(mixture) for _, mixture in steps) * _INTEGRATED
        self._losses = np.zeros((len(steps), width))
        self._logs = np.full((len(steps), width), -np.inf)
        for row, (_, mixture) in enumerate(steps):
            for part, (weight, pair) in enumerate(mixture):
                at = slice(part * _INTEGRATED, (part + 1) * _INTEGRATED)
                self._losses[row, at], self._logs[row, at] = _integrated(weight, pair, farthest, swapped=swapped)

    def at(self, theta: float) -> _Saddle:
        exponents = self._logs + theta * self._losses
        top = exponents.max(axis=1, keepdims=True)
        weights = np.exp(exponents - top)
        totals = weights.sum(axis=1, keepdims=True)
        weights /= totals
        means = (weights * self._losses).sum(axis=1, keepdims=True)
        variances = (weights * (self._losses - means) ** 2).sum(axis=1, keepdims=True)
        moment, mean, variance = (float((self._counts * x).sum()) for x in (np.log(totals) + top, means, variances))
        return _Saddle(theta, moment, mean, max(variance, 1e-200))

    def where(self, log_of: Callable[[_Saddle], float], target: float) -> _Saddle:
        """The tilt, about, from which on `log_of` is at most `target`."""
        low, high = _LEAST, _MOST
        while high / low > 1.01:
            middle = sqrt(low * high)
            low, high = (low, middle) if log_of(self.at(middle)) <= target else (middle, high)
        return self.at(high)


def _integrated(weight: float, pair: Pair, farthest: float, *, swapped: bool) -> tuple[Vector, Vector]:
    """Losses and the logarithms of their chances."""
    x = np.linspace(pair.lowest - farthest, pair.shift + farthest, _INTEGRATED)
    loss = pair.loss(x)
    means = np.array([mean for _, mean in pair.other])[:, None]
    weights = np.array([share for share, _ in pair.other])[:, None] * weight * (x[1] - x[0]) / sqrt(2 * np.pi)
    with np.errstate(divide="ignore"):
        plain = np.logaddexp.reduce(np.log(weights) - (x - means) ** 2 / 2)
    return (-loss, plain) if swapped else (loss, plain + loss)
