"""Hockey-stick divergences of composed Gaussian mechanisms in ways that share nothing with the accountant.

Without sampling there is a closed form.  With it, by inversion of a Laplace transform: for the sum S of all losses,

    delta(e) = E max(0, 1 - exp(e - S)) = 1/(2 pi) * integral over t of exp(K(z) - z e) / (z (z + 1)),

z = theta + i t, K the sum of the logarithms of E exp(z L), integrals over the noise by the trapezoidal rule, which errs
by less than float64 tells for such integrands.  No grid of losses, no rounding of them, no convolution, no transform.
"""

from __future__ import annotations

from math import log, log1p, pi, sqrt

import mpmath
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def gaussian(mu: float, delta: float) -> float:
    """Epsilon of N(mu, 1) against N(0, 1) (Balle and Wang 2018, theorem 8), to 1e-12."""
    with mpmath.workdps(60):
        m, d = mpmath.mpf(mu), mpmath.mpf(delta)

        def excess(e: mpmath.mpf) -> mpmath.mpf:
            high, low = mpmath.ncdf(m / 2 - e / m), mpmath.ncdf(-m / 2 - e / m)
            return high - mpmath.exp(e) * low - d

        low, high = mpmath.mpf(0), mpmath.mpf(1)
        while excess(high) > 0:
            low, high = high, 2 * high
        while high - low > 1e-13 * high:
            middle = (low + high) / 2
            low, high = (middle, high) if excess(middle) > 0 else (low, middle)
        return float(high)


class Sampled:
    """T steps of (1 - q) N(0, 1) + q N(1 / sigma, 1) against N(0, 1); `swapped`: the other way round."""

    def __init__(self, q: float, sigma: float, steps: int, *, swapped: bool = False) -> None:
        mu = 1 / sigma
        self.q, self.steps, self.swapped = q, steps, swapped
        self._x = np.linspace(-14.0, 14.0 + mu, 3001)
        loss = np.logaddexp(log1p(-q), log(q) + mu * self._x - mu * mu / 2)
        plain = -(self._x**2) / 2 + log((self._x[1] - self._x[0]) / sqrt(2 * pi))
        self._loss, self._log_chance = (-loss, plain) if swapped else (loss, plain + loss)

    def delta(self, epsilon: float) -> float:
        if self.swapped and epsilon >= -self.steps * log1p(-self.q):
            return 0.0  # no loss is as large
        theta = min(np.geomspace(0.05, 500, 60), key=lambda t: self._log_moment(float(t)) - t * epsilon)
        variance = self._variance(float(theta))
        step = min(0.2 / sqrt(variance), 0.1)
        total, largest, start = 0.0, 0.0, 0
        while start < 1 << 16:
            t = step * np.arange(start, start + 256)
            z = theta + 1j * t
            part = (np.exp(self._complex_moment(z) - z * epsilon) / (z * (z + 1))).real
            if not start:
                part[0] /= 2
            total += float(part.sum()) * step
            largest, size = max(largest, float(np.abs(part).max())), float(np.abs(part).max())
            if size * 256 < 1e-9 * largest:
                break
            start += 256
        else:
            raise ValueError("the integral does not end")
        return total / pi

    def _log_moment(self, theta: float) -> float:
        exponents = self._log_chance + theta * self._loss
        top = float(exponents.max())
        return self.steps * (top + log(float(np.exp(exponents - top).sum())))

    def _variance(self, theta: float) -> float:
        weights = np.exp(self._log_chance + theta * self._loss - self._log_moment(theta) / self.steps)
        mean = float((weights * self._loss).sum())
        return self.steps * float((weights * (self._loss - mean) ** 2).sum())

    def _complex_moment(self, z: NDArray[np.complex128]) -> NDArray[np.complex128]:
        theta = float(z[0].real)
        scale = self._log_moment(theta) / self.steps
        weights = np.exp(self._log_chance + theta * self._loss - scale)
        tilted = np.exp(1j * np.multiply.outer(z.imag, self._loss)) @ weights
        result: NDArray[np.complex128] = self.steps * (np.log(tilted) + scale)
        return result
