"""A certificate that noise which is not Gaussian hides a vector as well as a Gaussian of deviation sigma_eff does.

The noise of one coordinate is N = 2^m A + sum over j < m of 2^j (H_j - n_j / 2), H_j the heads of n_j fair coins, drawn
afresh for each of d coordinates.  For every vector v of integers, ||v|| <= Delta, and every gamma >= 0,

    H_gamma(N + v || N) <= delta + H_gamma(N(||v|| / sigma_eff, 1) || N(0, 1)),

both ways round.  Theorem 1 in docs/privacy.md has the proof; in short:

*Coordinates.*  Every shift u = 1 .. Delta of one coordinate gets a mu(u) <= u / sigma_eff and a
delta(u) = delta (1 / (2 d) + u^2 / (2 Delta^2)); mu's of independent coordinates add in quadrature, delta's add.
*Shifts.*  u = c 2^S + the sum of 2^j over the bits of a rest below 2^S: a chain of shifts, along which mu's add.
c 2^S is looked at on D_S, the part of N of scale 2^S and above, and 2^j on D_j; the rest of N is post-processing.
*The finest scales.*  D_j has twice as many points as D_(j+1).  Below some scale f its points lie, two coins a scale,
on the lines that join those of D_f, and then a shift by 2^j reveals no more than a shift by 2^f that is made with
probability 2^(j - f):  H_gamma <= s H_(1 + (gamma - 1) / s), s = 2^(j - f).

Several variables on different grids are one vector, measured in units of Delta.
"""
from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

import numpy as np

from compiler.words.sampler import Sampler
from runtime.privacy.tradeoff import LONGEST, Curve, Vector, add_coins, curve

DELTA = 1e-8                   # of one draw of all coordinates
ENOUGH = 0.9995                # sigma_eff / sigma of a table that is what it says

_WALKED = 3 << 12              # at most so many points are D_S, on which every multiple of 2^S is walked
_FINEST = 3 << 19              # and D_f, the finest that is written out
_AMPLIFIED = 1.1               # how much a delta may grow along the chain; checked


@dataclass(frozen=True, slots=True)
class Noise:
    """N: P(A = i - K + 1/2) = weights[i] / sum(weights) for 2K integer weights.  Raises ValueError if it is none."""

    coins: tuple[int, ...]     # n_0, n_1, ..., n_(m-1)
    weights: tuple[int, ...]

    def __post_init__(self) -> None:
        total = sum(self.weights)
        if min(self.weights, default=-1) < 0 or total < 1 or total & (total - 1) or total > 1 << 53:
            raise ValueError("the weights of a table are not negative and sum to a power of two, 2^53 at most")
        if min(self.coins, default=0) < 0 or max(self.coins, default=0) > 16:
            raise ValueError("a scale has 0 to 16 coins")

    @property
    def symmetric(self) -> bool:
        return self.weights == self.weights[::-1]


def of_sampler(sampler: Sampler) -> Noise:
    """The noise that a compiled table draws, from its exact weights."""
    return Noise(sampler.coins, (*reversed(sampler.weights), *sampler.weights))


