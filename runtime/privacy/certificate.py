"""A certificate that noise which is not Gaussian hides a vector as well as a Gaussian of deviation sigma_eff does.

The noise of one coordinate is N = 2^m A + sum over j < m of 2^j (H_j - n_j / 2), H_j the heads of n_j fair coins, drawn
afresh for each of d coordinates.  For every vector v of integers and every gamma >= 0,

    H_gamma(N + v || N) <= delta + H_gamma(N(||v|| / sigma_eff, 1) || N(0, 1))       if ||v|| <= C,

both ways round, and with `far_delta` in place of delta if ||v|| <= 2 C.  Docs/privacy.md, theorem 1, has the proof; in
short:

*Coordinates.*  Every shift u = 1 .. C of one coordinate gets a mu(u) <= u / sigma_eff and a
delta(u) = delta (1 / (2 d) + u^2 / (2 C^2)); mu's of independent coordinates add in quadrature, delta's add.  A shift
between C and 2 C, of which there are three at most, gets mu(u) = u / sigma_eff and the delta(u) that it needs.
*Shifts.*  u = c 2^S + the sum of 2^j over the bits of a rest below 2^S: a chain of shifts, along which mu's add.
c 2^S is looked at on D_S, the part of N of scale 2^S and above, and 2^j on D_j; the rest of N is post-processing.
*The finest scales.*  D_j has twice as many points as D_(j+1).  Below some scale f its points lie, two coins a scale,
on the lines that join those of D_f, and then a shift by 2^j reveals no more than a shift by 2^f that is made with
probability 2^(j - f):  H_gamma <= s H_(1 + (gamma - 1) / s), s = 2^(j - f).

Several variables on different grids are one vector, measured in units of C.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

import numpy as np

from compiler.words.sampler import Sampler
from runtime.privacy.tradeoff import LONGEST, Curve, Vector, add_coins, curve

DELTA = 1e-8  # of one draw of all coordinates
ENOUGH = 0.9995  # sigma_eff / sigma of a table that is what it says

_WALKED = 3 << 12  # at most so many points are D_S, on which every multiple of 2^S is walked
_FINEST = 3 << 19  # and D_f, the finest that is written out
_AMPLIFIED = 1.1  # how much a delta may grow along the chain; checked


@dataclass(frozen=True, slots=True)
class Noise:
    """N: P(A = i - K + 1/2) = weights[i] / sum(weights) for 2K integer weights.  Raises ValueError if it is none."""

    coins: tuple[int, ...]  # n_0, n_1, ..., n_(m-1)
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
    sigma: Fraction  # what the noise is said to be
    clip: Fraction  # C
    count: int  # coordinates, each with a draw of its own

    def __post_init__(self) -> None:
        if self.sigma <= 0 or self.clip <= 0 or self.count < 1:
            raise ValueError(f"sigma, clip and count must be positive: {self}")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was proved of one draw of all parts, in units of the clip; `sigma_eff` is 0 where nothing could be."""

    sigma: float  # the noise multiplier that is claimed: the smallest of the parts
    sigma_eff: float
    delta: float  # for vectors of norm C at most
    far_delta: float  # of norm 2 C at most
    dimension: int
    seconds: float = field(compare=False)

    @property
    def ratio(self) -> float:
        return self.sigma_eff / self.sigma

    @property
    def holds(self) -> bool:
        """The table is, to ENOUGH, what it is said to be.  (What is proved in any case is `sigma_eff`.)"""
        return self.ratio >= ENOUGH


@cache
def certify(parts: tuple[Part, ...], delta: float = DELTA) -> Certificate:
    """The certificate of one draw of all parts together.  Raises ValueError without parts or unless 0 < delta < 1."""
    if not parts or not 0 < delta < 1:
        raise ValueError("a certificate needs a noise, and a delta between 0 and 1")
    start = time.perf_counter()
    dimension = sum(part.count for part in parts)
    found = [effective(part.noise, part.clip, dimension, delta) for part in parts]
    return Certificate(
        sigma=float(min(part.sigma / part.clip for part in parts)),
        sigma_eff=min(min(e.sigma, float(part.sigma)) / float(part.clip) for e, part in zip(found, parts, strict=True)),
        delta=delta,
        far_delta=max(e.far_delta for e in found),
        dimension=dimension,
        seconds=time.perf_counter() - start,
    )


