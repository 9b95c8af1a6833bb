"""The certificate of joint noise: what it says holds by brute force, and tables that must fail do."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import comb

import mpmath
import numpy as np
import pytest

from compiler.words.sampler import ENTRIES, sampler
from runtime.privacy.certificate import (
    _AMPLIFIED,
    ENOUGH,
    Certificate,
    Noise,
    Part,
    _Budget,
    certify,
    effective,
    of_sampler,
)
from runtime.privacy.tradeoff import add_coins

MULTIPLIER = Fraction("1.69")  # sigma / clip
OCTAVE = [Fraction(round(256 * 2 ** (i / 8))) for i in range(9)]


def part(sigma: Fraction, count: int = 4096, noise: Noise | None = None) -> Part:
    return Part(noise or of_sampler(sampler(sigma)), sigma, sigma / MULTIPLIER, count)


def certificate(sigma: Fraction, noise: Noise | None = None) -> Certificate:
    return certify((part(sigma, noise=noise),))


@pytest.mark.parametrize("sigma", [Fraction(16), *OCTAVE, MULTIPLIER * 2**16, Fraction(1 << 40)])
def test_a_compiled_table_is_as_good_as_a_gaussian(sigma: Fraction) -> None:
    """The bar: 0.9995 at delta 1e-8 for 4096 coordinates."""
    found = certificate(sigma)
    assert found.delta == 1e-8 and found.dimension == 4096
    assert found.holds and ENOUGH == 0.9995 <= found.ratio <= 1


@pytest.mark.parametrize(("sigma", "seconds"), [(256, 2), (1 << 16, 30)])
def test_it_takes_no_time(sigma: int, seconds: float) -> None:
    certify.cache_clear()
    assert 0 < certificate(Fraction(sigma)).seconds < seconds


# -- what it says, by brute force -------------------------------------------------------------------


def exact(noise: Noise) -> list[int]:
    """The probabilities of N, times one common integer."""
    p = list(noise.weights)
    for coins in reversed(noise.coins):
        finer = [0] * (2 * len(p) - 1 + coins)
        for i, weight in enumerate(p):
            for heads in range(coins + 1):
                finer[2 * i + heads] += weight * comb(coins, heads)
        p = finer
    return p


def gaussian(mu: float, gamma: Fraction) -> mpmath.mpf:
    """H_gamma(N(mu, 1) || N(0, 1)) (Balle and Wang 2018)."""
    threshold = mpmath.log(mpmath.mpf(gamma.numerator) / gamma.denominator) / mu
    return mpmath.ncdf(mu / 2 - threshold) - gamma.numerator * mpmath.ncdf(-mu / 2 - threshold) / gamma.denominator


@pytest.mark.parametrize(("sigma", "multiplier"), [(16, MULTIPLIER), (27, MULTIPLIER), (27, Fraction("0.8"))])
def test_every_shift_of_one_coordinate(sigma: int, multiplier: Fraction) -> None:
    """Up to two clips, of which the second is given the far delta."""
    noise, delta, count = of_sampler(sampler(Fraction(sigma))), 1e-8, 5
    clip = sigma / multiplier
    found = effective(noise, clip, count, delta)
    assert found.sigma > 0.999 * sigma
    p = exact(noise)
    total = sum(p)
    with mpmath.workprec(200):
        for u in range(1, int(2 * clip) + 1):
            given = delta * (0.5 / count + 0.5 * (u / float(clip)) ** 2) if u <= clip else found.far_delta
            before, after = [*p, *[0] * u], [*[0] * u, *p]
            for gamma in (Fraction(1), Fraction(9, 8), Fraction(3), Fraction(50), Fraction(10**4)):
                one = sum(
                    max(q * gamma.denominator - gamma.numerator * b, 0) for b, q in zip(before, after, strict=True)
                )
                assert mpmath.mpf(one) / (gamma.denominator * total) <= given + gaussian(u / found.sigma, gamma)


def test_the_effective_deviation_is_no_smaller_than_it_must_be() -> None:
    """One per cent more, and some gamma shows it: the bound is not slack."""
    noise, sigma = of_sampler(sampler(Fraction(16))), 16
    found = effective(noise, sigma / MULTIPLIER, 5, 1e-8)
    p = exact(noise)
    u, gamma = 9, Fraction(3)
    one = Fraction(sum(max(q - gamma * b, 0) for b, q in zip([*p, *[0] * u], [*[0] * u, *p], strict=True)), sum(p))
    assert float(one) > gaussian(u / (found.sigma * 1.01), gamma)


def test_two_coordinates_together() -> None:
    """A vector, not a number: the whole plane of outcomes, at several angles, within one clip and within two."""
    sigma, delta = 16, 1e-8
    noise, clip = of_sampler(sampler(Fraction(sigma))), sigma / Fraction("0.9")
    found = effective(noise, clip, 2, delta)
    p = np.array(exact(noise), dtype=np.float64)
    p /= p.sum()
    for x, y in [(17, 0), (12, 12), (3, 17), (10, 11), (1, 1), (35, 0), (25, 25), (3, 35), (20, 17)]:
        moved = [np.concatenate([np.zeros(u), p]) for u in (x, y)]
        still = [np.concatenate([p, np.zeros(u)]) for u in (x, y)]
        q, b = np.outer(*moved), np.outer(*still)
        norm = float(np.hypot(x, y))
        assert norm <= 2 * clip
        given = delta if norm <= clip else found.far_delta
        for gamma in (1.0, 1.5, 6.0, 100.0):
            shown = np.maximum(q - gamma * b, 0).sum()
            assert shown <= given + float(gaussian(norm / found.sigma, Fraction(gamma))) + 1e-13


# -- levels against looking at every shift ----------------------------------------------------------


@pytest.mark.parametrize("sigma", [300, 512])
def test_levels_agree_with_every_shift_by_itself(sigma: int) -> None:
    """Chains of shifts prove no more than every shift looked at, and hardly less."""
    given = part(Fraction(sigma))
    each = effective(given.noise, given.clip, 4096, 1e-8, walked=1 << 20)
    for walked in (3 << 11, 3 << 12):
        chained = effective(given.noise, given.clip, 4096, 1e-8, walked=walked)
        assert each.sigma * (1 - 2e-4) <= chained.sigma <= each.sigma
        assert each.far_delta <= chained.far_delta <= 1.2 * each.far_delta


def test_the_finest_scales_agree_with_writing_them_out() -> None:
    given = part(MULTIPLIER * 2**12)
    written = effective(given.noise, given.clip, 4096, 1e-8).sigma
    for finest, loss in ((3 << 13, 8e-3), (3 << 16, 1e-3)):
        found = effective(given.noise, given.clip, 4096, 1e-8, finest=finest).sigma
        assert written * (1 - loss) <= found <= written * (1 + 1e-9)


def test_points_joined_by_lines_hide_a_share_of_a_shift() -> None:
    """H_gamma(shift by s of a step) <= s H_(1 + (gamma - 1) / s)(shift by a step), on every share of one step."""
    p = np.array(exact(Noise((2, 2), (1, 3, 9, 19, 19, 9, 3, 1))), dtype=np.float64)
    p /= p.sum()
    step, fine = 8, p
    for _ in range(3):
        fine = add_coins(fine, 2)

    def divergence(of: np.ndarray, shift: int, gamma: float) -> float:
        q, b = np.concatenate([np.zeros(shift), of]), np.concatenate([of, np.zeros(shift)])
        return float(np.maximum(q - gamma * b, 0).sum())

    for shift, gamma in product(range(1, step), (1.0, 1.003, 1.02, 1.1)):
        s = shift / step
        assert divergence(fine, shift, gamma) <= s * divergence(p, 1, 1 + (gamma - 1) / s) + 1e-15


# -- several variables ------------------------------------------------------------------------------


def test_variables_on_different_grids_share_one_delta() -> None:
    one, other = part(Fraction(300), 100), part(MULTIPLIER * 2**14, 31)
    both = certify((one, other))
    assert both.dimension == 131 and both.holds
    apart = [certify((replace(one, count=131),)), certify((replace(other, count=131),))]
    assert both.sigma_eff == min(c.sigma_eff for c in apart)
    assert both.sigma == pytest.approx(1.69)


def test_the_weakest_variable_counts() -> None:
    strong, weak = part(Fraction(300)), replace(part(Fraction(300)), clip=Fraction(200))
    assert certify((strong, weak)).sigma == 1.5
    assert certify((strong, weak)).sigma_eff == pytest.approx(1.5, rel=1e-3)


@pytest.mark.parametrize("multiplier", ["0.75", "1", "20", "1000"])
def test_much_noise_and_little(multiplier: str) -> None:
    """From 0.75 clips on; the second clip's delta counts only in batches that overflow, one in 10 000."""
    sigma = Fraction(1000)
    found = certify((replace(part(sigma), clip=sigma / Fraction(multiplier)),))
    assert found.holds and found.far_delta < 1e-5


