"""Joint noise: the circuit, the words' meaning and the table say the same, and its counts."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from support.joint_noise import Bits, chi_squared, circuit, coins, samples, through

from compiler.words.evaluate import drawn
from compiler.words.sampler import ENTRIES, INDEX_BITS, THRESHOLD_BITS, sampler

DEMO = Fraction("1.69") * 2**16
SIGMAS = [Fraction(16), Fraction(77, 2), Fraction(1 << 12), DEMO]


@pytest.mark.parametrize("sigma", [*SIGMAS, Fraction(1 << 40), Fraction(1 << 62)])
def test_the_circuit_means_what_the_words_mean(sigma: Fraction) -> None:
    own, other = (coins(sigma, party, 1, 0, 2000) for party in ("hospital", "vendor"))
    for bits in own, 0 * own, 0 * own + 1:
        expected = drawn((bits ^ other).astype(object), sampler(sigma))
        assert np.array_equal(through(sigma, bits, other), expected)
        assert max(map(abs, expected)) <= sampler(sigma).reach


def test_the_circuit_draws_the_table() -> None:
    """At every index the choice turns exactly at the threshold, so its probabilities are the table's."""
    made, rows, expected = sampler(DEMO), [], []
    scale, middle = 1 << len(made.coins), sum(n << j for j, n in enumerate(made.coins)) // 2
    for index in range(ENTRIES):
        threshold, alias = made.thresholds[index], index ^ made.aliases[index]
        for word in {0, threshold - 1, threshold, threshold + 1, (1 << THRESHOLD_BITS) - 1}:
            if not 0 <= word < 1 << THRESHOLD_BITS:
                continue
            for sign in 0, 1:
                packed = index | word << INDEX_BITS | sign << (INDEX_BITS + THRESHOLD_BITS)
                rows.append([packed >> i & 1 for i in range(made.bits)])
                k = index if word < threshold else alias
                expected.append((-1) ** sign * (2 * k + 1) * scale // 2 - middle)
    bits = np.array(rows)
    assert through(DEMO, bits, 0 * bits).tolist() == expected


def test_every_coin_counts_on_its_scale() -> None:
    made = sampler(DEMO)
    rows = np.eye(made.bits, dtype=np.int64)[-sum(made.coins) :]
    steps = through(DEMO, rows, 0 * rows) - through(DEMO, 0 * rows, 0 * rows)
    assert steps.tolist() == [1 << j for j, n in enumerate(made.coins) for _ in range(n)]


def test_it_reaches_as_far_as_is_said() -> None:
    made = sampler(DEMO)
    last = max(k for k, w in enumerate(made.weights) if w)
    index = next(i for i in range(ENTRIES) if i ^ made.aliases[i] == last or (i == last and made.thresholds[i]))
    word = 0 if index == last else (1 << THRESHOLD_BITS) - 1
    packed = index | word << INDEX_BITS
    row = np.array([[packed >> i & 1 for i in range(INDEX_BITS + THRESHOLD_BITS + 1)] + [1] * sum(made.coins)])
    assert through(DEMO, row, 0 * row).tolist() == [made.reach]


def test_counts() -> None:
    """At most 150 ANDs a sample up to 2^12 grid units, 5 more for each further bit."""
    for bits in range(4, 13):
        assert circuit(Fraction((1 << bits + 1) - 1)).and_gates <= 150
    before = circuit(Fraction(1 << 12)).and_gates
    for bits in [*range(13, 21), 40]:
        assert circuit(Fraction(1 << bits)).and_gates <= before + 5 * (bits - 12)
    assert circuit(DEMO).and_gates == 136


ENTERED: dict[str, Callable[[Bits], Bits]] = {"honest": np.positive, "zeros": np.zeros_like, "ones": np.ones_like}


def check_distribution(sigma: Fraction, width: int, entered: str, count: int) -> None:
    ratio, freedom = chi_squared(samples(sigma, count, 5, ENTERED[entered]), sampler(sigma), width)
    assert freedom >= 300 and 0.9 <= ratio <= 1.1


@pytest.mark.parametrize("entered", ENTERED)
def test_samples_have_the_distribution_whatever_the_evaluator_enters(entered: str) -> None:
    check_distribution(Fraction(200), 1, entered, 1 << 17)


@pytest.mark.slow
@pytest.mark.parametrize("entered", ENTERED)
@pytest.mark.parametrize(("sigma", "width"), [(Fraction(200), 1), (Fraction(500), 1), (DEMO, 512)])
def test_a_million_samples_have_the_distribution(sigma: Fraction, width: int, entered: str) -> None:
    check_distribution(sigma, width, entered, 1_000_000)


def test_chi_squared_sees_a_wrong_table() -> None:
    """Three percent of the deviation; a coin that both sides know."""
    found, made = samples(Fraction(200), 1 << 17, 5), sampler(Fraction(200))
    assert chi_squared(found, made, 20)[0] < 1.3
    assert chi_squared(found, sampler(Fraction(206)), 20)[0] > 2
    loaded = np.zeros(made.bits, dtype=np.int64)
    loaded[-1] = 1  # of the highest scale
    own, other = (coins(made.sigma, party, 5, 0, 1 << 16) for party in ("hospital", "vendor"))
    assert chi_squared(through(made.sigma, own | loaded, other & ~loaded), made, 20)[0] > 2


def test_coordinates_and_steps_are_uncorrelated() -> None:
    """Lanes of one launch, and the same lane of two steps; also of the squares."""
    found = samples(DEMO, 1 << 17, 6).astype(np.float64).reshape(-1, 32) / float(DEMO)
    for values in found, found**2:
        limit = 5 / np.sqrt(len(values))
        across = np.corrcoef(values, rowvar=False) - np.eye(32)
        assert np.abs(across).max() < limit
        steps = values.reshape(2, -1)
        assert np.abs(np.corrcoef(steps) - np.eye(2)).max() < 5 / np.sqrt(steps.shape[1])