@dataclass(frozen=True, slots=True)
class Effective:
    """Of one part: sigma_eff in grid units, 0 if a shift shows; and the delta of vectors up to 2 C, all parts alike."""

    sigma: float
    far_delta: float


def effective(
    noise: Noise, clip: Fraction, dimension: int, delta: float, *, walked: int = _WALKED, finest: int = _FINEST
) -> Effective:
    """`walked` and `finest` bound the points that are looked at; with `walked` large every shift is, by itself."""
    budget = _Budget(delta, dimension, float(clip))
    noises = [noise] if noise.symmetric else [noise, Noise(noise.coins, noise.weights[::-1])]
    sides = [_coarse(n, walked) for n in noises]
    if len(sides[0].p) + (math.floor(2 * clip) >> sides[0].scale) > LONGEST:
        return Effective(0.0, 1.0)  # shifts by more than the noise ever moves
    sigma = _down(min(_near(side, math.floor(clip), budget, finest) for side in sides))
    if not sigma:
        return Effective(0.0, 1.0)
    needed = max(_far(side, clip, sigma) for side in sides)
    # Coordinates up to C: delta (1/2 + 4/2).  Above: 4 needed for the multiples of 2^S, delta / (4 d) for each rest.
    return Effective(sigma, min(1.0, 4 * (delta + needed)))


@dataclass(frozen=True, slots=True)
class _Budget:
    """delta(u) of the shifts up to C, and how a chain divides it."""

    delta: float
    dimension: int
    clip: float

    def whole(self, shift: int) -> float:
        return _down(self.delta * (0.5 / self.dimension + 0.5 * (shift / self.clip) ** 2))

    def multiple(self, shift: int) -> float:
        """Of the first step of a chain, a multiple of 2^S."""
        return _down(self.delta * (0.25 / self.dimension + 0.5 * (shift / self.clip) ** 2) / _AMPLIFIED)

    def bit(self, scales: int) -> float:
        """Of every later one, at most one for each of the scales below S."""
        return _down(self.delta * 0.25 / self.dimension / _AMPLIFIED / scales)


@dataclass(frozen=True, slots=True)
class _Coarse:
    """D_S, S = `scale`, by its probabilities on neighbouring points; `coins` of the scales below."""

    p: Vector
    scale: int
    coins: tuple[int, ...]


def _coarse(noise: Noise, walked: int) -> _Coarse:
    p: Vector = np.array(noise.weights, dtype=np.float64) / sum(noise.weights)
    scale = len(noise.coins)
    while scale and _finer(p, noise.coins[scale - 1]) <= walked:
        scale -= 1
        p = add_coins(p, noise.coins[scale])
    return _Coarse(p, scale, noise.coins[:scale])


def _near(side: _Coarse, clip: int, budget: _Budget, finest: int) -> float:
    """The least u / mu(u) of shifts up to C, from H_gamma(N + u || N) for gamma >= 1."""
    given = budget.multiple if side.scale else budget.whole
    least = math.inf
    for c in range(1, max(clip >> side.scale, 1) + 1):
        shift = c << side.scale
        least = min(least, _ratio(shift, curve(side.p, c).mu(given(shift))))
        if not least:
            return 0.0
    if side.scale:
        delta = budget.bit(side.scale)
        bits = list(_bits(side, delta, finest))
        if not _amplification_holds(sum(bits), delta):
            return 0.0
        least = min(least, *(_ratio(1 << j, mu) for j, mu in enumerate(reversed(bits))))
    return least


def _far(side: _Coarse, clip: Fraction, sigma: float) -> float:
    """The most delta(u) C^2 / u^2 of a shift between C and 2 C, where mu(u) = u / sigma."""
    shifts = range((math.floor(clip) >> side.scale) + 1, (math.floor(2 * clip) >> side.scale) + 1)
    deltas = (
        curve(side.p, c).delta(_down((c << side.scale) / sigma)) * (float(clip) / (c << side.scale)) ** 2
        for c in shifts
    )
    return max(deltas, default=0.0) * (_AMPLIFIED if side.scale else 1.0)


def _bits(side: _Coarse, delta: float, finest: int) -> Iterator[float]:
    """mu of a shift by 2^j, j from the scale below that of `side` down to 0."""
    p = side.p
    last: Curve | None = None
    above = 0  # scales between that of `last` and j
    for number in reversed(side.coins):
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
