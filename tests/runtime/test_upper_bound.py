"""Epsilon is an upper bound, and a close one: against closed forms and against an independent exact composition."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from fractions import Fraction
from math import inf, sqrt

import pytest
from dp_accounting.pld.privacy_loss_distribution import from_truncated_subsampled_gaussian_mechanism
from dp_accounting.privacy_accountant import NeighboringRelation
from support.exact_epsilon import Sampled, gaussian

from runtime.privacy.accountant import Mechanism, account, merged, upward
from runtime.privacy.composition import Uncertified, epsilon
from runtime.privacy.losses import Pair

DELTAS = (1e-5, 1e-9, 1e-12, 1e-15)
# sigma, T; with the cases of an absolute error of a transform, which understated the last two by up to 8 %
PLAIN = [
    (1.0, 1),
    (10.0, 1),
    (0.3, 1),
    (1.69, 20),
    (30.0, 1000),
    (1.0, 1000),
    (5.0, 400),
    (60.0, 40_000),
    (100.0, 100_000),
]
SAMPLED = [(0.01, 1.0, 1000), (0.14, 1.69, 20)]
LONGER = [(0.001, 0.8, 10_000), (0.5, 4.0, 100), (0.02, 2.0, 3000), (0.1, 1.0, 200)]


def excess(delta: float) -> float:
    """How far above the exact epsilon a bound may lie."""
    return 0.005 if delta >= 1e-10 else 0.01


def mechanism(sigma: float, steps: int, batch: int = 1000, n: int = 1000) -> Mechanism:
    return Mechanism(name="d", n=n, batch=batch, slots=n, steps=steps, noise_multiplier=sigma)


@pytest.mark.parametrize("delta", DELTAS)
@pytest.mark.parametrize(("sigma", "steps"), PLAIN)
def test_plain_gaussians(sigma: float, steps: int, delta: float) -> None:
    exact = gaussian(sqrt(steps) / sigma, delta)
    found = account([mechanism(sigma, steps)], delta)
    assert exact <= found.epsilon <= exact * (1 + excess(delta) / 5)
    told = re.search(r"epsilon = ([0-9.]+)", str(found))
    assert told is not None and exact <= float(told[1]) <= exact * (1 + excess(delta))


@pytest.mark.parametrize("delta", DELTAS)
@pytest.mark.parametrize(
    ("q", "sigma", "steps"), [*SAMPLED, *(pytest.param(*case, marks=pytest.mark.slow) for case in LONGER)]
)
def test_sampled_gaussians(q: float, sigma: float, steps: int, delta: float) -> None:
    found = account([mechanism(sigma, steps, round(1000 * q))], delta)
    exact = Sampled(q, sigma, steps)
    told = re.search(r"epsilon = ([0-9.]+)", str(found))
    assert told is not None and found.epsilon <= float(told[1])
    assert exact.delta(found.epsilon) <= delta < exact.delta(float(told[1]) / (1 + excess(delta)))


@pytest.mark.parametrize(
    ("q", "sigma", "steps"), [(0.5, 4.0, 100), pytest.param(0.02, 2.0, 3000, marks=pytest.mark.slow)]
)
def test_the_other_way_round(q: float, sigma: float, steps: int) -> None:
    """Both directions are bounded, also where neither is much smaller."""
    found = account([mechanism(sigma, steps, round(1000 * q))], 1e-9)
    assert 0 < Sampled(q, sigma, steps, swapped=True).delta(found.epsilon) < 1e-9


def test_several_mechanisms_against_their_closed_form() -> None:
    parts = [mechanism(sigma, steps) for sigma, steps in ((2.0, 10), (3.0, 20), (2.0, 5))]
    exact = gaussian(sqrt(sum(m.steps / m.noise_multiplier**2 for m in parts)), 1e-12)
    assert exact <= account(parts, 1e-12).epsilon <= exact * 1.001


@pytest.mark.parametrize(("slots", "steps"), [(96, 20), pytest.param(80, 5, marks=pytest.mark.slow)])
def test_batches_over_their_limit_cost_what_they_cost_elsewhere(slots: int, steps: int) -> None:
    """At a delta at which dp-accounting's absolute errors do not show."""
    m = replace(mechanism(1.69, steps, 64, 455), slots=slots)
    composed = from_truncated_subsampled_gaussian_mechanism(
        dataset_size=m.n,
        sampling_probability=m.rate,
        truncated_batch_size=slots,
        noise_multiplier=1.69,
        value_discretization_interval=2.5e-4,
        neighboring_relation=NeighboringRelation.REPLACE_SPECIAL,
    ).self_compose(steps)
    assert account([m], 1e-5).epsilon == pytest.approx(composed.get_epsilon_for_delta(1e-5), rel=3e-4)


def test_equal_mechanisms_are_composed_as_one() -> None:
    one = replace(mechanism(1.69, 20, 64, 455), slots=96)
    account([one], 1e-5)  # what is imported late is imported
    start = time.process_time()
    found = account([replace(one, name=f"d{i % 7}") for i in range(400)], 1e-5).epsilon
    assert time.process_time() - start < 1
    assert found == account([replace(one, steps=8000)], 1e-5).epsilon
    assert [m.steps for m in merged([one, replace(one, noise_multiplier=2.0), one])] == [40, 20]


@pytest.mark.parametrize("delta", [1e-285, 1e-300, 5e-324])
def test_a_delta_below_what_float64_tells_is_refused_by_name(delta: float) -> None:
    with pytest.raises(Uncertified, match=f"delta {delta:g} is too small"):
        account([mechanism(1.0, 10)], delta)


def test_so_many_steps_that_errors_add_up_are_refused() -> None:
    with pytest.raises(Uncertified, match="delta 1e-05"):
        account([mechanism(1e6, 1 << 40)], 1e-5)


@pytest.mark.parametrize("delta", [1e-9, 1e-5, 0.5])
def test_what_costs_nothing_is_told_as_nothing(delta: float) -> None:
    assert epsilon([(1, ((1.0, Pair(1e-9, 1.0)),))], delta) < 1e-9


@pytest.mark.parametrize(
    ("sigma", "least", "most"), [(0.0, inf, inf), (1e-6, inf, inf), (0.0499, inf, inf), (0.05, 600, 3000)]
)
def test_noise_that_hides_nothing(sigma: float, least: float, most: float) -> None:
    assert least <= account([mechanism(sigma, 20, 64, 455)], 1e-5).epsilon <= most


def test_a_figure_is_rounded_up() -> None:
    for given, said in (
        (1.9820001, "1.983"),
        (1.982, "1.982"),
        (0.0, "0.000"),
        (0.12341, "0.1235"),
        (3e-13, "0.000001"),
    ):
        assert upward(given) == said and Fraction(said) >= Fraction(given) * (1 - Fraction(1, 1 << 52))
    assert upward(float("inf")) == "inf"