def test_more_coordinates_leave_each_less_delta() -> None:
    assert certify((part(Fraction(16), 1 << 20),)).sigma_eff <= certify((part(Fraction(16), 1),)).sigma_eff


# -- tables that must fail --------------------------------------------------------------------------


@pytest.mark.parametrize("dimension", [1, 2, 31, 10**6])
@pytest.mark.parametrize("scales", [1, 20, 40])
def test_no_chain_spends_more_than_its_shift_may(dimension: int, scales: int) -> None:
    """A first step and one for each bit of the rest, amplified, stay within delta(u); delta(u)s of a vector add up."""
    budget = _Budget(1e-8, dimension, 2.5 * 2**scales)
    for multiple, rest in product((0, 1, 2), (1, (1 << scales) - 1)):
        first = multiple << scales
        spent = scales * budget.bit(scales) + (budget.multiple(first) if first else 0.0)
        assert 0 < _AMPLIFIED * spent <= budget.whole(first + rest)
    assert dimension * budget.whole(int(2.5 * 2**scales / dimension**0.5)) <= 1e-8  # a vector of norm C


def scaled(shape: list[float]) -> tuple[int, ...]:
    """Symmetric weights on -K + 1/2 .. K - 1/2 in proportion to `shape`, which starts in the middle."""
    side = [int(x / sum(shape) * 2**40) for x in shape]
    side[0] += 2**40 - sum(side)
    return (*reversed(side), *side)


