"""What the bound on epsilon rests on: Phi, the grid of losses, the errors of transforms, each against more digits."""

from __future__ import annotations

from math import log, pi, sqrt

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import bdtr, bdtrc, ndtr

from runtime.privacy.convolution import Tilted, _running_sums, convolve, tilted
from runtime.privacy.grid import Grid
from runtime.privacy.losses import FARTHEST, STEP_ERROR, Losses, Pair, border_error, losses

UNIT = 2.0**-53
PAIRS = [
    Pair(1.0, 1.0),
    Pair(1.0, 0.01),
    Pair(0.14, 0.6),
    Pair(0.001, 1.25),
    Pair(0.999, 2.0),
    Pair(1e-6, 4.0),
    Pair(0.1, 1.2, opposed=True),
    Pair(1.0, 0.7, opposed=True),
    Pair(0.9, 0.3, opposed=True),
]


def density(pair: Pair, x: mpmath.mpf, *, other: bool) -> mpmath.mpf:
    mixture = pair.other if other else pair.mixed
    return mpmath.fsum(w * mpmath.npdf(x - mean) for w, mean in mixture)


def chance(mixture: tuple[tuple[float, float], ...], low: mpmath.mpf, high: mpmath.mpf) -> mpmath.mpf:
    return mpmath.fsum(w * (mpmath.ncdf(high - mean) - mpmath.ncdf(low - mean)) for w, mean in mixture)


def test_phi_is_as_good_as_is_claimed() -> None:
    x = np.concatenate([np.linspace(-FARTHEST, 0, 400), np.random.default_rng(1).uniform(-12, 0, 400)])
    with mpmath.workdps(40):
        for at, found in zip(x.tolist(), ndtr(x).tolist(), strict=True):
            exact = mpmath.ncdf(at)
            assert abs(found - exact) <= exact * (4 + at * at) * 2 * UNIT
    assert (2 * (4 + FARTHEST**2) * 2 + 2000) * UNIT < STEP_ERROR  # what it is part of


@pytest.mark.parametrize(("n", "q", "slots"), [(455, 64 / 455, 96), (1000, 0.01, 20), (5000, 0.2, 1100), (10, 0.9, 9)])
def test_binomial_tails_are_as_good_as_is_claimed(n: int, q: float, slots: int) -> None:
    with mpmath.workdps(40):
        terms = [mpmath.binomial(n, k) * mpmath.mpf(q) ** k * (1 - mpmath.mpf(q)) ** (n - k) for k in range(n + 1)]
        exact = mpmath.fsum(terms[slots:])
        assert abs(float(bdtrc(slots - 1, n, q)) / exact - 1) < 2.0**-31
    assert float(bdtr(slots - 1, n, q) + bdtrc(slots - 1, n, q)) == pytest.approx(1)


@pytest.mark.parametrize("pair", PAIRS)
def test_borders_have_the_loss_that_is_claimed(pair: Pair) -> None:
    low, high = pair.loss(np.array([pair.lowest - 12, pair.shift + 12]))
    wanted = np.linspace(float(low), float(high), 41)[1:-1]
    with mpmath.workdps(60):
        for loss, x in zip(wanted.tolist(), pair.place(wanted).tolist(), strict=True):
            exact = mpmath.log(density(pair, mpmath.mpf(x), other=False) / density(pair, mpmath.mpf(x), other=True))
            assert abs(exact - loss) <= border_error(pair, 12)


