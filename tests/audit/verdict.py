"""From canaries, seen or not, to a verdict on the claim: a confidence point for every test, held against the curve.

The tests are fixed before the data.  Each gives a false positive rate (canaries absent that it calls present) and a
false negative rate; their Clopper-Pearson upper bounds hold all together with probability 1 - LEVEL.  A point below
the claimed curve refutes the claim.  The lower bound on epsilon is that of the noisiest claim, same schedule, that the
points refute: so no claim above the truth is refuted either, with the same probability.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from audit.claim import Floats, curve, log_likelihood_ratio, null_quantiles
from numpy.typing import NDArray
from scipy.stats import beta

from runtime.privacy.accountant import Mechanism

LEVEL = 0.01  # of a false alarm
QUANTILES = (0.6, 0.85)  # of the log likelihood ratio under the null: its cuts
RANGE = 0.5  # cut of max - min over the steps, in clips: noise reused cancels there
TESTS = len(QUANTILES) + 1
RATIO, LEAST, MOST = 1.01, -70, 110  # claims held against the points: sigma * RATIO^k for LEAST <= k <= MOST


@dataclass(frozen=True, slots=True)
class Batch:
    """What the auditor saw of canaries of one norm."""

    seen: Floats  # (canaries, steps): each step's noisy sum along the canary, in clips
    present: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Point:
    """Upper bounds on the error rates of one test."""

    false_positives: float
    false_negatives: float


@dataclass(frozen=True, slots=True)
class Verdict:
    claim: Mechanism
    points: tuple[Point, ...]

    @property
    def alarm(self) -> bool:
        return refuted(self.claim, self.points)

    def tightness(self) -> float:
        """The part of the claimed epsilon that was seen spent; from 1 on the claim is refuted."""
        return lower_bound(self.claim, self.points) / curve(self.claim).epsilon


def audit(claim: Mechanism, batches: Iterable[Batch], count: int) -> Verdict:
    """The verdict after at most `count` batches; batches behind the first that refutes the claim are not asked for."""
    points: list[Point] = []
    for batch in batches:
        points += points_of(claim, batch, LEVEL / (2 * TESTS * count))
        if refuted(claim, points):
            break
    return Verdict(claim, tuple(points))


def refuted(claim: Mechanism, points: Iterable[Point]) -> bool:
    return any(p.false_negatives < curve(claim).least(p.false_positives) for p in points)


def points_of(claim: Mechanism, batch: Batch, level: float) -> list[Point]:
    """One for each test; each of its two rates is above its bound with probability `level` at most."""
    ratio = log_likelihood_ratio(claim, batch.seen)
    called = [ratio > cut for cut in null_quantiles(claim, *QUANTILES)] + [np.ptp(batch.seen, axis=1) > RANGE]
    return [Point(upper(c[~batch.present], level), upper(~c[batch.present], level)) for c in called]


def upper(errors: NDArray[np.bool_], level: float) -> float:
    """The Clopper-Pearson upper bound on the rate of errors, wrong with probability `level` at most."""
    made, of = int(errors.sum()), len(errors)
    return 1.0 if made == of else float(beta.isf(level, made + 1, of - made))


def lower_bound(claim: Mechanism, points: Sequence[Point]) -> float:
    """On epsilon; 0 if not even the noisiest claim is refuted.

    Bisection: more noise gives a higher curve, so the claims refuted are those from a threshold on.
    """

    def louder(k: int) -> Mechanism:
        return replace(claim, noise_multiplier=claim.noise_multiplier * RATIO**k)

    low, high = LEAST, MOST + 1  # the threshold; MOST + 1 if there is none
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if refuted(louder(middle), points) else (middle + 1, high)
    return curve(louder(low)).epsilon if low <= MOST else 0.0
