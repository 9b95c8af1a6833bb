"""What is claimed: (epsilon, delta) for every delta at once, as a curve of errors that no test of one record beats.

A claim is the accountant's `Mechanism`.  Its privacy profile delta(epsilon) bounds both directions, a record zeroed or
put back, so whoever guesses from all that was released whether a record was there errs, at false positive rate a, by a
false negative rate of at least

    f(a) = max over epsilon >= 0 of  1 - delta - e^epsilon a,  e^-epsilon (1 - delta - a),  0

(Dong, Roth, Su, "Gaussian differential privacy", 2019, Proposition 2.12).  Here epsilon runs over a grid and the losses
are rounded against the mechanism (pessimistically), so the curve computed lies below the real one: an audit against it
errs towards silence.
"""
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from dp_accounting.dp_event import SelfComposedDpEvent, TruncatedSubsampledGaussianDpEvent
from dp_accounting.pld.pld_privacy_accountant import PLDAccountant
from dp_accounting.privacy_accountant import NeighboringRelation
from numpy.typing import NDArray

from runtime.privacy.accountant import Mechanism

DELTA = 1e-5
EPSILONS = np.linspace(0, 8, 401)
INTERVAL = 1e-2                # of privacy losses; the accountant's own 1e-4 gives the same epsilon to .1 % (tested)
DRAWS = 200_000                # of the null, for its quantiles: any fixed cut is valid, so they need no precision

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """The trade-off curve of a claim, and its epsilon at DELTA."""

    deltas: Floats             # at EPSILONS
    epsilon: float

    def least(self, false_positives: float) -> float:
        """The least false negative rate that any test of this false positive rate has."""
        growth, kept = np.exp(EPSILONS), 1 - self.deltas
        return float(max(0.0, (kept - growth * false_positives).max(), ((kept - false_positives) / growth).max()))


@lru_cache(maxsize=512)
def curve(claim: Mechanism) -> Curve:
    accountant = PLDAccountant(NeighboringRelation.REPLACE_SPECIAL, value_discretization_interval=INTERVAL)
    step = TruncatedSubsampledGaussianDpEvent(claim.n, claim.batch / claim.n, claim.slots, claim.noise_multiplier)
    accountant.compose(SelfComposedDpEvent(step, claim.steps))
    return Curve(np.asarray(accountant.get_delta(EPSILONS)), float(accountant.get_epsilon(DELTA)))


def log_likelihood_ratio(claim: Mechanism, seen: Floats) -> Floats:
    """Present over absent, of noisy sums projected on a canary of norm clip; (canaries, steps) -> (canaries,)."""
    q, variance = claim.batch / claim.n, claim.noise_multiplier ** 2
    return np.asarray(np.log1p(q * np.expm1((seen - 0.5) / variance)).sum(axis=1))


@lru_cache(maxsize=8)
def null_quantiles(claim: Mechanism, *levels: float) -> tuple[float, ...]:
    """Of the log likelihood ratio where the canary is absent."""
    noise = np.random.default_rng(0).normal(0, claim.noise_multiplier, (DRAWS, claim.steps))
    return tuple(np.quantile(log_likelihood_ratio(claim, noise), levels).tolist())
