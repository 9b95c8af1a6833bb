"""The audit of real trainings: silent on the system as it is, and alarmed by each bug planted in it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from audit import bugs
from audit.moments import flaws
from audit.trainings import CANARIES, Setting, claim
from audit.verdict import Batch, Verdict, audit
from numpy.typing import NDArray

from runtime.privacy.accountant import Mechanism

JOINT, DRAWN = Setting(records=16), Setting(records=16, joint=False)
KINDS = pytest.mark.parametrize("setting", [JOINT, DRAWN], ids=["joint", "drawn"])
AGAIN = pytest.mark.parametrize("seed", range(20))
SIGMA = 0.7  # of the noise, in clips, as canaries.ccr has it
FLOOR = 0.7  # of the claimed epsilon: less would mean that the audit has lost sight of its canaries


def verdict(claimed: Mechanism, setting: Setting, seed: int, *, trainings: int = 600, wired: bool = True) -> Verdict:
    """The verdict on a sixth of the trainings with canaries of norm 10, the rest with canaries of norm 1."""

    def batches() -> Iterator[Batch]:
        yield setting.batch(trainings // 6, 10, seed, wired=wired)
        yield setting.batch(trainings - trainings // 6, 1, seed, wired=wired)

    return audit(claimed, batches(), 2)


def noise(setting: Setting, seed: int) -> NDArray[np.float64]:
    """Of 200 trainings on records that are all zeroed out; (trainings, steps * coordinates)."""
    nobody = np.zeros((200, len(CANARIES)), dtype=np.bool_)
    return setting.noisy_sums(nobody, 1, seed).reshape(200, -1)


def test_no_alarm_on_the_system_as_it_is() -> None:
    assert FLOOR < verdict(claim(JOINT), JOINT, 0).tightness() < 1


def test_no_alarm_where_one_party_draws_the_noise() -> None:
    """A look at a third of the trainings; more of them, and how much of the claim they see spent, are below."""
    assert not verdict(claim(DRAWN), DRAWN, 0, trainings=200).alarm


@pytest.mark.parametrize("bug", bugs.AGAINST_PRIVACY)
def test_a_planted_bug_alarms(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    claimed = claim(JOINT)
    bugs.AGAINST_PRIVACY[bug](monkeypatch)
    assert verdict(claimed, JOINT, 0).alarm


def test_canaries_that_are_not_wired_in_fail_the_floor() -> None:
    assert verdict(claim(JOINT), JOINT, 0, trainings=300, wired=False).tightness() < FLOOR


@KINDS
def test_the_noise_is_white(setting: Setting) -> None:
    assert flaws(noise(setting, 0), SIGMA) == []


@KINDS
@pytest.mark.parametrize("bug", bugs.AGAINST_WHITENESS)
def test_noise_that_is_not_white(setting: Setting, bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.AGAINST_WHITENESS[bug](monkeypatch)
    assert flaws(noise(setting, 0), SIGMA)


@pytest.mark.slow
@KINDS
@AGAIN
def test_every_verdict_again(setting: Setting, seed: int) -> None:
    all_verdicts(setting, seed, 600)


@pytest.mark.slow
def test_every_verdict_on_the_schedule_of_the_demo() -> None:
    """455 records, of which 15 may be canaries, 20 steps on batches of 64: epsilon 2."""
    demo = Setting(records=455, overrides=(("BATCH", "64"), ("STEPS", "20"), ("NOISE", "1.69")))
    all_verdicts(demo, 0, 2000)
    assert verdict(claim(demo), demo, 0, trainings=2000, wired=False).tightness() < FLOOR


def all_verdicts(setting: Setting, seed: int, trainings: int) -> None:
    claimed = claim(setting)
    tightness = verdict(claimed, setting, seed, trainings=trainings).tightness()
    print(f"\nas it is: {tightness:.2f} of the claimed epsilon")
    assert FLOOR < tightness < 1
    for bug, plant in bugs.AGAINST_PRIVACY.items():
        with pytest.MonkeyPatch.context() as patch:
            plant(patch)
            found = verdict(claimed, setting, seed, trainings=trainings)
            print(f"{bug}: {found.tightness():.2f} of the claimed epsilon")
            assert found.alarm, bug


@pytest.mark.slow
@KINDS
@AGAIN
def test_every_look_at_the_noise_again(setting: Setting, seed: int) -> None:
    assert flaws(noise(setting, seed), SIGMA) == []
    for bug, plant in bugs.AGAINST_WHITENESS.items():
        with pytest.MonkeyPatch.context() as patch:
            plant(patch)
            assert flaws(noise(setting, seed), SIGMA), bug
