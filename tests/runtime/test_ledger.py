"""The ledger: its bounds hold at every moment, whoever asks."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.command import call
from support.ledger_worker import CONSUMER, CONTRACT, COST, DATA, PRIVACY, REQUEST
from support.ledgers import allot, grant, opened, refused, spend, times

from runtime.contract.amounts import NOTHING, Spend, total
from runtime.contract.refused import Refused
from runtime.contract.terms import Privacy
from runtime.ledger.books import Books
from runtime.ledger.charges import of_contract
from runtime.ledger.events import Blocked, Corrected, Ending, Event, Granted, Moved, Reserved, State, budget, now
from runtime.ledger.run import Request, Run
from runtime.ledger.store import Ledger

OTHER = "e" * 64


# -- bounds


def test_the_share_of_one_consumer(tmp_path: Path) -> None:
    with opened(tmp_path, grant(times(COST, 5)), allot(times(COST, 2))) as ledger:
        for _ in range(2):
            Run.reserve(ledger, REQUEST).labels_sent()
        error = refused(lambda: Run.reserve(ledger, REQUEST), "consumer-budget")
        assert error.sums == {"bound": times(COST, 2), "charged": times(COST, 2), "asked": COST, "left": NOTHING}
        assert "asked: epsilon 0.25 at delta 0.000001" in str(error) and error.help == (
            "nothing is left to run; `ccr budget allot records.csv --to vendor.crt --epsilon 0.75 --delta 0.000003` "
            "would allow it"
        )


def test_what_would_fit_is_told(tmp_path: Path) -> None:
    with opened(tmp_path, grant(spend("0.4", "1e-5")), allot(spend("0.4", "1e-5"))) as ledger:
        Run.reserve(ledger, REQUEST)
        error = refused(lambda: Run.reserve(ledger, REQUEST), "consumer-budget")
        assert error.help.startswith("what fits: epsilon at most 0.15, delta at most 0.000009; ")


@pytest.mark.parametrize(("delta", "stands"), [("0.00999", True), ("0.01", False), ("0.5", False)])
def test_a_grant_of_one_in_n_is_refused(tmp_path: Path, delta: str, stands: bool) -> None:
    event = Granted(at=now(), data=DATA, label="records.csv", records=100, budget=budget(spend("1", delta)))
    if stands:
        opened(tmp_path, event).close()
    else:
        found = refused(lambda: opened(tmp_path, event), "delta-above-one-in-n")
        assert "1/n or more for the 100 records of `records.csv`" in str(found)


def test_delta_is_a_bound_of_its_own(tmp_path: Path) -> None:
    with opened(tmp_path, grant(spend(100, "1e-6")), allot(spend(100, "1e-6"))) as ledger:
        Run.reserve(ledger, REQUEST)
        refused(lambda: Run.reserve(ledger, REQUEST), "consumer-budget")


def test_the_bounds_of_the_contract(tmp_path: Path) -> None:
    with opened(tmp_path, grant(spend(100, "0.1")), allot(spend(100, "0.1"))) as ledger:

        def ask(**bounds: Any) -> Run:
            return Run.reserve(ledger, _with(PRIVACY.model_copy(update=bounds)))

        refused(lambda: ask(per_run=budget(spend("0.2", "1e-6"))), "run-budget")
        refused(lambda: ask(per_run=budget(spend(1, "1e-7"))), "run-budget")
        ask(runs=1)
        refused(lambda: ask(runs=1), "contract-runs")
        refused(lambda: ask(total=budget(spend("0.3", "1e-5"))), "contract-budget")


def test_shares_and_grants_are_consistent(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        refused(lambda: ledger.record(lambda _: [allot(COST)]), "nothing-granted")
        refused(lambda: Run.reserve(ledger, REQUEST), "nothing-granted")
        ledger.record(lambda _: [grant(times(COST, 4))])
        refused(lambda: Run.reserve(ledger, REQUEST), "nothing-allotted")
        ledger.record(lambda _: [allot(times(COST, 3))])
        refused(lambda: ledger.record(lambda _: [allot(times(COST, 2), OTHER)]), "above-grant")
        ledger.record(lambda _: [allot(times(COST, 1), OTHER)])
        Run.reserve(ledger, REQUEST)
        Run.reserve(ledger, REQUEST)
        refused(lambda: ledger.record(lambda _: [allot(COST)]), "below-charged")
        refused(lambda: ledger.record(lambda _: [grant(times(COST, 3))]), "below-allotted")
        ledger.record(lambda _: [allot(times(COST, 2)), grant(times(COST, 3))])
        refused(lambda: Run.reserve(ledger, REQUEST), "consumer-budget")
        assert ledger.books().charged(DATA) == times(COST, 2)


def test_the_data_sets_budget_binds_whoever_asks() -> None:
    """Shares never exceed the grant, so this bound is reached by way of a history alone."""
    books = Books()
    for event in (grant(COST), allot(times(COST, 2)), reserved("1")):
        books.take(event)
    refused(lambda: books.check(reserved("2")), "data-budget")


def test_every_data_set_of_the_program_is_charged(tmp_path: Path) -> None:
    both = Request((DATA, OTHER), *_rest(REQUEST))
    with opened(tmp_path, grant(times(COST, 2)), allot(times(COST, 2))) as ledger:
        refused(lambda: Run.reserve(ledger, both), "nothing-granted")
        ledger.record(lambda _: [grant(COST, OTHER), allot(COST, data=OTHER)])
        Run.reserve(ledger, both)
        refused(lambda: Run.reserve(ledger, both), "consumer-budget")
        Run.reserve(ledger, REQUEST)


def test_runs_fixed_beforehand_are_one_charge(tmp_path: Path) -> None:
    together = spend("0.4", "1e-6")
    pool = PRIVACY.model_copy(update={"composition": "pld", "runs": 3, "total": budget(together)})
    request = Request((DATA,), CONSUMER, CONTRACT, REQUEST.program, COST, together, pool)
    with opened(tmp_path, grant(together), allot(together)) as ledger:
        first = Run.reserve(ledger, request)
        assert ledger.books().charged(DATA) == together
        first.end()
        assert ledger.books().charged(DATA) == NOTHING
        runs = [Run.reserve(ledger, request) for _ in range(3)]
        assert ledger.books().charged(DATA) == together
        refused(lambda: Run.reserve(ledger, request), "contract-runs")
        runs[0].end()
        Run.reserve(ledger, request)
        assert ledger.books().charged(DATA) == together


@pytest.mark.parametrize("wrong", ["nan", "inf", "0", "-1", "1e400"])
def test_amounts_that_are_none(wrong: str) -> None:
    """They have no spelling, so no event can hold them."""
    for amount in (wrong, float(wrong)):
        for name in ("epsilon", "delta"):
            with pytest.raises(ValueError, match=r"not an amount|must lie above 0|not a string"):
                Privacy.model_validate({"per_run": {"epsilon": "1", "delta": "0.1"} | {name: amount}})


def test_the_bounds_hold_at_every_moment_of_any_history() -> None:
    """Events drawn at random: whatever the books let pass, no sum exceeds its bound, and no released run is lost."""
    draw = random.Random(1)
    passed, kinds = 0, {"granted": 0, "allotted": 0, "reserved": 0, "moved": 0}
    for _ in range(60):
        books, released = Books(), set[str]()
        for number in range(60):
            event = _drawn(draw, books, number)
            try:
                books.check(event)
            except Refused:
                continue
            books.take(event)
            passed += 1
            kinds[event.kind] += 1
            released |= {name for name, state in books.states.items() if state is State.RELEASING}
            for data, grant_ in books.granted.items():
                assert books.charged(data) == _added_up(books, data)
                assert books.charged(data).within(grant_.budget.spend)
                assert books.shares(data).within(grant_.budget.spend)
                assert books.shares(data) == total(
                    a.budget.spend for (of, _), a in books.allotted.items() if of == data
                )
            for (data, consumer), share in books.allotted.items():
                assert books.charged(data, consumer) == _added_up(books, data, consumer)
                assert books.charged(data, consumer).within(share.budget.spend)
            for contract in {run.contract for run in books.runs.values()}:
                live = [
                    run
                    for name, run in books.runs.items()
                    if run.contract == contract and books.states[name] is not State.ABORTED
                ]
                cost = live[0].charge.spend if live and live[0].composition == "pld" else times(COST, len(live))
                assert not live or (cost.within(live[0].total.spend) and len(live) <= live[0].runs)
                assert books._charges.total(of_contract(contract)) == cost
            charged = (State.RELEASING, State.FINISHING, State.RELEASED)
            assert all(books.states[name] in charged for name in released)
    assert passed > 1000 and min(kinds.values()) > 100


def _added_up(books: Books, data: str, consumer: str | None = None) -> Spend:
    """What is charged, from the runs that live: the largest charge of each account."""
    accounts: dict[str, Spend] = {}
    for name, run in books.runs.items():
        if books.states[name] is not State.ABORTED and data in run.data and consumer in (None, run.consumer):
            accounts[run.account] = run.charge.spend.larger(accounts.get(run.account, NOTHING))
    return total(accounts.values())


def _drawn(draw: random.Random, books: Books, number: int) -> Event:
    data, consumer = draw.choice([DATA, OTHER]), draw.choice([CONSUMER, "f" * 64])
    match draw.choice(["grant", "allot", "reserve", "reserve", "move", "move", "move"]):
        case "grant":
            return grant(times(COST, draw.randint(1, 12)), data)
        case "allot":
            return allot(times(COST, draw.randint(1, 6)), consumer, data)
        case "move" if books.states:
            state: Any = draw.choice([s.value for s in State if s is not State.RESERVED])
            return Moved(at=now(), run=draw.choice(list(books.states)), state=state)
        case _:
            pool = draw.random() < 0.5
            contract = ("1" if pool else "2") + consumer[1:]
            event = reserved("0", data=(data,), consumer=consumer, contract=contract, runs=4)
            return event.model_copy(
                update={
                    "run": f"{number:064x}",
                    "composition": "pld" if pool else "basic",
                    "total": budget(times(COST, 3)),
                    "charge": budget(times(COST, 2) if pool else COST),
                }
            )


# -- time


def test_a_clock_before_the_last_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could run what has expired.  What gives nobody anything is written by it all the same."""
    with opened(tmp_path, grant(times(COST, 2)), allot(times(COST, 2))) as ledger:
        run = Run.reserve(ledger, REQUEST)
        late = now() - timedelta(seconds=1)
        monkeypatch.setattr("runtime.ledger.run.now", lambda: late)
        error = refused(lambda: Run.reserve(ledger, REQUEST), "clock-behind")
        assert f"{late:%H:%M:%S}" in str(error) and "set the clock right" in error.help
        refused(run.labels_sent, "clock-behind")
        refused(lambda: ledger.record(lambda _: [grant(COST).model_copy(update={"at": late})]), "clock-behind")
        run.end()
        ledger.record(lambda _: [Blocked(at=late, contract=CONTRACT, why="CheatingDetected")])
        assert ledger.books().states[run.name] is State.ABORTED and CONTRACT in ledger.books().blocked
        refused(lambda: Run.reserve(ledger, REQUEST), "clock-behind")