def divergence(pair: Pair, epsilon: mpmath.mpf, *, swapped: bool) -> mpmath.mpf:
    """H_exp(epsilon), from the x where the loss is epsilon, found by bisection."""

    def loss(x: mpmath.mpf) -> mpmath.mpf:
        return mpmath.log(density(pair, x, other=False) / density(pair, x, other=True))

    target = -epsilon if swapped else epsilon
    low, high = mpmath.mpf(-60), mpmath.mpf(60)
    if not loss(low) < target < loss(high):
        return mpmath.mpf(0) if (loss(high) <= target) != swapped else 1 - mpmath.exp(epsilon)
    for _ in range(120):
        middle = (low + high) / 2
        low, high = (middle, high) if loss(middle) < target else (low, middle)
    above, below = (pair.other, pair.mixed) if swapped else (pair.mixed, pair.other)
    edges = (-mpmath.inf, low) if swapped else (low, mpmath.inf)
    return chance(above, *edges) - mpmath.exp(epsilon) * chance(below, *edges)


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("pair", PAIRS)
def test_the_grid_dominates_the_step_closely(pair: Pair, swapped: bool) -> None:
    """At grid points, where nothing is lost but errors, and between them."""
    interval = 2.0**-4
    found, shift = losses([(1.0, pair)], interval, 12.0, swapped=swapped)
    places = [(found.first + i) * interval for i in range(len(found.masses))]
    chosen = [places[i] for i in range(0, len(places) - 1, max(1, len(places) // 6))]
    with mpmath.workdps(60):
        shrunk = [mpmath.exp(-p) for p in places]
        for at in [*chosen, *(e + interval / 3 for e in chosen)]:
            grown = mpmath.exp(at)
            kept = [
                m * (1 - grown * s)  # of 60 digits at most 3 are lost: p is a fortieth and more above
                for p, s, m in zip(places, shrunk, found.masses.tolist(), strict=True)
                if p > at
            ]
            bound = found.infinity + mpmath.fsum(kept)
            exact = divergence(pair, mpmath.mpf(at) + shift, swapped=swapped)
            assert bound >= exact * (1 - STEP_ERROR)
            if at in chosen and exact > 1e-20:
                assert bound <= exact * (1 + 1e-9) + 1e-12


@given(st.lists(st.floats(0, 1), min_size=1, max_size=300))
def test_running_sums(terms: list[float]) -> None:
    found = _running_sums(np.array(terms)).tolist()
    assert found == pytest.approx(np.cumsum(np.array(terms, dtype=np.longdouble)).astype(float).tolist(), rel=1e-14)


def masses(rng: np.random.Generator, length: int) -> np.ndarray:
    """Anything that decays on both sides, with gaps."""
    at = np.arange(length) - length * rng.uniform(0.2, 0.8)
    return np.exp(-np.abs(at) * rng.uniform(0.02, 1) ** 2) * rng.choice([0.0, 1.0, 1.0], length) + 1e-30


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(-3, 3))
def test_a_convolution_is_as_good_as_is_claimed(seed: int, kinds: int, tilt: int) -> None:
    """Against direct convolution, which only adds and multiplies what is positive, in 64 more bits."""
    rng = np.random.default_rng(seed)
    sides = [(int(rng.integers(1, 5)), Losses(int(rng.integers(-40, 40)), masses(rng, 20), 0.0)) for _ in range(kinds)]
    size, interval = 64, 2.0**-5
    on = Grid(interval, int(rng.integers(-100, 100)), size, float(tilt), 0)
    parts = [(number, tilted(side, on)) for number, side in sides]
    values, error = convolve(parts, on)
    with mpmath.workdps(40):
        whole = {0: mpmath.mpf(1)}
        for number, side in sides:
            step = {
                (side.first + i) % size: mpmath.mpf(float(m)) * mpmath.exp(tilt * interval * (side.first + i))
                for i, m in enumerate(side.masses)
            }
            total = mpmath.fsum(step.values())
            for _ in range(number):
                whole = _convolved(whole, {at: m / total for at, m in step.items()}, size)
        for i, value in enumerate(values.tolist()):
            exact = whole.get((on.start + i) % size, mpmath.mpf(0))
            assert abs(value - exact) <= error + exact * number_of(sides) * STEP_ERROR
    assert error < 1e-12


def number_of(sides: list[tuple[int, Losses]]) -> int:
    return sum(number for number, _ in sides)


def _convolved(a: dict[int, mpmath.mpf], b: dict[int, mpmath.mpf], size: int) -> dict[int, mpmath.mpf]:
    x = np.array([a.get(i, mpmath.mpf(0)) for i in range(size)], dtype=object)
    found = np.array([mpmath.mpf(0)] * size, dtype=object)
    for at, m in b.items():
        found = found + m * np.roll(x, at)
    return dict(enumerate(found.tolist()))


@pytest.mark.parametrize("size", [1 << 10, 1 << 17])
def test_a_transform_is_as_good_as_the_theorem_says(size: int) -> None:
    """numpy's, against the same in long double where that is longer, else against its own inverse."""
    rng = np.random.default_rng(size)
    for vector in (rng.random(size), np.sign(rng.random(size) - 0.5), np.exp(-((np.arange(size) - 99) ** 2) / 50.0)):
        back = np.fft.irfft(np.fft.rfft(vector), size)
        off = float(np.sqrt(np.square((back - vector).astype(np.longdouble)).sum()))
        assert off <= 2 * 8 * log(size, 2) * UNIT * sqrt(float(np.square(vector).sum()))


def test_a_middle_splits_the_sums() -> None:
    """f = 1 + (z - 1) S^ is the transform of the masses."""
    side = Losses(-7, masses(np.random.default_rng(5), 40), 0.0)
    on = Grid(2.0**-4, -32, 64, 1.5, 0)
    part: Tilted = tilted(side, on)
    z = np.exp(-2j * pi * np.arange(33) / 64)
    weights = side.masses * np.exp(1.5 * on.interval * (side.first + np.arange(40)))
    direct = (weights / weights.sum() * z[:, None] ** (side.first + np.arange(40) - part.middle)).sum(axis=1)
    assert np.allclose(1 + (z - 1) * np.fft.rfft(part.sums), direct, atol=1e-14)