def deviation(noise: Noise) -> Fraction:
    places = range(1 - len(noise.weights), len(noise.weights), 2)
    table = Fraction(sum(w * x * x for w, x in zip(noise.weights, places, strict=True)), 4 * sum(noise.weights))
    variance = table * 4 ** len(noise.coins) + Fraction(sum(n * 4**j for j, n in enumerate(noise.coins)), 4)
    return Fraction(float(variance) ** 0.5)


def normal(t: float, entries: int = ENTRIES) -> list[float]:
    return [float(np.exp(-(((k + 0.5) / t) ** 2) / 2)) for k in range(entries)]


def irwin_hall(words: int, width: int) -> list[float]:
    """The upper half of a sum of uniform words, instead of a Gaussian."""
    p = np.ones(1)
    for _ in range(words):
        p = np.convolve(p, np.ones(width))
    return p[len(p) // 2 :].tolist()


COINS = (6, 6, 6)
WRONG = {
    "one uniform word": Noise(COINS, scaled([1.0] * 16)),
    "a sum of 4 uniform words": Noise(COINS, scaled(irwin_hall(4, 16))),
    "a sum of 12 uniform words": Noise(COINS, scaled(irwin_hall(12, 8))),
    "a table too wide for its sigma": Noise((6, 6), scaled(normal(0.6))),
    "coins that do not smooth it": Noise((2, 2, 2), scaled(normal(1.5))),
    "a tail cut off at four deviations": Noise(COINS, scaled(normal(6.0, 24))),
    "a scale without coins": Noise((6, 0, 6), scaled(normal(6.0))),
    "one coin on a scale": Noise((6, 1, 6), scaled(normal(6.0))),
    "one coin on the finest of many scales": Noise((1, *(2,) * 16, *(6,) * 4), scaled(normal(6.0))),
    "a biased sign": Noise(
        COINS,
        tuple(
            w + sign * (w // 100)
            for half, sign in ((0, 1), (1, -1))
            for w in scaled(normal(6.0))[half * ENTRIES : (half + 1) * ENTRIES]
        ),
    ),
    "one heavy entry": Noise(COINS, scaled([2 * w if k == 9 else w for k, w in enumerate(normal(6.0))])),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_table_is_refused(name: str) -> None:
    noise = WRONG[name]
    found = certificate(deviation(noise), noise)
    assert not found.holds and found.ratio < ENOUGH


def test_the_right_table_of_that_make_is_not() -> None:
    """What the tables above are spoiled from: without it they might fail for some other reason."""
    noise = Noise(COINS, scaled(normal(6.0)))
    assert certificate(deviation(noise), noise).holds


def test_a_claim_above_the_table_is_refused() -> None:
    noise = of_sampler(sampler(Fraction(300)))
    assert certificate(Fraction(300), noise).holds
    assert not certificate(Fraction(301), noise).holds
    assert certificate(Fraction(301), noise).sigma_eff < 1.69


def test_a_shift_beyond_all_noise_is_seen() -> None:
    given = part(Fraction(300))
    for clip in (Fraction(3000), Fraction(10**9)):
        found = certify((replace(given, clip=clip),))
        assert found.sigma_eff == 0 and found.far_delta == 1


@pytest.mark.parametrize(
    ("coins", "weights"),
    [((6,), ()), ((6,), (1, 2)), ((-1,), (1, 1)), ((6,), (3, -1)), ((99,), (1, 1)), ((6,), (1 << 60, 1 << 60))],
)
def test_parts_that_are_no_noise(coins: tuple[int, ...], weights: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"weights of a table|coins"):
        Noise(coins, weights)


def test_what_cannot_be_certified_is_said() -> None:
    with pytest.raises(ValueError, match="delta"):
        certify((part(Fraction(300)),), 0.0)
    with pytest.raises(ValueError, match="needs a noise"):
        certify(())
    with pytest.raises(ValueError, match="positive"):
        part(Fraction(300), count=0)
