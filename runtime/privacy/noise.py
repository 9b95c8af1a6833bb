"""The rounded Gaussian round(N(0, sigma^2)) on the integers, drawn exactly.

One draw is a sign bit and a 127-bit integer v, which stands for the upper-tail probability p = (v + 1/2) / 2^128 in
(0, 1/2).  With Q(x) = 1 - Phi(x), the magnitude j is the one with

    Q((j + 1/2)/sigma) < p <= Q((j - 1/2)/sigma)        (no upper bound for j = 0),

that is, the real number Q^-1(p) sigma rounded to the grid.  Folding keeps p's *relative* precision in the tail.

How exact.  *What is computed* is that j and no other for every v: a float64 candidate t = -ndtri(p) sigma settles it
unless t is near a half-integer.  The relative error of p in float64 is below 2^-51 (two roundings and a sum), which
moves Q^-1(p) by at most 2^-51 p/phi(x) < 2^-50; ndtri itself is good to a few units in the last place (Cephes states
5e-16 relative), and the product with sigma adds 2^-52 t.  Together that is below 2^-48 (sigma + t); we call t near
if it is within 2^-40 (sigma + t) of a half-integer, 256 times as much, and decide those draws with mpmath, at a
precision that is doubled until the comparison is clear.  *What v stands for*: each k's probability is a count of
grid points, so it differs from the real one by at most 2^-127, and the statistical distance of a draw is below
(14 sigma + 1) 2^-126.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compiler.words.noise_bound import noise_bound
from runtime.privacy.randomness import Stream

_NEAR = 2.0**-40  # of sigma + t: 256 times the error that a float64 candidate can have
_SIGN = np.uint64(1 << 63)


def rounded_gaussian(stream: Stream, sigma: Fraction, count: int) -> NDArray[np.int64]:
    """`count` independent draws of round(N(0, sigma^2)), `sigma` in grid units; shape (count,).

    Every |k| is at most `noise_bound(sigma)`.  Raises ValueError if sigma is negative or that bound leaves int64.
    """
    if noise_bound(sigma) >= 1 << 62:
        raise ValueError(f"noise of standard deviation {float(sigma):.3g} grid units does not fit 64-bit integers")
    words = stream.uint64(2 * count).reshape(count, 2)
    size = magnitudes(words[:, 0] & ~_SIGN, words[:, 1], sigma)
    size[(words[:, 0] & _SIGN) != 0] *= -1
    return size


def magnitudes(high: NDArray[np.uint64], low: NDArray[np.uint64], sigma: Fraction) -> NDArray[np.int64]:
    """The j of each v = high 2^64 + low (high below 2^63); all shapes (count,)."""
    from scipy.special import ndtri  # here, because scipy takes longer to import than most commands to run

    if sigma == 0:
        return np.zeros(len(high), dtype=np.int64)
    tail = high.astype(np.float64) * 2.0**-64 + (low.astype(np.float64) + 0.5) * 2.0**-128
    spread = float(sigma)
    distance = -ndtri(tail) * spread
    nearest = np.floor(distance + 0.5)
    margin = (spread + distance) * _NEAR
    near = np.abs(distance - nearest) >= 0.5 - margin
    result: NDArray[np.int64] = np.maximum(nearest, 0.0).astype(np.int64)
    for i in np.flatnonzero(near):
        result[i] = decide((int(high[i]) << 64) + int(low[i]), sigma, float(distance[i]) / spread)
    return result


def decide(v: int, sigma: Fraction, start: float) -> int:
    """The j of one v in high precision; `start` is a float64 approximation of Q^-1(p)."""
    distance = _refine(v, start) * sigma
    j = max(floor(distance + Fraction(1, 2)), 0)
    while j > 0 and _beyond(v, (j - Fraction(1, 2)) / sigma):
        j -= 1
    while not _beyond(v, (j + Fraction(1, 2)) / sigma):
        j += 1
    return j


def _refine(v: int, start: float) -> Fraction:
    """One Newton step towards Q^-1(p): the error of `start`, some 1e-15, is squared, so `decide` need not walk far."""
    mp = _mpmath()
    with mp.workprec(192):
        x = mp.mpf(start)
        density = mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)
        x += (mp.erfc(x / mp.sqrt(2)) / 2 - _tail(v)) / density
        mantissa, exponent = mp.frexp(x)
        return Fraction(int(mp.ldexp(mantissa, 192)), 1 << 192) * Fraction(2) ** int(exponent)


def _beyond(v: int, x: Fraction) -> bool:
    """p > Q(x)?

    mpmath returns a product, root or erfc to within a few units in the last place, and an error of 2^-prec in x moves
    Q(x) by at most x^2 + 1 < 2^8 times that, so 32 guard bits are ample.  p is rational and Q(x) meets no rational
    that we know of but at 0, so the loop ends.
    """
    mp = _mpmath()
    precision = 192
    while True:
        with mp.workprec(precision):
            q = mp.erfc(mp.mpf(x.numerator) / x.denominator / mp.sqrt(2)) / 2
            difference = _tail(v) - q
            if abs(difference) > q * mp.ldexp(1, 32 - precision):
                return bool(difference > 0)
        precision *= 2


def _tail(v: int) -> Any:
    """p = (v + 1/2) / 2^128, exact at 128 bits of precision and more."""
    return _mpmath().ldexp(2 * v + 1, -129)


def _mpmath() -> Any:  # it ships no types
    import mpmath

    return mpmath.mp
