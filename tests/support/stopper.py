"""A vendor that stops a training when it pays, and spends what the ledger then says is left: how much it really learns.

Steps are Gaussian mechanisms of sensitivity 1 and deviation 1/mu, the privacy loss of t of them is a walk: under the
records' presence each step adds N(mu^2/2, mu^2).  After step t the ledger takes some (epsilon, delta) for it; what is
left of the grant buys the worst mechanism that is (epsilon, delta) private: with chance delta it tells everything, else
it is a randomised response.  The vendor sees the walk and stops where that is best for it; what all of it together is
worth at the grant's epsilon is the true delta.  Dynamic programming from the last step back, on a grid of losses.
"""

from __future__ import annotations

from collections.abc import Callable
from math import erf, exp, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

FINE = 0.005  # of the grid of losses
SPAN = 24.0
Losses = NDArray[np.float64]
Charge = Callable[[int], tuple[float, float]]  # after so many steps: epsilon, delta


def normal(x: float) -> float:
    return (1 + erf(x / sqrt(2))) / 2


def delta_of(mu: float, epsilon: float) -> float:
    """Of one Gaussian mechanism (Balle, Wang 2018, theorem 8)."""
    return normal(mu / 2 - epsilon / mu) - exp(epsilon) * normal(-mu / 2 - epsilon / mu)


def epsilon_of(mu: float, delta: float) -> float:
    """The least epsilon at this delta."""
    low, high = 0.0, 50.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if delta_of(mu, middle) > delta else (low, middle)
    return high


def true_delta(steps: int, mu: float, granted: tuple[float, float], charge: Charge) -> float:
    """What the best vendor gets beyond the grant's epsilon."""
    losses: Losses = np.arange(-SPAN / 2, SPAN / 2, FINE)
    width = round(8 * mu / FINE)
    moves = np.arange(-width, width + 1) * FINE
    chances = np.exp(-((moves - mu * mu / 2) ** 2) / (2 * mu * mu))
    chances /= chances.sum()
    best = _worth(losses, granted, charge(steps))
    for t in range(steps - 1, 0, -1):
        padded = np.pad(best, width, mode="edge")
        going_on = np.convolve(padded, chances[::-1], mode="valid")
        best = np.maximum(_worth(losses, granted, charge(t)), going_on)
    padded = np.pad(best, width, mode="edge")
    found: Any = np.convolve(padded, chances[::-1], mode="valid")[np.searchsorted(losses, -FINE / 2)]
    return float(found)


def _worth(losses: Losses, granted: tuple[float, float], taken: tuple[float, float]) -> Losses:
    """At each loss, after what is left is spent."""
    epsilon, delta = max(0.0, granted[0] - taken[0]), max(0.0, granted[1] - taken[1])
    true = exp(epsilon) / (1 + exp(epsilon))

    def beyond(loss: Losses) -> Losses:
        return np.maximum(0.0, -np.expm1(np.minimum(0.0, granted[0] - loss)))

    spent = true * beyond(losses + epsilon) + (1 - true) * beyond(losses - epsilon)
    return delta + (1 - delta) * spent
