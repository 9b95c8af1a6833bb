"""Under a malicious evaluator's offsets the claim holds; with one rule of the shares broken it does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from audit import bugs, evaluator
from audit.evaluator import Attack
from audit.verdict import Verdict, audit

Plan = Callable[[pytest.MonkeyPatch], Attack]

HARMLESS: dict[str, tuple[Plan, int]] = {  # and how many trainings it takes to see the bug
    "offset on scores": (evaluator.scores, 40),
    "offset at the wrap": (evaluator.wrap, 40),
    "offset by slot": (evaluator.slots, 120),
    "offset on empty slots": (lambda patch: evaluator.empties(patch, 0), 240),
}
BUGS: dict[str, tuple[str, bugs.Plant, Plan]] = {
    "scaled gradient entered": ("offset on scores", bugs.scaled_entered, evaluator.scores),
    "noise behind the ring": ("offset at the wrap", bugs.noise_behind_the_ring, evaluator.wrap),
    "ascending slots": ("offset by slot", bugs.ascending_slots, evaluator.slots),
    "revived empties": ("offset on empty slots", bugs.revived_empties, lambda patch: evaluator.empties(patch, 1)),
}


AGAIN = pytest.mark.parametrize("seed", range(20))


def verdict(attack: Attack, trainings: int, seed: int) -> Verdict:
    return audit(attack.claim, [attack.batch(trainings, seed)], 1)


@pytest.mark.parametrize("name", ["offset on scores", "offset at the wrap"])  # the others below: they take longer
def test_an_offset_alone_shows_no_more_than_is_claimed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, trainings = HARMLESS[name]
    assert not verdict(plan(monkeypatch), trainings, 0).alarm


@pytest.mark.parametrize("bug", BUGS)
def test_with_a_rule_broken_it_alarms(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, plant, plan = BUGS[bug]
    plant(monkeypatch)
    assert verdict(plan(monkeypatch), HARMLESS[name][1], 0).alarm


@pytest.mark.slow
@AGAIN
def test_every_offset_again(seed: int) -> None:
    """With ten times the trainings where nothing may alarm."""
    for name, (plan, trainings) in HARMLESS.items():
        with pytest.MonkeyPatch.context() as patch:
            tightness = verdict(plan(patch), 10 * trainings, seed).tightness()
            print(f"\n{name}: {tightness:.2f} of the claimed epsilon")
            assert tightness < 1, name
    for bug, (name, plant, plan) in BUGS.items():
        with pytest.MonkeyPatch.context() as patch:
            plant(patch)
            found = verdict(plan(patch), HARMLESS[name][1], seed)
            print(f"{bug}: {found.tightness():.2f} of the claimed epsilon")
            assert found.alarm, bug
