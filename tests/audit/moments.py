"""The noise alone: its second moments over (step, coordinate) are those of independent normals of one variance.

Three tests, each wrong with a third of LEVEL: the mean square of all entries (chi-square), the mean square of each
(step, coordinate) over the runs (chi-square), and the cosine of every two of them over the runs, whose square is
Beta(1/2, (runs - 1)/2) for independent normals.
"""

from __future__ import annotations

from math import comb

import numpy as np
from audit.claim import Floats
from scipy.stats import beta, chi2

LEVEL = 1e-4  # of a false alarm, for all three


def flaws(noise: Floats, sigma: float) -> list[str]:
    """What distinguishes the noise (runs, entries) from independent draws of N(0, sigma^2); usually nothing."""
    runs, entries = noise.shape
    sums = (noise**2).sum(axis=0)
    found: list[str] = []
    if _unlikely(sums.sum() / sigma**2, runs * entries, LEVEL / 3):
        found.append(f"a standard deviation of {(sums.sum() / noise.size) ** 0.5:.4g}, not {sigma:.4g}")
    if any(_unlikely(s / sigma**2, runs, LEVEL / 3 / entries) for s in sums):
        found.append("entries with variances of their own")
    products = np.triu(noise.T @ noise, 1) ** 2
    squares = np.divide(products, np.outer(sums, sums), out=np.zeros_like(products), where=np.outer(sums, sums) > 0)
    if squares.max() > beta.isf(LEVEL / 3 / comb(entries, 2), 0.5, (runs - 1) / 2):
        found.append("entries that go together")
    return found


def _unlikely(statistic: float, freedom: int, level: float) -> bool:
    return not chi2.ppf(level / 2, freedom) < statistic < chi2.isf(level / 2, freedom)
