"""Epsilon of many steps together: their losses convolved by a Fourier transform, with a proved bound on its rounding.

A transform errs by some 2^-50 of the *largest* value, which says nothing of a tail of 1e-12.  So the masses are tilted
first: p_i becomes exp(theta i h) p_i / M, so that their sum lies about epsilon, and tilted back after.  Then an error E
of a value of the convolution is one of E exp(K - theta s), K = sum of T log M, of a chance at s; theta makes that small
beside delta (docs/privacy.md, lemma 7).

*Rounding.*  A transform of N = 2^t points errs by at most t eta / (1 - t eta) of its length in the 2-norm, eta = 7.7 u
(Higham 2002, theorem 24.2, u = 2^-53, weights good to 2 u); 8 t u is charged.  A factor f_k that is off by D_k is off in
its T-th power by T (|f_k| + |D_k|)^(T - 1) |D_k| at most, and a product of T factors rounds by sqrt(5) u for each
(Brent, Percival and Zimmermann 2007).  By Cauchy and Schwarz over k this bounds every value of the convolution.
*Wrapping.*  The transform convolves modulo N points.  All is >= 0, so what wraps into the window only adds; what lies
above it is bounded by Chernoff and taken from delta.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, expm1, inf, log, log1p, sqrt

import numpy as np
from numpy.typing import NDArray

from runtime.privacy.grid import Grid, Steps, grid, reach
from runtime.privacy.losses import STEP_ERROR, Losses, losses
from runtime.privacy.tradeoff import Vector

ACCURACY = 2.0**-14  # of epsilon, about, that a grid may cost
_UNIT = 2.0**-53
_SLACK = 2.0**-30  # relative, of all sums of numbers >= 0 here
_CERTIFIED = 0.01  # the most of delta that rounding may take

Spectrum = NDArray[np.complex128]


class Uncertified(ValueError):
    """Floating-point numbers do not tell epsilon at so small a delta."""

    def __init__(self, delta: float) -> None:
        super().__init__(f"delta {delta:g} is too small: no epsilon can be certified at it")
        self.delta = delta


def epsilon(steps: Steps, delta: float, accuracy: float = ACCURACY) -> float:
    """An upper bound on the epsilon of all steps at `delta`; infinite if there is none.  Raises Uncertified."""
    return max(_one_way(steps, delta, accuracy, swapped=swapped) for swapped in (False, True))


def _one_way(steps: Steps, delta: float, accuracy: float, *, swapped: bool) -> float:
    """Of M against N(0, 1), or the other way round."""
    count = sum(number for number, _ in steps)
    farthest = reach(delta, count)
    if not farthest or 4 * count * _UNIT > _CERTIFIED:
        raise Uncertified(delta)
    on = grid(steps, delta, accuracy, farthest, swapped=swapped)
    found = [(number, *losses(mixture, on.interval, farthest, swapped=swapped)) for number, mixture in steps]
    sides = [(number, side) for number, side, _ in found]
    missed = sum(number * side.infinity for number, side in sides) + exp(min(0.0, _log_above(sides, on)))
    spare = delta * exp(-count * STEP_ERROR) * (1 - _SLACK) - missed * (1 + _SLACK)
    if spare <= 0:
        return inf
    log_moments = [_log_moment(side, on.tilt, on.interval) for _, side in sides]
    sums = _convolved([(n, _tilted(side, m, on)) for (n, side), m in zip(sides, log_moments, strict=True)], on)
    scale = sum(n * m for (n, _), m in zip(sides, log_moments, strict=True)) - on.tilt * on.center * on.interval
    result = _crossing(sums, on, exp(min(700.0, log(spare) - scale)))
    if result is None:
        raise Uncertified(delta)
    return result * (1 + _SLACK) + sum(number * shift for number, _, shift in found)


def _log_moment(side: Losses, tilt: float, interval: float) -> float:
    """The logarithm of the sum of p_i exp(tilt i h)."""
    exponents = _logs(side.masses) + tilt * interval * (side.first + np.arange(len(side.masses)))
    top = float(exponents.max())
    return top + log(float(np.exp(exponents - top).sum()))


def _log_above(sides: Sequence[tuple[int, Losses]], on: Grid) -> float:
    """A bound on the logarithm of the chance of a sum above the window."""
    moment = sum(number * _log_moment(side, on.tail, on.interval) for number, side in sides)
    return moment - on.tail * (on.start + on.size) * on.interval


def _tilted(side: Losses, log_moment: float, on: Grid) -> Vector:
    """The tilted masses at their losses modulo the window, which sum to 1."""
    exponents = _logs(side.masses) + on.tilt * on.interval * (side.first + np.arange(len(side.masses)))
    offset = side.first % on.size
    whole = np.zeros(ceil((offset + len(side.masses)) / on.size) * on.size)
    whole[offset : offset + len(side.masses)] = np.exp(exponents - log_moment)
    result: Vector = whole.reshape(-1, on.size).sum(axis=0)
    return result


@dataclass(frozen=True, slots=True)
class _Sums:
    """The tilted chances of the losses in the window, each good to `error`."""

    values: Vector
    error: float


def _convolved(sides: Sequence[tuple[int, Vector]], on: Grid) -> _Sums:
    size = on.size
    transform = 8 * (size.bit_length() - 1) * _UNIT  # of the length of what is transformed
    product: Spectrum = np.ones(size // 2 + 1, dtype=np.complex128)
    bounds: list[tuple[int, Vector, float]] = []  # T, log (|f| + |D|), the length of D
    for number, masses in sides:
        factor: Spectrum = np.fft.rfft(masses)
        product *= _power(factor, number)
        off = transform * sqrt(size * float(np.square(masses).sum())) * (1 + _SLACK)
        bounds.append((number, np.log(np.abs(factor) + off), off))
    log_size = sum((number * log_factor for number, log_factor, _ in bounds), np.zeros(size // 2 + 1))
    count = sum(number for number, _ in sides)
    error = count * 2.25 * _UNIT * 2 * float(np.exp(log_size).sum())  # half of the spectrum is the other half's mirror
    for number, log_factor, off in bounds:
        error += number * off * sqrt(2 * float(np.exp(2 * (log_size - log_factor)).sum()))
    error = error / size + transform * sqrt(2 * float(np.exp(2 * log_size).sum()) / size)
    values: Vector = np.roll(np.fft.irfft(product, size), -on.start % size)
    return _Sums(values, error * (1 + _SLACK))


def _power(factor: Spectrum, number: int) -> Spectrum:
    """By squaring: as many products as there are factors but one pass through any number."""
    result: Spectrum | None = None
    while True:
        if number & 1:
            result = factor if result is None else result * factor
        number >>= 1
        if not number:
            assert result is not None
            return result
        factor = factor * factor


def _crossing(sums: _Sums, on: Grid, target: float) -> float | None:
    """Where sum of p(s) max(0, 1 - exp(e - s)), over exp(-tilt center), falls to `target`; None if errors hide it."""
    ends = on.start + np.arange(on.size)
    back = np.exp(np.minimum(-on.tilt * on.interval * (ends - on.center), 700.0))
    upper = (np.maximum(sums.values, 0.0) + sums.error) * back

    def above(end: int, chances: Vector) -> float:
        rest = slice(max(0, end - on.start + 1), None)
        return float(-(chances[rest] * np.expm1(on.interval * (end - ends[rest]))).sum())

    low, high = max(on.start, 0), on.start + on.size - 1
    if above(low, upper) > target:
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if above(middle, upper) > target else (low, middle)
        at_low, at_high = above(low, upper), above(high, upper)
        result = low * on.interval + log1p(expm1(on.interval) * (at_low - target) / (at_low - at_high))
    else:
        result = low * on.interval
    return result if sums.error * above(low, back) <= _CERTIFIED * target else None


def _logs(masses: Vector) -> Vector:
    with np.errstate(divide="ignore"):
        result: Vector = np.log(masses)
    return result
