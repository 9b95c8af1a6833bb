"""The ledger counts steps: each index once, T in all, whoever asks, and charged whole before the first one."""

from __future__ import annotations

import dataclasses
import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.ledger_worker import CONTRACT, COST, DATA, REQUEST
from support.ledgers import allot, grant, opened, refused, times

from runtime.contract.amounts import NOTHING
from runtime.contract.refused import Refused
from runtime.ledger import run as run_events
from runtime.ledger.books import Books
from runtime.ledger.events import Blocked, Continued, Event, Lifted, Moved, Revoked, State, Stepped, now
from runtime.ledger.run import Cut, Run, cut
from runtime.ledger.sessions import MOST_SESSIONS
from runtime.ledger.store import Ledger

T = 5
STEPWISE = dataclasses.replace(REQUEST, steps=T)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with opened(tmp_path, grant(times(COST, 3)), allot(times(COST, 2))) as made:
        yield made


def dies(run: Run) -> None:
    """As the kernel sees a process that ends; nothing is written."""
    run._lock.release()


def told(ledger: Ledger, steps: int) -> Run:
    """A run that has told so many steps."""
    run = Run.reserve(ledger, STEPWISE)
    run.labels_sent()
    for index in range(steps):
        run.step(index)
    return run


def test_the_whole_run_is_charged_with_its_first_step(ledger: Ledger) -> None:
    run = told(ledger, 0)
    run.end()
    assert ledger.books().charged(DATA) == NOTHING
    run = told(ledger, 1)
    run.end()
    assert ledger.books().charged(DATA) == COST and ledger.books().states[run.name] is State.RELEASING
    assert [e.state for e in ledger.history() if isinstance(e, Moved)] == [
        "labels_sent",
        "aborted",
        "labels_sent",
        "releasing",
    ]


def test_steps_come_in_their_order_and_once(ledger: Ledger) -> None:
    run = told(ledger, 2)
    for index in (0, 1, 3, T):
        refused(lambda index=index: run.step(index), "step-spent")
    run.step(2)
    assert ledger.books().sessions.spent[run.name] == 3


def test_t_in_all_whatever_number_of_sessions(ledger: Ledger) -> None:
    dies(told(ledger, 2))
    for _ in range(T - 2):
        found = cut(ledger, ledger.books(), CONTRACT)
        run = Run.resume(ledger, found)
        run.step(found.index)
        dies(run)
    found = cut(ledger, ledger.books(), CONTRACT)
    assert found.index == T
    run = Run.resume(ledger, found)
    refused(lambda: run.step(T), "all-steps-used")
    run.finishing()
    refused(lambda: run.step(T), "run-state")
    dies(run)
    refused(lambda: cut(ledger, ledger.books(), CONTRACT), "all-steps-used")
    refused(lambda: Run.resume(ledger, found), "nothing-to-continue")
    assert ledger.books().charged(DATA) == COST
    assert [e.index for e in ledger.history() if isinstance(e, Stepped)] == list(range(T))


def test_one_session_at_a_time(ledger: Ledger) -> None:
    run = told(ledger, 1)
    refused(lambda: cut(ledger, ledger.books(), CONTRACT), "run-busy")
    with Ledger(ledger.path) as other:
        refused(lambda: Run.resume(other, Cut(run.name, 1)), "run-busy")
    dies(run)
    found = cut(ledger, ledger.books(), CONTRACT)
    Run.resume(ledger, found).step(1)


def test_two_sessions_that_both_take_themselves_for_the_only_one(ledger: Ledger) -> None:
    """Were the lock's file lost: the counter is the ledger's, so that no index serves both."""
    one = told(ledger, 1)
    ledger.path.with_name(f"{ledger.path.name}.run-{one.name[:16]}").unlink()
    with Ledger(ledger.path) as opened_again:
        other = Run.resume(opened_again, Cut(one.name, 1))
        other.step(1)
        refused(lambda: one.step(1), "step-spent")
        one.step(2)
        refused(lambda: other.step(2), "step-spent")
    assert [e.index for e in ledger.history() if isinstance(e, Stepped)] == [0, 1, 2]


def test_one_who_has_looked_too_long(ledger: Ledger) -> None:
    dies(told(ledger, 1))
    found = cut(ledger, ledger.books(), CONTRACT)
    first = Run.resume(ledger, found)
    first.step(1)
    dies(first)
    refused(lambda: Run.resume(ledger, found), "step-spent")


def test_many_runs_of_one_contract_have_each_their_steps(ledger: Ledger) -> None:
    first, second = told(ledger, 1), told(ledger, 3)
    dies(second)
    dies(first)
    assert cut(ledger, ledger.books(), CONTRACT) == Cut(first.name, 1)
    again = Run.resume(ledger, Cut(first.name, 1))
    assert cut(ledger, ledger.books(), CONTRACT) == Cut(second.name, 3)
    again.released()
    assert cut(ledger, ledger.books(), CONTRACT) == Cut(second.name, 3)
    assert ledger.books().charged(DATA) == times(COST, 2)


def test_a_run_that_is_named_is_gone_on_with_and_no_older_one(ledger: Ledger) -> None:
    older, newer = told(ledger, 1), told(ledger, 2)
    dies(older)
    refused(lambda: cut(ledger, ledger.books(), CONTRACT, newer.name), "run-busy")
    dies(newer)
    assert cut(ledger, ledger.books(), CONTRACT) == Cut(older.name, 1)
    assert cut(ledger, ledger.books(), CONTRACT, newer.name) == Cut(newer.name, 2)
    with pytest.raises(Refused):
        cut(ledger, ledger.books(), CONTRACT, "of another name")