@dataclass(frozen=True, slots=True)
class Part:
    """The noise of one variable, in units of its own grid."""

    noise: Noise
    sigma: Fraction            # what the noise is said to be
    sensitivity: Fraction      # Delta
    count: int                 # coordinates, each with a draw of its own

    def __post_init__(self) -> None:
        if self.sigma <= 0 or self.sensitivity <= 0 or self.count < 1:
            raise ValueError(f"sigma, sensitivity and count must be positive: {self}")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was proved, in units of the clip C = Delta / 2; `sigma_eff` is 0 where nothing could be."""

    sigma: float               # the noise multiplier that is claimed: the smallest of the parts
    sigma_eff: float
    delta: float
    dimension: int
    seconds: float = field(compare=False)

    @property
    def ratio(self) -> float:
        return self.sigma_eff / self.sigma

    @property
    def holds(self) -> bool:
        """The table is, to ENOUGH, what it is said to be.  (What holds in any case is `sigma_eff`.)"""
        return self.ratio >= ENOUGH


@cache
def certify(parts: tuple[Part, ...], delta: float = DELTA) -> Certificate:
    """The certificate of one draw of all parts together, at most Delta away in joint Euclidean norm.

    Raises ValueError without parts or unless 0 < delta < 1.
    """
    if not parts or not 0 < delta < 1:
        raise ValueError("a certificate needs a noise, and a delta between 0 and 1")
    start = time.perf_counter()
    dimension = sum(part.count for part in parts)
    multipliers = [2 / float(part.sensitivity) * effective_sigma(part.noise, part.sensitivity, dimension, delta)
                   for part in parts]
    claimed = min(2 * part.sigma / part.sensitivity for part in parts)
    return Certificate(float(claimed), min(multipliers), delta, dimension, time.perf_counter() - start)


def effective_sigma(noise: Noise, sensitivity: Fraction, dimension: int, delta: float, *,
                    walked: int = _WALKED, finest: int = _FINEST) -> float:
    """sigma_eff of one coordinate in grid units; 0 if a shift shows.

    `walked` and `finest` bound the points that are looked at; with `walked` large every shift is looked at by itself.
    """
    budget = _Budget(delta, dimension, float(sensitivity))
    farthest = math.floor(sensitivity)
    sides = [noise] if noise.symmetric else [noise, Noise(noise.coins, noise.weights[::-1])]
    return min(_one_sided(side, farthest, budget, walked, finest) for side in sides)


@dataclass(frozen=True, slots=True)
class _Budget:
    """delta(u), and how a chain divides it."""

    delta: float
    dimension: int
    sensitivity: float

    def whole(self, shift: int) -> float:
        return _down(self.delta * (0.5 / self.dimension + 0.5 * (shift / self.sensitivity) ** 2))

    def multiple(self, shift: int) -> float:
        """Of the first step of a chain, a multiple of 2^S."""
        return _down(self.delta * (0.25 / self.dimension + 0.5 * (shift / self.sensitivity) ** 2) / _AMPLIFIED)

    def bit(self, scales: int) -> float:
        """Of every later one, at most one for each of the scales below S."""
        return _down(self.delta * 0.25 / self.dimension / _AMPLIFIED / scales)


def _one_sided(noise: Noise, farthest: int, budget: _Budget, walked: int, finest: int) -> float:
    """The least u / mu(u), from H_gamma(N + u || N) for gamma >= 1."""
    p: Vector = np.array(noise.weights, dtype=np.float64) / sum(noise.weights)
    split = len(noise.coins)
    while split and _finer(p, noise.coins[split - 1]) <= walked:
        split -= 1
        p = add_coins(p, noise.coins[split])
    if len(p) + (farthest >> split) > LONGEST:
        return 0.0                                     # a shift by more than the noise ever moves
    given = budget.multiple if split else budget.whole
    least = math.inf
    for c in range(1, (farthest >> split) + 1):
        least = min(least, _ratio(c << split, curve(p, c).mu(given(c << split))))
        if not least:
            return 0.0
    if split:
        bits = list(_bits(p, noise.coins[:split], budget.bit(split), finest))
        used = [(j, mu) for j, mu in enumerate(reversed(bits)) if 1 << j <= farthest]
        if not _amplification_holds(sum(mu for _, mu in used), budget.bit(split)):
            return 0.0
        least = min(least, *(_ratio(1 << j, mu) for j, mu in used))
    return _down(least)


def _bits(p: Vector, coins: Sequence[int], delta: float, finest: int) -> Iterator[float]:
    """mu of a shift by 2^j, j from the scale below that of `p` down to 0."""
    last: Curve | None = None
    above = 0                                          # scales between that of `last` and j
    for number in reversed(coins):
        if last is None and _finer(p, number) <= finest:
            p = add_coins(p, number)
            yield curve(p, 1).mu(delta)
            continue
        last = last or curve(p, 1)
        above += 1
        yield last.small_mu(delta, 2.0**-above) if number >= 2 else math.inf


def _finer(p: Vector, coins: int) -> int:
    return 2 * len(p) - 1 + coins


def _amplification_holds(mu: float, delta: float) -> bool:
    """Phi(mu + Phi^-1(x)) <= _AMPLIFIED x at x = delta; then also at every larger x, for the left is concave."""
    from scipy.special import ndtr, ndtri  # here, because scipy takes longer to import than most commands to run

    return bool(ndtr(mu + ndtri(delta)) <= _down(_AMPLIFIED * delta))


def _ratio(shift: int, mu: float) -> float:
    return shift / mu if mu else math.inf


def _down(x: float) -> float:
    return x * (1 - 2.0**-40)
