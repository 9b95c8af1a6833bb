"""How far a rounded Gaussian can reach, in exact arithmetic, so that its word gets a width."""

from __future__ import annotations

from fractions import Fraction
from math import floor

# The sampler (runtime/privacy/noise.py) inverts an upper-tail probability of at least 2^-129.  Chernoff's bound
# Q(x) <= exp(-x^2/2)/2 falls below that once x^2 > 256 ln 2 = 177.446; (40/3)^2 = 177.778.
REACH = Fraction(40, 3)


def noise_bound(sigma: Fraction) -> int:
    """The largest |k| that round(N(0, sigma^2)), drawn from 128-bit uniforms, can be; `sigma` in grid units.

    k > 0 is returned only if Q((k - 1/2)/sigma) >= 2^-129, hence (k - 1/2)/sigma < 40/3.
    """
    if sigma < 0:
        raise ValueError(f"a standard deviation is not negative: {sigma}")
    return floor(REACH * sigma + Fraction(1, 2))