def test_a_clock_that_was_ahead_is_corrected_by_the_owners_word(tmp_path: Path) -> None:
    """Nothing but that event is let through by the earlier clock; from there on it is the one that counts."""
    early, late = now(), now() + timedelta(days=400)
    first = grant(times(COST, 2)).model_copy(update={"at": late})
    with opened(tmp_path, first) as ledger:
        refused(lambda: ledger.record(lambda _: [allot(COST)]), "clock-behind")
        for wrong in (Corrected(at=early, ahead=early), Corrected(at=late, ahead=late)):
            refused(lambda event=wrong: ledger.record(lambda _: [event]), "clock-not-behind")
        ledger.record(lambda _: [Corrected(at=early, ahead=late)])
        ledger.record(lambda _: [allot(COST)])
        Run.reserve(ledger, REQUEST)
        refused(lambda: ledger.record(lambda _: [Corrected(at=now(), ahead=late)]), "clock-not-behind")
    with Ledger(tmp_path / "ledger.db") as again:
        assert again.books().latest is not None and again.books().latest < late
        assert [event.kind for event in again.history()] == ["granted", "corrected", "allotted", "reserved"]


def test_the_command_that_corrects_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late = now() + timedelta(days=400)
    opened(tmp_path, grant(COST).model_copy(update={"at": late})).close()
    ledger = ["--ledger", str(tmp_path / "ledger.db")]
    done = call("budget", "clock", *ledger)
    assert done.exit_code == 3 and "clock-behind" in done.stderr and "--was-ahead" in done.stderr
    assert call("budget", "clock", "--was-ahead", *ledger).exit_code == 0
    assert call("budget", "clock", *ledger).exit_code == 0
    assert call("budget", "clock", "--was-ahead", *ledger).exit_code == 3
    assert f"corrected    the clock, which had been at {late:%Y-%m-%d}" in call("budget", "history", *ledger).stdout


