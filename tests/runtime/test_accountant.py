"""Epsilon against figures known from elsewhere, and what stands beside it."""
from dataclasses import replace

import pytest

from runtime.privacy.accountant import Mechanism, account

DEMO = Mechanism(name="records", n=455, batch=64, slots=96, steps=20, noise_multiplier=1.69)


def test_poisson_golden_value() -> None:
    """q = .01, sigma = 1, T = 1000, delta = 1e-5 is 1.828 by PLD; slots that never overflow leave plain Poisson."""
    plain = Mechanism(name="records", n=10_000, batch=100, slots=10_000, steps=1000, noise_multiplier=1.0)
    assert account([plain], 1e-5).epsilon == pytest.approx(1.828, abs=0.002)


def test_the_demo_keeps_its_promise() -> None:
    guarantee = account([DEMO], 1e-5)
    assert 1.97 < guarantee.epsilon < 2.0
    assert guarantee.adjacency == "zero-out of one record" and guarantee.unit == "one record = one row"
    assert "zero-out of one record" in str(guarantee) and "PLD" in str(guarantee) and "1e-05" in str(guarantee)


@pytest.mark.slow
def test_fewer_slots_cost_more() -> None:
    """94 slots need sigma = 1.685 for epsilon 2, where 96 slots need 1.680."""
    assert account([replace(DEMO, slots=94, noise_multiplier=1.685)], 1e-5).epsilon == pytest.approx(2.0, abs=0.001)
    assert account([replace(DEMO, noise_multiplier=1.68)], 1e-5).epsilon == pytest.approx(2.0, abs=0.001)


@pytest.mark.slow
def test_mechanisms_compose() -> None:
    half = replace(DEMO, steps=10)
    assert account([half, half], 1e-5).epsilon == pytest.approx(account([DEMO], 1e-5).epsilon, abs=1e-3)


def test_no_noise_is_no_privacy_and_no_release_is_free() -> None:
    assert account([replace(DEMO, noise_multiplier=0.0)], 1e-5).epsilon == float("inf")
    assert account([], 1e-5).epsilon == 0


@pytest.mark.parametrize("delta", [0.0, 1.0, -1.0, float("nan")])
def test_a_delta_that_means_nothing(delta: float) -> None:
    with pytest.raises(ValueError, match="delta"):
        account([DEMO], delta)


@pytest.mark.parametrize(
    "change", [{"batch": 456}, {"batch": 0}, {"slots": 0}, {"steps": -1}, {"noise_multiplier": float("nan")}]
)
def test_a_mechanism_that_cannot_be(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="records"):
        replace(DEMO, **change)
