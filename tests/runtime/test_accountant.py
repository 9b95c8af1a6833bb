"""Epsilon against figures known from elsewhere, and what stands beside it."""

from dataclasses import replace
from fractions import Fraction
from math import comb

import pytest

from runtime.privacy.accountant import Mechanism, account, curve, rdp

DEMO = Mechanism(name="records", n=455, batch=64, slots=96, steps=20, noise_multiplier=1.69)


PLAIN = Mechanism(name="records", n=10_000, batch=100, slots=10_000, steps=1000, noise_multiplier=1.0)


def test_poisson_golden_value() -> None:
    """q = .01, sigma = 1, T = 1000, delta = 1e-5 is 1.828 by PLD; slots that never overflow leave plain Poisson."""
    assert account([PLAIN], 1e-5).epsilon == pytest.approx(1.828, abs=0.002)


def test_renyi_golden_value_and_its_label() -> None:
    found = rdp([PLAIN], 1e-5)
    assert found.epsilon == pytest.approx(2.101, abs=0.001)
    assert "plain Poisson sampling, which is not what is run" in str(found)
    with pytest.raises(ValueError, match="delta"):
        rdp([PLAIN], 0.0)


def test_truncated_poisson_golden_value() -> None:
    """455 records, batches of 64, 60 steps: epsilon 2 needs a multiplier between 2.446 and 2.46."""
    longer = replace(DEMO, steps=60)
    assert account([replace(longer, noise_multiplier=2.446)], 1e-5).epsilon > 2.0
    assert account([replace(longer, noise_multiplier=2.46)], 1e-5).epsilon < 2.0


def test_the_demo_keeps_its_promise() -> None:
    guarantee = account([DEMO], 1e-5)
    assert 1.97 < guarantee.epsilon < 2.0
    assert guarantee.adjacency == "zero-out of one record" and guarantee.unit == "one record = one row"
    assert "zero-out of one record" in str(guarantee) and "PLD" in str(guarantee) and "1e-05" in str(guarantee)


def test_fewer_slots_cost_more() -> None:
    """94 slots need sigma = 1.685 for epsilon 2, where 96 slots need 1.680."""
    assert account([replace(DEMO, slots=94, noise_multiplier=1.685)], 1e-5).epsilon == pytest.approx(2.0, abs=0.001)
    assert account([replace(DEMO, noise_multiplier=1.68)], 1e-5).epsilon == pytest.approx(2.0, abs=0.001)


def test_mechanisms_compose() -> None:
    half = replace(DEMO, steps=10)
    assert account([half, half], 1e-5).epsilon == pytest.approx(account([DEMO], 1e-5).epsilon, abs=1e-3)


def test_several_deltas_cost_one_composition() -> None:
    found = curve([DEMO], [1e-6, 1e-5, 1e-3])
    assert [g.delta for g in found] == [1e-6, 1e-5, 1e-3]
    assert found[0].epsilon > found[1].epsilon == account([DEMO], 1e-5).epsilon > found[2].epsilon


def test_the_delta_of_the_noise_is_taken_from_delta() -> None:
    """q T delta of it, and of two clips as often as the other records alone fill the slots."""
    q = Fraction(64, 455)
    full = float(sum(comb(454, k) * q**k * (1 - q) ** (454 - k) for k in range(96, 455)))
    joint = replace(DEMO, noise_delta=1e-8, far_delta=1e-5)
    assert joint.overflow() == pytest.approx(full, rel=1e-9) and replace(DEMO, slots=455).overflow() == 0
    assert joint.added_delta() == pytest.approx(float(q) * 20 * (1e-8 + full * 1e-5), rel=1e-9)
    assert DEMO.added_delta() == 0.0
    left = 1e-5 - joint.added_delta()
    assert account([joint], 1e-5).epsilon == account([DEMO], left).epsilon > account([DEMO], 1e-5).epsilon
    assert account([replace(DEMO, noise_delta=1e-5)], 1e-5).epsilon == float("inf")


def test_no_noise_is_no_privacy_and_no_release_is_free() -> None:
    assert account([replace(DEMO, noise_multiplier=0.0)], 1e-5).epsilon == float("inf")
    assert account([], 1e-5).epsilon == 0


@pytest.mark.parametrize("delta", [0.0, 1.0, -1.0, float("nan")])
def test_a_delta_that_means_nothing(delta: float) -> None:
    with pytest.raises(ValueError, match="delta"):
        account([DEMO], delta)


@pytest.mark.parametrize(
    "change",
    [
        {"batch": 456},
        {"batch": 0},
        {"slots": 0},
        {"steps": -1},
        {"noise_multiplier": float("nan")},
        {"noise_delta": -1e-9},
        {"far_delta": 2.0},
    ],
)
def test_a_mechanism_that_cannot_be(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="records"):
        replace(DEMO, **change)