# -- what a run goes through


def test_a_released_run_is_never_given_back(tmp_path: Path) -> None:
    with opened(tmp_path, grant(COST), allot(COST)) as ledger:
        run = Run.reserve(ledger, REQUEST)
        refused(run.releasing, "run-state")
        run.labels_sent()
        run.releasing()
        run.end()
        assert list(ledger.books().states.values()) == [State.RELEASING]
        run = _same(ledger, run)
        run.released()
        run.end()
        assert ledger.books().charged(DATA) == COST


@pytest.mark.parametrize("sent", [False, True])
def test_a_run_that_released_nothing_is_given_back(tmp_path: Path, sent: bool) -> None:
    with opened(tmp_path, grant(COST), allot(COST)) as ledger:
        run = Run.reserve(ledger, REQUEST)
        if sent:
            run.labels_sent()
        run.end()
        assert ledger.books().charged(DATA) == NOTHING
        refused(run.releasing, "run-state")
        Run.reserve(ledger, REQUEST)


def test_only_the_listed_moves() -> None:
    states = list(State)
    half = budget(Spend(COST.epsilon / 2, COST.delta / 2))
    endings = (Ending(steps=1, cost=half), Ending(steps=2, cost=half.model_copy(update={"epsilon": COST.epsilon})))
    for before in states:
        for after in states[1:]:
            books = Books()
            books.take(reserved("1").model_copy(update={"steps": 2, "endings": endings}))
            books.states["1" * 64] = before
            move = Moved(at=now(), run="1" * 64, state=after.value)
            allowed = (before, after) in {
                (State.RESERVED, State.LABELS_SENT),
                (State.LABELS_SENT, State.RELEASING),
                (State.RELEASING, State.FINISHING),
                (State.RELEASING, State.STOPPED),
                (State.RELEASING, State.RELEASED),
                (State.FINISHING, State.RELEASED),
                (State.RESERVED, State.ABORTED),
                (State.LABELS_SENT, State.ABORTED),
            }
            if allowed:
                books.check(move)
                books.take(move)
                assert books.states["1" * 64] is after
            else:
                refused(lambda books=books, move=move: books.check(move), "run-state")


