"""Runs that are ended for good at a stop that their contract names: what is charged then, and that no step follows."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import ending_worker
from support.command import ROOT
from support.ledger_worker import CONTRACT, DATA, REQUEST
from support.ledgers import allot, grant, opened, refused, spend, times
from support.named_stops import AFTER, ENDINGS, WHOLE, T, request, told

from runtime.contract.amounts import Spend
from runtime.contract.refused import Refused
from runtime.contract.stops import after, evenly, fit
from runtime.contract.terms import Stop
from runtime.ledger import run as run_events
from runtime.ledger.books import Books
from runtime.ledger.events import (
    Blocked,
    Continued,
    Contracted,
    Event,
    Lifted,
    Moved,
    Reserved,
    Revoked,
    Side,
    State,
    Stepped,
    budget,
    now,
)
from runtime.ledger.run import Cut, Run, cut, end
from runtime.ledger.store import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with opened(tmp_path, grant(times(WHOLE, 3)), allot(times(WHOLE, 3))) as made:
        yield made


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_what_is_given_back(ledger: Ledger, steps: int) -> None:
    run = told(ledger, steps)
    assert ledger.books().charged(DATA) == WHOLE
    ended = end(ledger, CONTRACT)
    taken = spend(AFTER[steps], "0.00001")
    assert ended.run == run.name and ended.charge.spend == taken and ended.cost.spend == WHOLE
    books = ledger.books()
    assert books.charged(DATA) == books.charged(DATA, REQUEST.consumer) == taken
    assert books.states[run.name] is State.STOPPED
    with Ledger(ledger.path) as again:  # as whoever opens it later sees it
        assert again.books().charged(DATA) == taken


@pytest.mark.parametrize("steps", [5, T])
def test_behind_the_last_stop_but_one_nothing_is(ledger: Ledger, steps: int) -> None:
    told(ledger, steps)
    refused(lambda: end(ledger, CONTRACT), "nothing-to-give-back")
    assert cut(ledger, ledger.books(), CONTRACT).index == steps


def test_without_stops_nothing_is(ledger: Ledger) -> None:
    run = Run.reserve(ledger, dataclasses.replace(REQUEST, steps=T))
    run.labels_sent()
    run.step(0)
    run._lock.release()
    refused(lambda: end(ledger, CONTRACT), "nothing-to-give-back")


def test_an_ended_run_never_steps_again(ledger: Ledger) -> None:
    run = told(ledger, 2)
    end(ledger, CONTRACT)
    refused(lambda: run.step(2), "run-state")
    refused(run.finishing, "run-state")
    refused(run.released, "run-state")
    refused(lambda: Run.resume(ledger, Cut(run.name, 2)), "nothing-to-continue")
    assert "after 2 of 6 steps" in refused(lambda: cut(ledger, ledger.books(), CONTRACT), "run-ended").what
    refused(lambda: end(ledger, CONTRACT), "run-ended")
    run.end()  # what a process does whose session is over: nothing is to be said any more
    assert ledger.books().charged(DATA) == spend(1, "0.00001")


def test_a_live_session_is_not_ended_and_one_without_its_lock_steps_no_further(ledger: Ledger) -> None:
    run = Run.reserve(ledger, request())
    run.labels_sent()
    run.step(0)
    with Ledger(ledger.path) as other:
        refused(lambda: end(other, CONTRACT), "run-busy")
        run._lock._path.unlink()  # were the lock's file lost: the ledger decides
        end(other, CONTRACT)
    refused(lambda: run.step(1), "run-state")


def test_an_ended_run_is_one_of_those_that_the_contract_allows(ledger: Ledger) -> None:
    asked = request(runs=1)
    run = Run.reserve(ledger, asked)
    run.labels_sent()
    run.step(0)
    run._lock.release()
    end(ledger, CONTRACT)
    refused(lambda: Run.reserve(ledger, asked), "contract-runs")


def test_what_is_given_back_may_be_spent_and_no_more(tmp_path: Path) -> None:
    with opened(tmp_path, grant(spend(4, "0.00002")), allot(spend(4, "0.00002"))) as ledger:
        told(ledger, 2)
        refused(lambda: Run.reserve(ledger, request()), "consumer-budget")
        end(ledger, CONTRACT)
        Run.reserve(ledger, request())
        assert ledger.books().charged(DATA) == spend(4, "0.00002")


def test_the_oldest_that_gives_something_back(ledger: Ledger) -> None:
    told(ledger, 5)
    second, third = told(ledger, 4), told(ledger, 1)
    assert end(ledger, CONTRACT).run == second.name
    assert end(ledger, CONTRACT).run == third.name
    refused(lambda: end(ledger, CONTRACT), "nothing-to-give-back")
    assert ledger.books().charged(DATA) == spend(3 + 2 + 1, "0.00003")


def test_a_blocked_contract_gives_nothing_back_and_a_revoked_one_does(ledger: Ledger) -> None:
    told(ledger, 1)
    ledger.record(lambda _: [Blocked(at=now(), contract=CONTRACT, why="CheatingDetected")])
    refused(lambda: end(ledger, CONTRACT), "contract-blocked")
    ledger.record(lambda _: [Lifted(at=now(), contract=CONTRACT), Revoked(at=now(), contract=CONTRACT, party="a")])
    assert end(ledger, CONTRACT).charge.spend == spend(1, "0.00001")


DIFFERENT = {
    "a delta too much": ((2, spend(1, "0.000003")), (4, spend(2, "0.000003")), (T, spend(3, "0.000005"))),
    "not at the end": ((2, spend(1, "0.000002")), (5, spend(3, "0.000008"))),
    "not in order": ((4, spend(1, "0.000002")), (2, spend(2, "0.000003")), (T, spend(3, "0.000005"))),
    "the whole costs more": ((2, spend(1, "0.000002")), (T, spend("3.5", "0.000008"))),
    "one alone": ((T, spend(3, "0.00001")),),
}


@pytest.mark.parametrize("endings", DIFFERENT.values(), ids=DIFFERENT)
def test_stops_that_do_not_fit_are_refused(ledger: Ledger, endings: tuple[tuple[int, Spend], ...]) -> None:
    refused(lambda: Run.reserve(ledger, request(endings)), "stops-differ")


def test_runs_that_are_charged_together_have_no_stops(ledger: Ledger) -> None:
    refused(lambda: Run.reserve(ledger, request(composition="pld")), "stops-differ")


def test_a_run_has_the_stops_of_its_contract(ledger: Ledger) -> None:
    privacy = request().privacy
    sides = (Side(name="hospital", key="e" * 64), Side(name="vendor", key=REQUEST.consumer))
    agreed = Contracted(
        at=now(),
        contract=CONTRACT,
        step="in_force",
        party="hospital",
        parties=sides,
        program=REQUEST.program,
        rows=(),
        reveals=(),
        not_before=now().replace(year=2000),
        expires=now().replace(year=2999),
        privacy=privacy,
    )
    ledger.record(lambda _: [agreed])
    other = ((1, spend(1, "0.000002")), *ENDINGS[1:])
    refused(lambda: Run.reserve(ledger, request(other)), "contract-differs")
    refused(lambda: Run.reserve(ledger, dataclasses.replace(REQUEST, steps=T)), "contract-differs")
    Run.reserve(ledger, request())


def test_killed_while_it_is_ended(tmp_path: Path) -> None:
    """Before each statement of the database: the run is charged whole and goes on, or it is ended for good."""
    done = subprocess.run(
        [sys.executable, str(ending_worker.__file__), str(tmp_path)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        timeout=120,
        check=True,
    )
    found = {tuple(json.loads(line)) for line in done.stdout.splitlines()}
    assert found == {(False, 3, 2), (True, 1, "nothing-to-continue")}
    assert len(done.stdout.splitlines()) > 8


@st.composite
def named(draw: st.DrawFn) -> tuple[tuple[int, Spend], ...]:
    """Stops of any run, whose epsilons need not ascend: delta may be spread as one likes."""
    steps = sorted(draw(st.sets(st.integers(1, 8), min_size=2, max_size=5)))
    epsilons = draw(st.lists(st.integers(1, 9), min_size=len(steps), max_size=len(steps)))
    deltas = draw(st.lists(st.integers(1, 9), min_size=len(steps), max_size=len(steps)))
    return tuple((t, spend(e, Fraction(d, 10**6))) for t, e, d in zip(steps, epsilons, deltas, strict=True))


ACTS = st.lists(st.sampled_from(["step", "step", "end", "continue", "finish", "release", "abort"]), max_size=16)


@given(endings=named(), acts=ACTS)
def test_whatever_happens_no_step_follows_an_end(endings: tuple[tuple[int, Spend], ...], acts: list[str]) -> None:
    """And what is charged is at least the least cost of a stop that is not before the last step, at the whole delta."""
    books, run, ended, steps = Books(), "e" * 64, False, 0
    whole = Spend(endings[-1][1].epsilon, sum((cost.delta for _, cost in endings), Fraction(0)))
    asked = dataclasses.replace(request(endings, whole, per_run=budget(whole)), steps=endings[-1][0])
    begun: list[Event] = [
        grant(times(whole, 2)),
        allot(times(whole, 2)),
        run_events._started(run, asked),
        Moved(at=now(), run=run, state="labels_sent"),
        Moved(at=now(), run=run, state="releasing"),
        Stepped(at=now(), run=run, index=0),
    ]
    for event in begun:
        books.check(event)
        books.take(event)
    steps = 1
    for act in acts:
        event = {
            "step": Stepped(at=now(), run=run, index=steps),
            "end": Moved(at=now(), run=run, state="stopped"),
            "continue": Continued(at=now(), run=run, index=steps),
            "finish": Moved(at=now(), run=run, state="finishing"),
            "release": Moved(at=now(), run=run, state="released"),
            "abort": Moved(at=now(), run=run, state="aborted"),
        }[act]
        with suppress(Refused):
            books.check(event)
            books.take(event)
            assert not ended
            steps += act == "step"
            ended = act == "end"
    least = min(cost.epsilon for t, cost in endings if t >= steps)
    charged = books.charged(DATA)
    assert charged.delta == whole.delta and charged.epsilon == (least if ended else whole.epsilon)
    found = books.runs[run]
    assert isinstance(found, Reserved) and found.charge.spend == charged


@given(
    steps=st.sets(st.integers(1, 10**6), min_size=2, max_size=64),
    delta=st.integers(1, 10**8).map(lambda n: Fraction(n, 10**12)),
)
def test_even_parts_are_amounts_and_add_up(steps: set[int], delta: Fraction) -> None:
    parts = evenly(sorted(steps), delta)
    fit(parts, max(steps), delta)
    for at, part in parts:
        assert Stop(steps=at, delta=part).delta == part
        assert abs(part * len(steps) / delta - 1) < Fraction(1, 10**5)


@given(endings=named())
def test_a_run_that_goes_on_never_costs_less(endings: tuple[tuple[int, Spend], ...]) -> None:
    costs = [after(endings, steps, Fraction(1, 10)).epsilon for steps in range(1, endings[-1][0] + 1)]
    assert costs == sorted(costs)
