"""Trade-off curves against exact arithmetic, and the float functions they stand on against mpmath."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb, inf

import mpmath
import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from runtime.privacy.tradeoff import Curve, add_coins, curve

WEIGHTS = (1, 0, 7, 24, 24, 7, 0, 1)


def exact_power(weights: tuple[int, ...], shift: int, alpha: Fraction) -> Fraction:
    """The power of the best test of size alpha: Neyman and Pearson, in fractions."""
    total = sum(weights)
    after = [0] * shift + list(weights)
    before = [*weights, *[0] * shift]
    order = sorted(range(len(after)), key=lambda i: Fraction(before[i], after[i]) if after[i] else Fraction(1 << 60))
    size = power = Fraction(0)
    for i in order:
        part = min(Fraction(1), (alpha - size) * total / before[i]) if before[i] else Fraction(1)
        size += part * Fraction(before[i], total)
        power += part * Fraction(after[i], total)
    return power


@pytest.mark.parametrize("shift", [1, 2, 3, 5])
def test_corners_are_those_of_the_best_tests(shift: int) -> None:
    found = curve(np.array(WEIGHTS) / 64, shift)
    powers = dict(zip(found.alpha, found.alpha + found.gain, strict=True))  # the last of each alpha is the largest
    for alpha, power in powers.items():
        exact = exact_power(WEIGHTS, shift, Fraction(round(alpha * 64), 64))
        assert power == pytest.approx(float(exact), rel=2.0**-38, abs=0)
        assert power >= exact and alpha * 64 <= round(alpha * 64)


def test_rounding_is_to_the_safe_side() -> None:
    rng = np.random.default_rng(1)
    weights = rng.integers(1, 1 << 30, 5000).tolist()
    weights.append((1 << 48) - sum(weights))
    found = curve(np.array(weights) / 2.0**48, 7)
    after, before = [0] * 7 + weights, weights + [0] * 7
    chosen = sorted(
        (i for i in range(5008) if after[i] >= before[i] and after[i]), key=lambda i: Fraction(before[i], after[i])
    )
    alpha = np.cumsum(np.array([before[i] for i in chosen], dtype=np.int64))
    power = np.cumsum(np.array([after[i] for i in chosen], dtype=np.int64))
    assert len(found.alpha) == len(chosen)
    for i in range(0, len(chosen), 97):
        assert Fraction(float(found.alpha[i])) <= Fraction(int(alpha[i]), 1 << 48)
        assert Fraction(float(found.alpha[i])) + Fraction(float(found.gain[i])) >= Fraction(int(power[i]), 1 << 48)


def test_a_gaussians_own_curve_needs_its_mu() -> None:
    alpha = ndtr(np.linspace(-8, 0, 200))
    for mu in (0.01, 0.5, 1.2):
        gain = ndtr(mu + ndtri(alpha)) - alpha
        assert Curve(alpha, gain).mu(0.0) == pytest.approx(mu, rel=1e-10)
        assert Curve(alpha, gain).mu(1e-9) < mu


def test_a_small_share_of_a_gaussians_gain() -> None:
    """A share s of the gain of mu = 2^-16 needs about s mu, however small; never less."""
    alpha = ndtr(np.linspace(-5, 0, 100))
    mu = 2.0**-16
    gain = np.array([float(mpmath.ncdf(mu + mpmath.mpf(float(ndtri(a)))) - mpmath.mpf(float(a))) for a in alpha])
    for share in (0.5, 2.0**-10, 2.0**-40):
        needed = Curve(alpha, gain).small_mu(0.0, share)
        assert share * mu * (1 - 1e-9) <= needed <= share * mu * (1 + 5 * mu)
        assert Curve(alpha, gain).small_mu(mu, share) == 0.0


def test_what_shows_for_certain_needs_an_infinite_mu() -> None:
    point = curve(np.array([1.0]), 1)
    assert point.mu(0.5) == inf == point.small_mu(0.1, 0.5)
    assert point.small_mu(0.6, 0.5) == 0.0
    halves = curve(np.array([0.5, 0.5]), 1)
    assert halves.mu(0.4) == inf and halves.mu(0.51) < 1.4


def test_coins_are_added_on_half_the_step() -> None:
    p = np.array([0.25, 0.75])
    for coins in (0, 1, 2, 6):
        expected = np.zeros(3 + coins)
        for i, heads in product(range(2), range(coins + 1)):
            expected[2 * i + heads] += p[i] * comb(coins, heads) / 2**coins
        assert np.array_equal(add_coins(p, coins), expected)


def test_the_quantile_function_is_as_good_as_is_claimed() -> None:
    """Phi^-1 within 2^-48 of itself, from 1e-300 to one half and beyond."""
    points = [10.0**-k for k in range(300, 0, -7)] + [0.02425, 0.13, 0.3, 0.5 - 2.0**-30, 0.5 + 1e-7, 0.7, 0.9, 0.99]
    with mpmath.workprec(300):
        for p in points:
            z = mpmath.mpf(float(ndtri(p)))
            exact = mpmath.findroot(lambda x, p=p: mpmath.log(mpmath.ncdf(x)) - mpmath.log(mpmath.mpf(p)), z)
            assert abs(z - exact) <= abs(exact) * mpmath.mpf(2) ** -48


def test_too_many_points_are_refused() -> None:
    with pytest.raises(ValueError, match="more than the error bounds cover"):
        curve(np.array([1.0]), 1 << 23)
