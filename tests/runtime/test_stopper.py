"""A vendor that stops upon what it has learned and spends the rest elsewhere learns no more than was granted."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from math import ceil, sqrt
from pathlib import Path

import pytest
from support.ledger_worker import DATA, REQUEST
from support.ledgers import allot, grant, opened
from support.stopper import delta_of, epsilon_of, true_delta

from runtime.contract.amounts import Spend
from runtime.ledger.events import budget
from runtime.ledger.run import Run

STEPS, WHOLE = 16, 0.9  # mu of all steps together
GRANTED = (4.0, 2e-5)
DELTA = 1e-5
MU = WHOLE / sqrt(STEPS)
COST = Spend(Fraction(ceil(epsilon_of(WHOLE, DELTA) * 1e6), 10**6), Fraction(1, 10**5))


@pytest.fixture(scope="module")
def charged(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[float, float]]:
    """What a ledger has taken for a run that was cut after so many steps, once the dead were looked after."""
    found: list[tuple[float, float]] = []
    assert REQUEST.privacy is not None
    privacy = REQUEST.privacy.model_copy(update={"per_run": budget(COST)})
    request = dataclasses.replace(REQUEST, steps=STEPS, cost=COST, charge=COST, privacy=privacy)
    whole = Spend(Fraction(1000), Fraction(1, 10))
    for steps in range(STEPS + 1):
        path: Path = tmp_path_factory.mktemp("stopped")
        with opened(path, grant(whole), allot(whole)) as ledger:
            run = Run.reserve(ledger, request)
            run.labels_sent()
            for index in range(steps):
                run.step(index)
            run.end()
            Run.reserve(ledger, request).end()
            taken = ledger.books().charged(DATA)
            found.append((float(taken.epsilon), float(taken.delta)))
    return found


def refunding(steps: int) -> tuple[float, float]:
    """What a ledger would take that gives unused steps back: what so many steps cost by themselves."""
    return epsilon_of(MU * sqrt(steps), DELTA), DELTA


def test_what_the_ledger_takes_does_not_depend_on_when_a_run_stops(charged: list[tuple[float, float]]) -> None:
    assert charged[0] == (0, 0)
    assert set(charged[1:]) == {(float(COST.epsilon), float(COST.delta))}


def test_the_best_stopper_learns_no_more_than_was_granted(charged: list[tuple[float, float]]) -> None:
    assert true_delta(STEPS, MU, GRANTED, lambda steps: charged[steps]) <= GRANTED[1]


def test_a_ledger_that_gave_steps_back_would_be_broken() -> None:
    found = true_delta(STEPS, MU, GRANTED, refunding)
    assert 3 * GRANTED[1] < found < 4 * GRANTED[1]  # 6.4e-5


def test_stopping_by_itself_is_worth_five_times_the_delta() -> None:
    """With nothing spent elsewhere: "it stopped early, so it cost less" is false by itself."""
    alone = (float(COST.epsilon), DELTA)
    assert true_delta(STEPS, MU, alone, refunding) > 5 * DELTA


def test_the_calculation_knows_what_a_gaussian_is_worth(charged: list[tuple[float, float]]) -> None:
    """Nobody stops, nothing is left to spend: the whole run is one mechanism of sqrt(steps) mu."""
    whole = (epsilon_of(WHOLE, DELTA), DELTA)
    found = true_delta(STEPS, MU, whole, lambda _: whole)
    assert found == pytest.approx(delta_of(WHOLE, whole[0]), rel=1e-4)
