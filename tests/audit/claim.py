"""What is claimed: (epsilon, delta) for every delta at once, as a curve of errors that no test of one record beats.

A claim is what the accountant charges for.  Its (epsilon, delta) bound both directions, a record zeroed or put back, so
whoever guesses from all that was released whether a record was there errs, at false positive rate a, by a false
negative rate of at least

    f(a) = max over (epsilon, delta) of  1 - delta - e^epsilon a,  e^-epsilon (1 - delta - a),  0

(Dong, Roth, Su, "Gaussian differential privacy", 2019, Proposition 2.12).  Here delta runs over a grid and the losses
are rounded against the mechanism, so the curve computed lies below the real one: an audit errs towards silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from runtime.privacy import accountant
from runtime.privacy.accountant import Mechanism

DELTA = 1e-5
DELTAS = (DELTA, *np.linspace(0.001, 0.999, 100).tolist())
ACCURACY = 1e-3  # coarser than the accountant's own
DRAWS = 200_000  # of the null, for its quantiles: any fixed cut is valid, so they need no precision

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """The trade-off curve of a claim."""

    epsilons: Floats  # at DELTAS

    @property
    def epsilon(self) -> float:
        """At DELTA."""
        return float(self.epsilons[0])

    def least(self, false_positives: float) -> float:
        """The least false negative rate that any test of this false positive rate has."""
        growth, kept = np.exp(self.epsilons), 1 - np.asarray(DELTAS)
        return float(max(0.0, (kept - growth * false_positives).max(), ((kept - false_positives) / growth).max()))


@lru_cache(maxsize=512)
def curve(claim: Mechanism) -> Curve:
    return Curve(np.array([g.epsilon for g in accountant.curve([claim], DELTAS, ACCURACY)]))


def log_likelihood_ratio(claim: Mechanism, seen: Floats) -> Floats:
    """Present over absent, of noisy sums projected on a canary of norm clip; (canaries, steps) -> (canaries,)."""
    odds = np.expm1((seen - 0.5) / claim.noise_multiplier**2)
    return np.asarray(np.log1p(claim.rate * odds).sum(axis=1))


@lru_cache(maxsize=8)
def null_quantiles(claim: Mechanism, *levels: float) -> tuple[float, ...]:
    """Of the log likelihood ratio where the canary is absent."""
    noise = np.random.default_rng(0).normal(0, claim.noise_multiplier, (DRAWS, claim.steps))
    return tuple(np.quantile(log_likelihood_ratio(claim, noise), levels).tolist())
