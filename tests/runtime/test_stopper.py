"""A vendor that stops upon what it has learned and spends the rest elsewhere learns no more than was granted."""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from fractions import Fraction
from math import ceil, sqrt
from pathlib import Path

import pytest
from support.ledger_worker import DATA, REQUEST
from support.ledgers import allot, grant, opened
from support.stopper import Charge, delta_of, epsilon_of, true_delta

from runtime.contract.amounts import Spend
from runtime.contract.refused import Refused
from runtime.contract.stops import evenly
from runtime.contract.terms import Stop
from runtime.ledger.events import budget
from runtime.ledger.run import Request, Run, end

STEPS, WHOLE = 16, 0.9  # mu of all steps together
GRANTED = (4.0, 2e-5)
DELTA = 1e-5
MU = WHOLE / sqrt(STEPS)
COST = Spend(Fraction(ceil(epsilon_of(WHOLE, DELTA) * 1e6), 10**6), Fraction(1, 10**5))
STOPS = (2, 4, 8, 16)
ROOMY = (5.0, 2e-5)  # stops cost the whole run something


@pytest.fixture(scope="module")
def charged(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[float, float]]:
    """What a ledger has taken for a run that was cut after so many steps, once the dead were looked after."""
    assert REQUEST.privacy is not None
    privacy = REQUEST.privacy.model_copy(update={"per_run": budget(COST)})
    return _taken(
        tmp_path_factory, dataclasses.replace(REQUEST, steps=STEPS, cost=COST, charge=COST, privacy=privacy), ends=False
    )


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[float, float]]:
    """The same of a run whose contract names stops, and which is ended as soon as it was cut."""
    named = evenly(STOPS, COST.delta)
    endings = tuple((steps, Spend(_exactly(_cost(steps, part)), part)) for steps, part in named)
    cost = Spend(endings[-1][1].epsilon, COST.delta)
    assert REQUEST.privacy is not None
    bounds = {"per_run": budget(cost), "stops": tuple(Stop(steps=steps, delta=part) for steps, part in named)}
    privacy = REQUEST.privacy.model_copy(update=bounds)
    request = dataclasses.replace(REQUEST, steps=STEPS, cost=cost, charge=cost, privacy=privacy, endings=endings)
    return _taken(tmp_path_factory, request, ends=True)


def _taken(factory: pytest.TempPathFactory, request: Request, ends: bool) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    whole = Spend(Fraction(1000), Fraction(1, 10))
    for steps in range(STEPS + 1):
        path: Path = factory.mktemp("stopped")
        with opened(path, grant(whole), allot(whole)) as ledger:
            run = Run.reserve(ledger, request)
            run.labels_sent()
            for index in range(steps):
                run.step(index)
            run.end()
            Run.reserve(ledger, request).end()
            if ends:
                with suppress(Refused):
                    end(ledger, request.contract)
            taken = ledger.books().charged(DATA)
            found.append((float(taken.epsilon), float(taken.delta)))
    return found


def _cost(steps: int, delta: Fraction) -> float:
    return epsilon_of(MU * sqrt(steps), float(delta))


def _exactly(epsilon: float) -> Fraction:
    return Fraction(ceil(epsilon * 1e6), 10**6)


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


def test_what_is_taken_at_a_stop(ended: list[tuple[float, float]]) -> None:
    part = COST.delta / len(STOPS)
    assert ended[0] == (0, 0)
    for steps in range(1, STEPS + 1):
        at = min(stop for stop in STOPS if stop >= steps)
        assert ended[steps] == (pytest.approx(_cost(at, part), abs=1e-6), DELTA)
    assert ended[1][0] < ended[STEPS][0] / 3


@pytest.mark.parametrize("granted", [ROOMY, (4.2, 2e-5), (4.2, 1e-5)])
def test_the_best_stopper_of_named_stops_learns_no_more_than_was_granted(
    ended: list[tuple[float, float]], granted: tuple[float, float]
) -> None:
    assert ended[STEPS][0] < granted[0]
    assert true_delta(STEPS, MU, granted, lambda steps: ended[steps]) <= granted[1]


REFUNDS: dict[str, Charge] = {
    "each stop at the whole delta": lambda steps: (_cost(_next(steps), COST.delta), DELTA),
    "the steps that were taken": lambda steps: (_cost(steps, COST.delta / len(STOPS)), DELTA),
    "the delta of the other stops too": lambda steps: (
        _cost(_next(steps), COST.delta / len(STOPS)),
        DELTA / len(STOPS),
    ),
    "the stop before": lambda steps: (_cost(max(STOPS[0], _next(steps) // 2), COST.delta / len(STOPS)), DELTA),
}


@pytest.mark.parametrize("refund", REFUNDS.values(), ids=REFUNDS)
def test_a_ledger_that_gave_more_back_at_stops_would_be_broken(refund: Charge) -> None:
    assert true_delta(STEPS, MU, ROOMY, refund) > 1.2 * ROOMY[1]


def _next(steps: int) -> int:
    return min(stop for stop in STOPS if stop >= steps)
