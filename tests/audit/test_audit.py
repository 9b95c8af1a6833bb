"""The audit of real trainings: silent on the system as it is, and alarmed by each bug planted in it."""
from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from audit import bugs
from audit.moments import flaws
from audit.trainings import CANARIES, Setting
from audit.verdict import Batch, Verdict, audit
from numpy.typing import NDArray

SMALL = Setting(records=16)
SEEDS = 20
FLOOR = 0.7                    # of the claimed epsilon: less would mean that the audit has lost sight of its canaries


def judged(setting: Setting, unit: int, long: int, seed: int, *, wired: bool = True) -> Verdict:
    """The verdict on `long` trainings with canaries of norm 10 and `unit` trainings with canaries of norm 1."""
    def batches() -> Iterator[Batch]:
        yield setting.batch(long, 10, seed, wired=wired)
        yield setting.batch(unit, 1, seed, wired=wired)
    verdict = audit(setting.claim(), batches(), 2)
    print(f"epsilon >= {verdict.at_least:.2f} of {verdict.claimed:.2f} claimed: {verdict.tightness:.2f}")
    return verdict


def small(seed: int, *, wired: bool = True) -> Verdict:
    return judged(SMALL, 500, 100, seed, wired=wired)


@pytest.mark.parametrize("seed", range(2))
def test_no_alarm_on_the_system_as_it_is(seed: int) -> None:
    assert FLOOR < small(seed).tightness < 1


@pytest.mark.parametrize("bug", bugs.AGAINST_PRIVACY)
def test_a_planted_bug_alarms(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.AGAINST_PRIVACY[bug](monkeypatch)
    assert small(0).alarm


def test_canaries_that_are_not_wired_in_fail_the_floor() -> None:
    assert small(0, wired=False).tightness < FLOOR


def noise(seed: int) -> NDArray[np.float64]:
    """Of 200 trainings on records that are all zeroed out; (trainings, steps * coordinates)."""
    nobody = np.zeros((200, len(CANARIES)), dtype=np.bool_)
    return SMALL.noisy_sums(nobody, 1, seed).reshape(200, -1)


@pytest.mark.parametrize("seed", range(2))
def test_the_noise_is_white(seed: int) -> None:
    assert flaws(noise(seed), SMALL.claim().noise_multiplier) == []


@pytest.mark.parametrize("bug", bugs.AGAINST_MOMENTS)
def test_noise_that_is_not_white(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.AGAINST_MOMENTS[bug](monkeypatch)
    assert flaws(noise(0), SMALL.claim().noise_multiplier)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, SEEDS))
def test_every_verdict_again(seed: int) -> None:
    assert FLOOR < small(seed).tightness < 1
    assert small(seed, wired=False).tightness < FLOOR
    for plant in bugs.AGAINST_PRIVACY.values():
        with pytest.MonkeyPatch.context() as patch:
            plant(patch)
            assert small(seed).alarm


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, SEEDS))
def test_every_look_at_the_noise_again(seed: int) -> None:
    assert flaws(noise(seed), SMALL.claim().noise_multiplier) == []
    for plant in bugs.AGAINST_MOMENTS.values():
        with pytest.MonkeyPatch.context() as patch:
            plant(patch)
            assert flaws(noise(seed), SMALL.claim().noise_multiplier)
