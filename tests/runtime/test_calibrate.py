"""The noise and the steps of a budget, against known figures and against the neighbours of what is found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.privacy.accountant import Mechanism, account
from runtime.privacy.calibrate import OutOfReach, _least, noise_for, steps_for

DEMO = Mechanism(name="records", n=455, batch=64, slots=96, steps=20, noise_multiplier=1.69)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "low", "high"),
    [({"steps": 60, "noise_multiplier": 2.4}, 2.446, 2.46), ({"slots": 94}, 1.684, 1.686), ({}, 1.679, 1.681)],
)
def test_the_noise_of_epsilon_two(changes: dict[str, float], low: float, high: float) -> None:
    mechanism = replace(DEMO, **changes)
    (found,) = noise_for([mechanism], 2.0, 1e-5)
    assert low <= found <= high
    assert account([replace(mechanism, noise_multiplier=found)], 1e-5).epsilon <= 2.0
    assert account([replace(mechanism, noise_multiplier=found - 0.002)], 1e-5).epsilon > 2.0


@pytest.mark.slow
def test_several_mechanisms_keep_their_proportions() -> None:
    both = [DEMO, replace(DEMO, noise_multiplier=2 * 1.69)]
    one, other = noise_for(both, 3.0, 1e-5)
    assert other == pytest.approx(2 * one, abs=1e-3)
    assert account([replace(m, noise_multiplier=s) for m, s in zip(both, (one, other), strict=True)], 1e-5).epsilon <= 3


def test_the_steps_of_epsilon_two() -> None:
    steps = steps_for([DEMO], 0, 2.0, 1e-5)
    assert account([replace(DEMO, steps=steps)], 1e-5).epsilon <= 2.0
    assert account([replace(DEMO, steps=steps + 1)], 1e-5).epsilon > 2.0
    assert steps_for([DEMO, DEMO], 1, 1.5, 1e-5) == 0  # the first alone costs more
    assert steps_for([replace(DEMO, noise_multiplier=1e6)], 0, 2.0, 1e-5) == 1 << 20


def test_what_no_noise_can_buy() -> None:
    with pytest.raises(OutOfReach, match="no noise costs"):
        noise_for([replace(DEMO, noise_delta=1e-5)], 2.0, 1e-5)
    with pytest.raises(ValueError, match="no noise to make"):
        noise_for([replace(DEMO, noise_multiplier=0.0)], 2.0, 1e-5)
    for epsilon in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="epsilon"):
            noise_for([DEMO], epsilon, 1e-5)
        with pytest.raises(ValueError, match="epsilon"):
            steps_for([DEMO], 0, epsilon, 1e-5)


@pytest.mark.parametrize("start", [1, 2, 7, 100, 5000])
def test_the_search_finds_the_least_and_ends(start: int) -> None:
    for least in (1, 2, 3, 64, 99, 100, 101, 999, 1000):
        asked: list[int] = []

        def holds(x: int, least: int = least, asked: list[int] = asked) -> bool:
            asked.append(x)
            return x >= least

        assert _least(holds, start, 1000) == least
        assert len(asked) <= 24 and len(set(asked)) == len(asked) and 1 <= min(asked) <= max(asked) <= 1000
    assert _least(lambda x: False, start, 1000) is None