def test_the_attempts_are_bounded() -> None:
    books, run = Books(), "e" * 64
    for event in _events(run):
        books.take(event)
    for _ in range(MOST_SESSIONS):
        event = Continued(at=now(), run=run, index=1)
        books.check(event)
        books.take(event)
    refused(lambda: books.check(Continued(at=now(), run=run, index=1)), "too-many-sessions")


@pytest.mark.parametrize("how", ["blocked", "revoked"])
def test_a_contract_that_is_over_has_no_further_step(ledger: Ledger, how: str) -> None:
    run = told(ledger, 1)
    event = (
        Blocked(at=now(), contract=CONTRACT, why="CheatingDetected")
        if how == "blocked"
        else Revoked(at=now(), contract=CONTRACT, party="hospital")
    )
    ledger.record(lambda _: [event])
    reason = "contract-blocked" if how == "blocked" else "revoked"
    refused(lambda: run.step(1), reason)
    dies(run)
    refused(lambda: cut(ledger, ledger.books(), CONTRACT), reason)
    refused(lambda: Run.resume(ledger, Cut(run.name, 1)), reason)
    if how == "blocked":
        ledger.record(lambda _: [Lifted(at=now(), contract=CONTRACT)])
        Run.resume(ledger, cut(ledger, ledger.books(), CONTRACT)).step(1)


def test_a_run_without_steps_is_not_gone_on_with(ledger: Ledger) -> None:
    run = Run.reserve(ledger, REQUEST)
    run.labels_sent()
    run.releasing()
    refused(lambda: run.step(0), "all-steps-used")
    dies(run)
    refused(lambda: cut(ledger, ledger.books(), CONTRACT), "nothing-to-continue")
    refused(lambda: Run.resume(ledger, Cut(run.name, 0)), "nothing-to-continue")
    refused(lambda: Run.resume(ledger, Cut("0" * 64, 0)), "run-unknown")


ACTS = st.lists(st.sampled_from(["run", "resume", "step", "again", "dies", "finish", "release"]), max_size=40)


@given(acts=ACTS)
def test_whatever_happens_each_index_is_told_once(tmp_path_factory: pytest.TempPathFactory, acts: list[str]) -> None:
    """Told is what the ledger let pass; whatever was told is charged, whole."""
    books, alive, shown = Books(), dict[str, int](), dict[tuple[str, int], int]()
    for event in (grant(times(COST, 100)), allot(times(COST, 100))):
        books.take(event)
    for number, act in enumerate(acts):
        _act(books, act, f"{number:064x}", alive, shown)
    assert set(shown.values()) <= {1}
    runs = {run for run, _ in shown}
    assert all(sum(of == run for of, _ in shown) <= T for run in runs)
    charged = books.charged(DATA)
    assert charged.epsilon >= COST.epsilon * len(runs) and charged.delta >= COST.delta * len(runs)
    for run in runs:  # nothing gives it back
        with pytest.raises(Refused):
            books.check(Moved(at=now(), run=run, state="aborted"))


def _act(books: Books, act: str, name: str, alive: dict[str, int], shown: dict[tuple[str, int], int]) -> None:
    """One thing that a process might do to the ledger; `alive` are sessions, with the index that each is at."""

    def take(*events: Stepped | Continued | Moved) -> bool:
        try:
            for event in events:
                books.check(event)
                books.take(event)
        except Refused:
            return False
        return True

    run = next(reversed(alive), "")
    match act:
        case "run":
            for event in _events(name)[:2]:
                books.take(event)
            alive[name] = 0
        case "resume":
            for run in list(books.sessions.unfinished.get(CONTRACT, ())):
                if take(Continued(at=now(), run=run, index=books.sessions.spent[run])):
                    alive[run] = books.sessions.spent[run]
        case "step" | "again" if run:
            index = alive[run] if act == "step" else max(0, alive[run] - 1)
            first = [Moved(at=now(), run=run, state="releasing")] if books.states[run] is State.LABELS_SENT else []
            if take(*first, Stepped(at=now(), run=run, index=index)):
                shown[run, index] = shown.get((run, index), 0) + 1
                alive[run] = index + 1
        case "dies" if run:
            if books.states[run] is State.LABELS_SENT:
                take(Moved(at=now(), run=run, state="aborted"))
            del alive[run]
        case "finish" if run:
            take(Moved(at=now(), run=run, state="finishing"))
        case "release" if run:
            take(Moved(at=now(), run=run, state="released"))
        case _:
            pass


def _events(name: str = "e" * 64) -> list[Event]:
    """Of a run up to its first step."""
    return [
        run_events._started(name, STEPWISE),
        Moved(at=now(), run=name, state="labels_sent"),
        Moved(at=now(), run=name, state="releasing"),
        Stepped(at=now(), run=name, index=0),
    ]


def test_who_looks_after_the_dead_leaves_the_living_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the opening of a dead one's lock and its removal another session takes the run: its lock stays."""
    path = tmp_path / "lock"
    path.touch()  # of a process that has died
    lock, taken = fcntl.flock, list[run_events._Lock]()

    def later(handle: int, how: int) -> None:
        if not taken:
            path.unlink()
            monkeypatch.setattr(fcntl, "flock", lock)
            taken.append(run_events._Lock(path))
        lock(handle, how)

    monkeypatch.setattr(fcntl, "flock", later)
    assert run_events._lives(path) and path.exists()
    taken[0].release()
    assert not run_events._lives(path)
