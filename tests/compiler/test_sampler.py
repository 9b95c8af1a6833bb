"""The compiled noise distribution: its parts, its exact moments, and that no machine decides it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from compiler.words.sampler import (
    ENTRIES,
    ONE,
    SMALLEST,
    THRESHOLD_BITS,
    Sampler,
    alias_table,
    alias_weights,
    refinement,
    sampler,
)

DEMO = Fraction("1.69") * 2**16
SIGMAS = [
    Fraction(SMALLEST),
    Fraction(1999, 100),
    Fraction(32),
    Fraction(100),
    Fraction(1 << 12) - 1,
    Fraction(1 << 12),
    DEMO,
    Fraction(1 << 40),
    Fraction(1 << 70),
]


@pytest.mark.parametrize("sigma", SIGMAS)
def test_the_variance_is_never_below_and_hardly_above_sigma_squared(sigma: Fraction) -> None:
    made = sampler(sigma)
    excess = made.variance - sigma**2
    assert 0 <= excess < Fraction(4 ** len(made.coins), 1 << 39)


@pytest.mark.parametrize("sigma", SIGMAS)
def test_the_weights_are_a_distribution_that_falls_from_the_middle(sigma: Fraction) -> None:
    weights = sampler(sigma).weights
    assert sum(weights) == ONE and len(weights) == ENTRIES
    assert list(weights) == sorted(weights, reverse=True) and weights[-1] >= 0


def test_every_octave_has_its_scales_and_coins() -> None:
    for bits in range(4, 40):
        low, high = sampler(Fraction(1 << bits)), sampler(Fraction((2 << bits) - 1))
        assert low.coins == high.coins and len(low.coins) == bits - 2
        assert low.coins[::-1][:7] == (6, 6, 4, 4, 4, 4, 4)[: bits - 2]
        assert set(low.coins[:-7]) <= {2}


def test_the_fourth_cumulant_is_a_gaussians() -> None:
    """Kurtosis 3 to 1e-6, where the coins alone would take it to 3 - 2e-4."""
    made = sampler(Fraction(1 << 12))
    scale = 1 << len(made.coins)
    second = sum(Fraction(w * (2 * k + 1) ** 2, 4 * ONE) for k, w in enumerate(made.weights)) * scale**2
    fourth = sum(Fraction(w * (2 * k + 1) ** 4, 16 * ONE) for k, w in enumerate(made.weights)) * scale**4
    coins = -sum(Fraction(n * 16**j, 8) for j, n in enumerate(made.coins))
    excess = (fourth - 3 * second**2 + coins) / made.variance**2
    assert abs(excess) < Fraction(1, 10**6) < abs(coins / made.variance**2) / 100


def test_an_alias_table_draws_exactly_its_weights() -> None:
    for weights in ([ONE] + [0] * 63, [ONE // 64] * 64, [3, 5] + [0] * 60 + [7, ONE - 15]):
        thresholds, aliases = alias_table(weights)
        assert alias_weights(thresholds, aliases) == tuple(weights)


def test_it_is_the_same_everywhere() -> None:
    """The table that contracts name: a change of it is a change of every certificate."""
    made = sampler(DEMO)
    assert made.digest == "b226979b49352cecbc8caf3687022d7767df6dab291865d935abede8a33ecbda"
    assert made.bits == 6 + THRESHOLD_BITS + 1 + sum(made.coins)
    assert made.reach < 8 * DEMO
    assert made.digest != replace(made, sigma=made.sigma - 1).digest


def test_a_coarse_sum_is_put_on_a_finer_grid() -> None:
    assert refinement(Fraction(16)) == 0 and refinement(Fraction(1, 2)) == 5
    assert refinement(Fraction(15999, 1000)) == 1
    sampler(Fraction(1, 2) * 2 ** refinement(Fraction(1, 2)))


@pytest.mark.parametrize("sigma", [Fraction(0), Fraction(SMALLEST) - Fraction(1, 10)])
def test_a_sigma_without_a_sampler_is_refused(sigma: Fraction) -> None:
    with pytest.raises(ValueError, match="standard deviation"):
        sampler(sigma)


def test_parts_that_make_no_sampler_are_refused() -> None:
    made = sampler(Fraction(100))
    for broken in (
        {"coins": (3,)},
        {"coins": ()},
        {"thresholds": made.thresholds[1:]},
        {"thresholds": (-1, *made.thresholds[1:])},
        {"aliases": (64, *made.aliases[1:])},
        {"sigma": Fraction(101)},
    ):
        with pytest.raises(ValueError, match="sampler"):
            replace(made, **broken)


def test_a_sampler_is_a_value() -> None:
    assert sampler(DEMO) == sampler(DEMO) and isinstance(hash(sampler(DEMO)), int)
    assert isinstance(sampler(DEMO), Sampler)
