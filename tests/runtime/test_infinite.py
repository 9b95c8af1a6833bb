"""What costs infinity passes a ledger only by name, and is written down; a revoked contract does not pass at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from support.ledger_worker import CONTRACT, DATA, REQUEST
from support.ledgers import allot, grant, opened, refused, spend

from runtime.contract.terms import Budget
from runtime.ledger.events import Granted, Revoked, State, Unbounded, decode, encode, now
from runtime.ledger.run import Request, Run

AMPLE = spend(8, "0.001")
BOTH = replace(REQUEST, reveals={"w": (DATA,)})
BARE = replace(BOTH, cost=None, charge=None, privacy=None)


def named(*outputs: str, data: str = DATA) -> Granted:
    budget = Budget(epsilon=AMPLE.epsilon, delta=AMPLE.delta)
    return Granted(at=now(), data=data, label="records.csv", budget=budget, reveals=outputs)


def states(path: Path, *events: Granted, request: Request) -> list[State]:
    """Of a run that went through."""
    with opened(path, *events) as ledger:
        run = Run.reserve(ledger, request)
        run.labels_sent()
        run.releasing()
        run.released()
        return list(ledger.books().states.values())


def test_no_budget_covers_an_infinite_epsilon(tmp_path: Path) -> None:
    with opened(tmp_path, grant(AMPLE), allot(AMPLE)) as ledger:
        for request in (BOTH, BARE):
            error = refused(lambda request=request: Run.reserve(ledger, request), "infinite-epsilon")
            assert "--reveal w" in error.help
        assert not ledger.books().runs


def test_it_passes_by_its_name_alone(tmp_path: Path) -> None:
    with opened(tmp_path, named("v", "ww"), allot(AMPLE)) as ledger:
        refused(lambda: Run.reserve(ledger, BARE), "infinite-epsilon")
    assert states(tmp_path, named("v", "w"), request=BARE) == [State.RELEASED]


def test_each_data_set_must_let_it_through(tmp_path: Path) -> None:
    other = "e" * 64
    request = replace(BARE, data=(DATA, other), reveals={"w": (DATA, other)})
    with opened(tmp_path, named("w")) as ledger:
        refused(lambda: Run.reserve(ledger, request), "nothing-granted")
        ledger.record(lambda _: [grant(AMPLE, other)])
        refused(lambda: Run.reserve(ledger, request), "infinite-epsilon")
        ledger.record(lambda _: [named("w", data=other)])
        Run.reserve(ledger, request).end()


def test_a_later_grant_takes_it_back(tmp_path: Path) -> None:
    with opened(tmp_path, named("w")) as ledger:
        Run.reserve(ledger, BARE).end()
        ledger.record(lambda _: [grant(AMPLE)])
        refused(lambda: Run.reserve(ledger, BARE), "infinite-epsilon")


def test_it_is_written_down_and_no_budget_pays_for_it(tmp_path: Path) -> None:
    with opened(tmp_path, named("w")) as ledger:
        for _ in range(2):
            Run.reserve(ledger, BARE).labels_sent()
        run = Run.reserve(ledger, BARE)
        run.end()
        books = ledger.books()
        assert books.revealed(DATA) == ["w", "w"]  # the third has told nothing
        assert books.charged(DATA) == spend(0, 0)
        started = [event for event in ledger.history() if isinstance(event, Unbounded)]
        assert [reveal.output for event in started for reveal in event.reveals] == ["w"] * 3


def test_what_is_finite_besides_is_charged(tmp_path: Path) -> None:
    with opened(tmp_path, named("w"), allot(AMPLE)) as ledger:
        Run.reserve(ledger, BOTH)
        assert ledger.books().charged(DATA) == BOTH.charge and ledger.books().revealed(DATA) == ["w"]


def test_events_from_before_there_were_reveals_are_read(tmp_path: Path) -> None:
    written = encode(grant(AMPLE))
    assert '"reveals":[]' in written
    assert decode(written.replace('"reveals":[],', "").replace(',"reveals":[]', "")) == decode(written)


def test_a_revoked_contract_starts_no_run(tmp_path: Path) -> None:
    with opened(tmp_path, named("w"), allot(AMPLE)) as ledger:
        ledger.record(lambda _: [Revoked(at=now(), contract=CONTRACT, party="vendor")])
        for request in (REQUEST, BARE):
            error = refused(lambda request=request: Run.reserve(ledger, request), "revoked")
            assert "`vendor`" in error.what
