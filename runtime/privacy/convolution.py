"""The convolution of many steps' losses by a Fourier transform, with a proved bound on its rounding.

A transform errs by some 2^-50 of the *largest* value, which says nothing of a tail of 1e-12.  So masses are tilted
first: p_i becomes exp(theta i h) p_i / M, so that their sum lies near epsilon, and tilted back afterwards.  An error E
of a value of the convolution then is one of E exp(K - theta s) of a chance at s, K the sum of T log M: small beside
delta.

*Parts.*  A transform f of masses is near 1 where its T-th power matters, and an error of f counts T times.  So what is
transformed is S, the sums of the masses above each point, or minus those up to it, on the two sides of a middle one:
f - 1 = (z - 1) S^ with z = exp(-2 pi i k / N), and z - 1 makes errors as small as f - 1 is.
*Rounding* (u = 2^-53).  A transform of N = 2^t points errs by at most t eta / (1 - t eta) of its length in the 2-norm,
eta = 7.7 u (Higham 2002, theorem 24.2, weights good to 2 u); S by 2 t u, being sums in pairs; (8 + 3) t u is charged.
(z - 1) S^ and 1 + that round by 5 u |f - 1| + u |f|.  A factor that is off by D is off in its T-th power by
T (|f| + |D|)^(T - 1) |D| at most, and a product of T factors rounds by sqrt(5) u for each (Brent, Percival and
Zimmermann 2007).  By Cauchy and Schwarz over k this bounds every value of the convolution.
*Wrapping.*  The transform convolves modulo N points.  All is >= 0, so what wraps into the window only adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from runtime.privacy.grid import Grid
from runtime.privacy.losses import Losses
from runtime.privacy.tradeoff import Vector

_UNIT = 2.0**-53
_SLACK = 2.0**-30  # relative, of all that is computed of errors

Spectrum = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Tilted:
    """Masses that sum to 1, by the sums S about `middle`, in intervals; modulo the window."""

    middle: int
    sums: Vector
    log_moment: float  # of what the masses were divided by


def log_moment(side: Losses, tilt: float, interval: float) -> float:
    """The logarithm of the sum of p_i exp(tilt i h)."""
    exponents = _exponents(side, tilt * interval)
    top = float(exponents.max())
    return top + log(float(np.exp(exponents - top).sum()))


def tilted(side: Losses, on: Grid) -> Tilted:
    moment = log_moment(side, on.tilt, on.interval)
    masses = np.exp(_exponents(side, on.tilt * on.interval) - moment)
    below = _running_sums(masses)
    middle = int(np.searchsorted(below, below[-1] / 2))
    # At j from the middle: minus the sum of masses up to j if j < 0, else the sum of those above.
    sums = np.concatenate([-below[:middle], _running_sums(masses[:middle:-1])[::-1], [0.0]])
    offset = -middle % on.size
    whole = np.zeros(ceil((offset + len(sums)) / on.size) * on.size)
    whole[offset : offset + len(sums)] = sums / below[-1]
    return Tilted(side.first + middle, whole.reshape(-1, on.size).sum(axis=0), moment)


def convolve(parts: Sequence[tuple[int, Tilted]], on: Grid) -> tuple[Vector, float]:
    """The convolution of all, each as often as its number says, in the window; and a bound on each value's error."""
    size = on.size
    transform = 11 * (size.bit_length() - 1) * _UNIT  # of the length of what is transformed
    angles = 2 * pi / size * np.arange(size // 2 + 1)
    turn: Spectrum = -2 * np.sin(angles / 2) ** 2 - 1j * np.sin(angles)  # z - 1
    step = np.abs(turn)
    product: Spectrum = np.ones(size // 2 + 1, dtype=np.complex128)
    bounds: list[tuple[int, float, Vector, Vector]] = []
    for number, part in parts:
        change: Spectrum = turn * np.fft.rfft(part.sums)
        factor = 1 + change
        product *= _power(factor, number)
        off = transform * sqrt(size * float(np.square(part.sums).sum()))
        rounding = _UNIT * (5 * np.abs(change) + np.abs(factor))
        bounds.append((number, off, rounding, np.log(np.abs(factor) + off * step + rounding)))
    log_size = sum((number * log_factor for number, _, _, log_factor in bounds), np.zeros(size // 2 + 1))
    # Half of the spectrum is the mirror of the other: sums of it count twice.
    error = 2 * sum(number for number, _ in parts) * sqrt(5) * _UNIT * float(np.exp(log_size).sum())
    for number, off, rounding, log_factor in bounds:
        others = number * np.exp(log_size - log_factor)
        error += 2 * float((others * rounding).sum()) + off * sqrt(2 * float(np.square(others * step).sum()))
    error = error / size + transform * sqrt(2 * float(np.exp(2 * log_size).sum()) / size)
    shift = sum(number * part.middle for number, part in parts) - on.start
    values: Vector = np.roll(np.fft.irfft(product, size), shift % size)
    return values, error * (1 + _SLACK)


def _power(factor: Spectrum, number: int) -> Spectrum:
    """By squaring: a rounding for each of `number` - 1 products at most."""
    result: Spectrum | None = None
    while True:
        if number & 1:
            result = factor if result is None else result * factor
        number >>= 1
        if not number:
            assert result is not None
            return result
        factor = factor * factor


def _running_sums(terms: Vector) -> Vector:
    """Sums in pairs, and pairs of pairs: no term passes through more than two additions for each halving."""
    if len(terms) < 2:
        return terms
    padded = np.append(terms, np.zeros(len(terms) % 2))
    result = np.empty(len(padded))
    result[1::2] = _running_sums(padded[0::2] + padded[1::2])
    result[0] = padded[0]
    result[2::2] = result[1:-1:2] + padded[2::2]
    return result[: len(terms)]


def _exponents(side: Losses, tilt: float) -> Vector:
    with np.errstate(divide="ignore"):
        result: Vector = np.log(side.masses) + tilt * (side.first + np.arange(len(side.masses), dtype=np.float64))
    return result
