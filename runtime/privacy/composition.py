"""Epsilon of many steps together: an upper bound, from a grid that is halved until halving it brings no more.

What is computed is, for some tilt theta and with s over the points of a grid,

    sum over s > e of  exp(K - theta s) (v(s) + E) (1 - exp(e - s))  +  what lies beyond the window  <=  delta,

v the convolution of the steps' tilted masses, E a proved bound on its errors (convolution.py), K the logarithm of what
tilting divided by.  The least e is an epsilon (docs/privacy.md, theorem 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, expm1, inf, log, log1p

import numpy as np

from runtime.privacy.convolution import Tilted, convolve, log_moment, tilted
from runtime.privacy.grid import LEAST_EPSILON, UNSEEN, Estimate, Grid, Steps, estimate, reach
from runtime.privacy.losses import STEP_ERROR, Losses, losses
from runtime.privacy.tradeoff import Vector

ACCURACY = 1e-4  # of epsilon, about, by which a grid may overstate it
_SLACK = 2.0**-30  # relative, of all sums of numbers >= 0 here
_CERTIFIED = 0.02  # the most of delta that errors may take


class Uncertified(ValueError):
    """Floating-point numbers do not tell epsilon at so small a delta."""

    def __init__(self, delta: float) -> None:
        super().__init__(f"delta {delta:g} is too small: no epsilon can be certified at it")
        self.delta = delta


@dataclass(frozen=True, slots=True)
class _Found:
    epsilon: float
    errors: float  # their share of delta


def epsilon(steps: Steps, delta: float, accuracy: float = ACCURACY) -> float:
    """An upper bound on the epsilon of all steps at `delta`; infinite if there is none.  Raises Uncertified.

    A record moves no sum by more than some forty deviations: noise below that is no noise to whoever asks
    (`accountant.LEAST_NOISE`).
    """
    count = sum(number for number, _ in steps)
    farthest = reach(delta, count)
    if not farthest or count * STEP_ERROR > _CERTIFIED:
        raise Uncertified(delta)
    ways = [estimate(steps, delta, farthest, swapped=swapped) for swapped in (False, True)]
    found = [_bound(steps, delta, way, way.interval) for way in ways]
    fine = [way.interval for way in ways]
    unfinished = {0, 1}
    while (worst := max((0, 1), key=lambda i: found[i].epsilon)) in unfinished:
        before, fine[worst] = found[worst], fine[worst] / 2
        if before.epsilon == inf or ways[worst].too_fine(fine[worst]):
            break
        after = _bound(steps, delta, ways[worst], fine[worst])
        found[worst] = min(before, after, key=lambda bound: bound.epsilon)
        # Errors go with the interval's square: what is left is a third of what was gained.
        if before.epsilon - after.epsilon <= 3 * accuracy * max(after.epsilon, LEAST_EPSILON):
            unfinished.remove(worst)
    if found[worst].errors > _CERTIFIED:
        raise Uncertified(delta)
    return found[worst].epsilon


def _bound(steps: Steps, delta: float, way: Estimate, interval: float) -> _Found:
    """Of M against the other, or of the other against M."""
    count = sum(number for number, _ in steps)
    sides = [(number, *losses(mixture, interval, way.farthest, swapped=way.swapped)) for number, mixture in steps]
    beyond = delta * UNSEEN
    on = way.grid(interval, _top([(number, side) for number, side, _ in sides], way.tail, interval, beyond))
    beyond += sum(number * side.infinity for number, side, _ in sides)
    spare = delta * exp(-count * STEP_ERROR) * (1 - _SLACK) - beyond * (1 + _SLACK)
    if spare <= 0:
        return _Found(inf, 0.0)
    parts = [(number, tilted(side, on)) for number, side, _ in sides]
    scale = sum(number * part.log_moment for number, part in parts) - on.tilt * on.center * interval
    found = _crossing(parts, on, exp(min(700.0, log(spare) - scale)))
    return _Found(found.epsilon * (1 + _SLACK) + sum(number * shift for number, _, shift in sides), found.errors)


def _top(sides: Sequence[tuple[int, Losses]], tail: float, interval: float, chance: float) -> float:
    """Which all losses together exceed with this chance at most: Chernoff's bound, at the best of some tilts."""
    best = inf
    while True:
        found = (sum(number * log_moment(side, tail, interval) for number, side in sides) - log(chance)) / tail
        if found >= best:
            return best
        best, tail = found, tail / 2


def _crossing(parts: Sequence[tuple[int, Tilted]], on: Grid, target: float) -> _Found:
    """Where the sum, over exp(K - tilt center), falls to `target`."""
    values, error = convolve(parts, on)
    ends = on.start + np.arange(on.size)
    back = np.exp(np.minimum(-on.tilt * on.interval * (ends - on.center), 700.0))
    chances = (np.maximum(values, 0.0) + error) * back

    def above(end: int, masses: Vector) -> float:
        rest = slice(end - on.start + 1, None)
        return float(-(masses[rest] * np.expm1(on.interval * (end - ends[rest]))).sum())

    low, high = max(on.start, 0), on.start + on.size - 1
    result = low * on.interval
    if above(low, chances) > target:
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if above(middle, chances) > target else (low, middle)
        at_low, at_high = above(low, chances), above(high, chances)
        result = low * on.interval + log1p(expm1(on.interval) * (at_low - target) / (at_low - at_high))
    return _Found(result, error * above(low, back) / target if target else inf)
