"""How well a noise on the integers hides a shift, held against a Gaussian: the numbers under `certificate.py`.

P is the noise, Q the noise moved by a shift.  A test that takes P for Q with chance alpha takes Q for Q with chance at
most power(alpha): a concave polygon, whose corners are the sets "the likelihood ratio Q/P is among the k largest".  If
at each corner with Q >= P

    power <= delta + Phi(mu + Phi^-1(alpha)),    that is    mu >= Phi^-1(power - delta) - Phi^-1(alpha),

then the pair is as hard to tell apart as N(0, 1) and N(mu, 1), but for delta: for every gamma >= 1

    H_gamma(Q || P) = sup over S of Q(S) - gamma P(S) <= delta + H_gamma(N(mu, 1) || N(0, 1)).

Rounding.  Everything is summed from numbers >= 0, so errors are relative.  A probability is exact at the top and gains
at most n/2 + 2 roundings (of 2^-53) with n more coins, below 2^-45 in all; sums of N <= 2^21 terms are made in two
floors of sqrt(N), below 2^-41.  The order is that of computed ratios, each within 2^-43: the sets whose ratio exceeds
gamma lie in a set of the chain whose other members have Q >= (1 - 2^-41) gamma P, which costs at most 2^-41 of its
power.  Together less than 2^-39, by which alpha is taken down and power up.  Phi^-1 is good to a few units of 2^-53
(Cephes states 5e-16 relative; a test holds it against mpmath), and 2^-48 is allowed for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, isqrt, pi, sqrt

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

LONGEST = 1 << 21  # points that the bound on errors covers
_SLACK = 2.0**-39
_QUANTILE = 2.0**-48


@dataclass(frozen=True, slots=True)
class Curve:
    """The corners with Q >= P: alpha from below and power - alpha from above; shapes (corners,)."""

    alpha: Vector
    gain: Vector

    def mu(self, delta: float) -> float:
        """The smallest mu with which a Gaussian and `delta` cover every corner; infinite if none does."""
        power = self.alpha + self.gain - delta
        uncovered = power > 0
        if not uncovered.any():
            return 0.0
        high, low = _quantile(power[uncovered]), _quantile(self.alpha[uncovered])
        needed = (high - low) + _QUANTILE * (np.abs(high) + np.abs(low))
        return max(0.0, float(needed.max()))

    def delta(self, mu: float) -> float:
        """The smallest delta that a Gaussian of this mu leaves to be covered."""
        covered = _power(mu + _quantile(self.alpha)) * (1 - 2.0**-40)
        return max(0.0, float((self.alpha + self.gain - covered).max(initial=0.0)))

    def small_mu(self, delta: float, share: float) -> float:
        """The same where only a share of each gain is had, so small that a difference of quantiles would be all error.

        Phi^-1(alpha + x) - Phi^-1(alpha) <= x / (the smaller density of the two ends), by the mean value theorem.
        """
        x = share * self.gain - delta
        uncovered = x > 0
        if not uncovered.any():
            return 0.0
        x, alpha = x[uncovered], self.alpha[uncovered]
        density = np.minimum(_density(alpha), _density(alpha + x))
        with np.errstate(divide="ignore"):
            return float((x / density).max()) * (1 + _SLACK)


def curve(p: Vector, shift: int) -> Curve:
    """The noise of probabilities `p` on consecutive points, against itself moved up by `shift` > 0 of them."""
    size = len(p) + shift
    if size > LONGEST:
        raise ValueError(f"{size} points are more than the error bounds cover")
    before, after = np.zeros(size), np.zeros(size)
    before[: len(p)], after[shift:] = p, p
    rising = (after >= before * (1 - 2.0**-41)) & (after > 0)  # all that rise, and some that float64 cannot tell
    before, after = before[rising], after[rising]
    order = np.argsort(before / after, kind="stable")
    alpha = _running_sums(before[order]) * (1 - _SLACK)
    return Curve(alpha, _running_sums(after[order]) * (1 + _SLACK) - alpha)


def add_coins(p: Vector, coins: int) -> Vector:
    """The probabilities on a lattice of half the step, after heads of `coins` fair coins are added there."""
    finer = np.zeros(2 * len(p) - 1 + coins)
    for heads in range(coins + 1):
        finer[heads : heads + 2 * len(p) - 1 : 2] += p * (comb(coins, heads) / 2**coins)
    return finer


def _running_sums(terms: Vector) -> Vector:
    """Rows of sqrt(N), then the sums of rows: no term passes through more than 2 sqrt(N) additions."""
    side = isqrt(len(terms)) + 1
    rows = np.zeros((side, side))
    rows.reshape(-1)[: len(terms)] = terms
    rows = np.cumsum(rows, axis=1)
    rows[1:] += np.cumsum(rows[:-1, -1])[:, None]
    return rows.reshape(-1)[: len(terms)]


def _quantile(p: Vector) -> Vector:
    """Phi^-1, of 0 minus infinity and of 1 and more infinity."""
    from scipy.special import ndtri  # here, because scipy takes longer to import than most commands to run

    result: Vector = ndtri(np.minimum(p, 1.0))
    return result


def _power(z: Vector) -> Vector:
    """Phi, within 2^-40."""
    from scipy.special import ndtr

    result: Vector = ndtr(z)
    return result


def _density(p: Vector) -> Vector:
    """phi(Phi^-1(p)), within 2^-40 where p is above 1e-300."""
    z = _quantile(p)
    result: Vector = np.exp(-z * z / 2) / sqrt(2 * pi)
    return result
