"""Where to look for epsilon: which tilt, how fine a grid, how long a window.

Estimates, by the saddle point of the sum of all losses (Alghamdi et al. 2022, arXiv:2208.09595).  What is found on such
a grid is a bound whatever was estimated here; only how close it is depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log, log2, sqrt

import numpy as np

from runtime.privacy.losses import FARTHEST, Pair, points
from runtime.privacy.tradeoff import Vector

Steps = Sequence[tuple[int, Sequence[tuple[float, Pair]]]]  # how many of each mixture of pairs by weight

_UNSEEN = 2.0**-30  # of delta, that may lie beyond the grid or the window
_WRAPPED = 1e-9  # of what is tilted, that may wrap into the window
_LONGEST = 1 << 21  # points of a grid
_LEAST_EPSILON = 0.01  # below, the accuracy is that of this
_INTEGRATED = 2048  # points
_LEAST, _MOST = 1e-4, 1e9  # tilts


@dataclass(frozen=True, slots=True)
class Grid:
    """`start`, `size` of the window and `center` are in intervals."""

    interval: float  # a power of two, so that multiples are exact
    start: int
    size: int  # a power of two
    tilt: float
    center: int  # about where the tilted sum lies
    tail: float  # the tilt that bounds what lies above the window


def reach(delta: float, count: int) -> float:
    """How many deviations from the means the losses of one step are looked at; 0 if float64 does not reach so far."""
    from scipy.special import ndtri  # here, because scipy takes longer to import than most commands to run

    chance = delta * _UNSEEN / max(count, 1)
    result = -float(ndtri(chance)) if chance > 1e-290 else FARTHEST
    return result if result < FARTHEST - 1 else 0.0


def grid(steps: Steps, delta: float, accuracy: float, farthest: float, *, swapped: bool) -> Grid:
    total = _Sum(steps, farthest, swapped=swapped)
    tilted = total.where(_Saddle.log_delta, log(delta))
    tail = total.where(_Saddle.log_tail, log(delta * _UNSEEN))
    top = (tail.log_moment - log(delta * _UNSEEN)) / tail.theta
    below = total.at(tilted.theta - sqrt(-2 * log(_WRAPPED) / tilted.variance))
    bottom = (log(_WRAPPED) + tilted.log_moment - below.log_moment) / (tilted.theta - below.theta)
    # A loss rounded to the ends of its cell adds (theta + 1) h^2 / 8 to epsilon at most.
    count = sum(number for number, _ in steps)
    square = 8 * accuracy * max(tilted.mean, _LEAST_EPSILON) / (count * (tilted.theta + 1))
    interval = 2.0 ** floor(log2(square) / 2)
    while max(top - bottom, *(_width(mixture, interval, farthest) for _, mixture in steps)) > _LONGEST * interval:
        interval *= 2
    size = 1 << max(4, ceil(log2((top - bottom) / interval + 2)))
    end = ceil(top / interval) + 1
    return Grid(interval, end - size, size, tilted.theta, round(tilted.mean / interval), tail.theta)


def _width(mixture: Sequence[tuple[float, Pair]], interval: float, farthest: float) -> float:
    ends = [points(pair, interval, farthest) for _, pair in mixture]
    return interval * (max(last for _, last in ends) - min(first for first, _ in ends))


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
    x = np.linspace(-farthest, pair.shift + farthest, _INTEGRATED)
    loss = pair.loss(x)
    plain = log(weight * (x[1] - x[0]) / sqrt(2 * np.pi)) - x**2 / 2
    return (-loss, plain) if swapped else (loss, plain + loss)
