"""The rounded Gaussian: right weights, right tails, and right at every boundary of its 2^127 uniforms."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp
from scipy.stats import chi2

from compiler.words.noise_bound import noise_bound
from runtime.privacy import noise
from runtime.privacy.draws import draw_noise
from runtime.privacy.noise import magnitudes, rounded_gaussian
from runtime.privacy.randomness import RunSecret, Stream

LAST = (1 << 127) - 1
sigmas = st.sampled_from(
    [Fraction(1, 3), Fraction(5, 2), Fraction(300), Fraction(169, 100) * 2**18, Fraction(7 * 2**40, 3), Fraction(2**55)]
)


def upper(x: Fraction) -> mp.mpf:
    """Q(x) to 400 bits."""
    return mp.erfc(mp.mpf(x.numerator) / x.denominator / mp.sqrt(2)) / 2


def reference(v: int, sigma: Fraction) -> int:
    """The j of one v, by bisection on Q alone."""
    with mp.workprec(400):
        p = mp.ldexp(2 * v + 1, -129)
        low, high = 0, noise_bound(sigma) + 1
        while low < high:  # the least j with Q((j + 1/2)/sigma) < p
            middle = (low + high) // 2
            if upper((middle + Fraction(1, 2)) / sigma) < p:
                high = middle
            else:
                low = middle + 1
        return low


def split(values: list[int]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([v >> 64 for v in values], np.uint64), np.array([v & (2**64 - 1) for v in values], np.uint64)


@pytest.mark.parametrize("sigma", [Fraction(5, 2), Fraction(300), Fraction(1, 3)])
def test_weights(sigma: Fraction) -> None:
    count = 200_000
    drawn = draw_noise(RunSecret.from_seed(5), 0, 0, (0,), sigma=sigma, count=count)
    width = max(1, int(sigma / 5))  # cells of equal width; at sigma = 300 single integers are too rare
    reach = int(4 * sigma) // width + 1
    edges = [Fraction(-1, 2) + width * i for i in range(-reach, reach + 1)]
    with mp.workprec(200):
        tails = [float(upper(e / sigma)) for e in edges]
    weights = -np.diff([1.0, *tails, 0.0]) * count
    cells = np.bincount(np.searchsorted([float(e) for e in edges], drawn), minlength=len(weights))
    common = weights > 5
    statistic = ((cells - weights)[common] ** 2 / weights[common]).sum()
    assert statistic < chi2.isf(1e-4, common.sum() - 1)


def test_signs_are_fair_and_independent_draws_differ() -> None:
    drawn = rounded_gaussian(RunSecret.from_seed(6).stream("noise", ()), Fraction(10**6), 40_000)
    assert abs(int((drawn > 0).sum()) - 20_000) < 4 * 100
    assert len(np.unique(drawn)) > 39_000


@settings(deadline=None, max_examples=60)
@given(sigmas, st.integers(0, 127), st.data())
def test_any_uniform_against_the_reference(sigma: Fraction, bits: int, data: st.DataObject) -> None:
    v = data.draw(st.integers(0, (1 << bits) - 1))
    assert magnitudes(*split([v]), sigma).tolist() == [reference(v, sigma)]


@pytest.mark.parametrize("sigma", [Fraction(5, 2), Fraction(300), Fraction(169, 100) * 2**18, Fraction(2**40)])
def test_the_uniforms_beside_each_boundary(sigma: Fraction) -> None:
    """Two units of 2^-128 to either side of Q((j + 1/2)/sigma): one side is j, the other j + 1."""
    reach = int(13 * sigma)
    for j in sorted({0, 1, 2, int(sigma), int(3 * sigma), int(8 * sigma), reach - 1, reach}):
        with mp.workprec(400):
            edge = int(mp.floor(mp.ldexp(upper((j + Fraction(1, 2)) / sigma), 128)))
        near = [v for v in range(edge - 2, edge + 3) if 0 <= v <= LAST]
        found = magnitudes(*split(near), sigma).tolist()
        assert found == [reference(v, sigma) for v in near]
        if j <= 8 * sigma:  # further out several integers share two units
            assert set(found) == {j, j + 1}


def test_close_comparisons_leave_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a boundary float64 is not asked; in the middle of a cell mpmath is not."""
    asked: list[int] = []
    exact = noise.decide
    monkeypatch.setattr(noise, "decide", lambda v, sigma, start: asked.append(v) or exact(v, sigma, start))
    sigma = Fraction(300)
    with mp.workprec(400):
        edge = int(mp.ldexp(upper(Fraction(201, 2) / sigma), 128))
        middle = int(mp.ldexp(upper(Fraction(100) / sigma), 128))
    assert magnitudes(*split([edge - 1, edge + 1, middle]), sigma).tolist() == [101, 100, 100]
    assert asked == [edge - 1, edge + 1]


def test_the_float_candidate_is_as_good_as_claimed() -> None:
    """|error of Q^-1| <= 2^-48 (1 + x), the claim that the margin of 2^-40 rests on."""
    from scipy.special import ndtri

    rng = np.random.default_rng(1)
    tails = np.concatenate([2.0 ** -rng.uniform(1, 129, 300), 0.5 - 2.0 ** -rng.uniform(2, 50, 100)])
    for p in tails:
        x = -float(ndtri(p))
        with mp.workprec(200):
            density = mp.exp(-(mp.mpf(x) ** 2) / 2) / mp.sqrt(2 * mp.pi)
            error = abs(mp.erfc(mp.mpf(x) / mp.sqrt(2)) / 2 - mp.mpf(float(p))) / density
            assert error <= mp.ldexp(1 + x, -49)  # the other half is the rounding of p


@settings(deadline=None, max_examples=40)
@given(st.fractions(0, 10**6, max_denominator=1000))
def test_nothing_is_beyond_the_bound(sigma: Fraction) -> None:
    largest = int(magnitudes(*split([0]), sigma)[0])
    assert largest <= noise_bound(sigma)
    assert largest >= 13 * sigma - 1  # and the bound is tight: 13.33 sigma


def test_the_extreme_uniforms_are_reached() -> None:
    class Zeros(Stream):
        def bytes(self, count: int) -> bytes:
            return bytes(count)

    class Ones(Stream):
        def bytes(self, count: int) -> bytes:
            return b"\xff" * count

    sigma = Fraction(1000)
    largest = int(rounded_gaussian(Zeros(bytes(32)), sigma, 1)[0])
    assert largest == reference(0, sigma) and 13_000 < largest <= noise_bound(sigma)
    assert rounded_gaussian(Ones(bytes(32)), sigma, 1).tolist() == [0]  # sign bit set, p next to 1/2


def test_variables_have_noise_of_their_own() -> None:
    places = [(0, 0, (0,)), (0, 1, (0,)), (1, 0, (0,)), (0, 0, (1,)), (0, 0, ()), (0, 0, (0, 0))]
    drawn = [tuple(draw_noise(RunSecret.from_seed(1), *p, sigma=Fraction(10**6), count=4).tolist()) for p in places]
    assert len(set(drawn)) == len(places)


def test_no_noise_and_impossible_noise() -> None:
    stream = RunSecret.from_seed(0).stream("noise", ())
    assert rounded_gaussian(stream, Fraction(0), 3).tolist() == [0, 0, 0]
    assert rounded_gaussian(stream, Fraction(1), 0).shape == (0,)
    with pytest.raises(ValueError, match="not negative"):
        rounded_gaussian(stream, Fraction(-1), 1)
    with pytest.raises(ValueError, match="64-bit"):
        rounded_gaussian(stream, Fraction(2**60), 1)