def test_a_live_run_keeps_what_it_holds(tmp_path: Path) -> None:
    with opened(tmp_path, grant(COST), allot(COST)) as ledger, Ledger(ledger.path) as another:
        run = Run.reserve(ledger, REQUEST)
        refused(lambda: Run.reserve(another, REQUEST), "consumer-budget")
        run.labels_sent()
        refused(lambda: Run.reserve(another, REQUEST), "consumer-budget")


def test_one_whose_lock_was_removed_can_release_nothing(tmp_path: Path) -> None:
    with opened(tmp_path, grant(COST), allot(COST)) as ledger:
        run = Run.reserve(ledger, REQUEST)
        run.labels_sent()
        for lock in tmp_path.glob("*.run-*"):
            lock.unlink()
        Run.reserve(ledger, REQUEST)
        refused(run.releasing, "run-state")


# -- helpers


def reserved(name: str, **more: Any) -> Reserved:
    fields: dict[str, Any] = {
        "at": now(),
        "run": name * 64,
        "data": (DATA,),
        "consumer": CONSUMER,
        "contract": CONTRACT,
        "program": REQUEST.program,
        "cost": budget(COST),
        "charge": budget(COST),
        "composition": "basic",
        "per_run": PRIVACY.per_run,
        "total": PRIVACY.total,
        "runs": PRIVACY.runs,
    }
    return Reserved(**(fields | more))


def _with(privacy: Privacy) -> Request:
    return Request(REQUEST.data, CONSUMER, CONTRACT, REQUEST.program, COST, COST, privacy)


def _rest(request: Request) -> tuple[Any, ...]:
    return (request.consumer, request.contract, request.program, request.cost, request.charge, request.privacy)


def _same(ledger: Ledger, run: Run) -> Run:
    """The same run again, as a process that has only the ledger would hold it."""
    return Run(ledger, run.name, run._lock)
