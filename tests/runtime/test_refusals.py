"""Refusals in the ledger: each kind is there, and no number of them fills a disk."""

from __future__ import annotations

import json
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.command import HERE, call, finish, port, start
from support.ledger_worker import CONSUMER, CONTRACT, COST, DATA, PROGRAM
from support.ledgers import grant, opened
from support.room import Room

from runtime.ledger.events import Attempt, Denied, now
from runtime.ledger.refusals import About, name, note
from runtime.ledger.store import Ledger
from runtime.session.hello import DifferentPrograms


def denied(rule: str = "consumer-budget", later: timedelta = timedelta(0), **more: Any) -> Denied:
    about = About(Attempt.RUN, CONSUMER, CONTRACT, PROGRAM, (DATA,))
    return about.denied(rule).model_copy(update={"at": now() + later, **more})


def written(ledger: Ledger) -> list[int]:
    return [event.times for event in ledger.history() if isinstance(event, Denied)]


def test_a_thousand_equal_refusals_are_ten_events(tmp_path: Path) -> None:
    with opened(tmp_path, grant(COST)) as ledger:
        for _ in range(1000):
            ledger.deny(denied())
        assert written(ledger) == [2**k for k in range(10)]
        ledger.deny(denied(later=timedelta(hours=23)))
        assert len(written(ledger)) == 10
        ledger.deny(denied(later=timedelta(hours=25)))
        assert written(ledger)[-1] == 1002


def test_another_rule_or_run_is_another_refusal_and_another_amount_is_not(tmp_path: Path) -> None:
    with opened(tmp_path, grant(COST)) as ledger:
        for event in (
            denied(),
            denied("revoked"),
            denied(contract="1" * 64),
            denied(program="1" * 64),
            denied(consumer="1" * 64),
            denied(data=()),
            denied(attempt=Attempt.CONTRACT),
        ):
            ledger.deny(event)
        assert written(ledger) == [1] * 7
        ledger.deny(denied(asked=grant(COST).budget))  # type: ignore[union-attr]  # it is a Granted
        assert written(ledger) == [1] * 7 + [2]


@pytest.mark.parametrize(
    "edit", ["UPDATE refusal SET times = 'x'", "UPDATE refusal SET times = -5", "DELETE FROM refusal"]
)
def test_counts_that_were_edited_cost_nothing_but_counts(tmp_path: Path, edit: str) -> None:
    with opened(tmp_path, grant(COST)) as ledger:
        for _ in range(3):
            ledger.deny(denied())
        ledger._database.execute(edit)
        ledger.deny(denied())
        ledger.deny(denied())
        assert written(ledger) == [1, 2, 4]
        assert ledger.books().granted[DATA].budget.spend == COST


def test_a_clock_set_back_writes_refusals_and_no_more_of_them(tmp_path: Path) -> None:
    with opened(tmp_path, grant(COST)) as ledger:
        ledger.deny(denied())
        for _ in range(100):
            ledger.deny(denied(later=-timedelta(days=400)))
        assert written(ledger) == [1, 2, 4, 8, 16, 32, 64]


def test_where_there_is_no_ledger_nothing_is_written(tmp_path: Path) -> None:
    note(tmp_path / "none.db", denied())
    (tmp_path / "text.db").write_text("no ledger at all, but a file of some length" * 40)
    note(tmp_path / "text.db", denied())
    assert [path.name for path in tmp_path.iterdir()] == ["text.db"]


def test_grants_that_are_refused(tmp_path: Path) -> None:
    records, ledger = tmp_path / "r.csv", ["--ledger", str(tmp_path / "l.db")]
    records.write_text("x\n1\n2\n3\n")
    assert call("budget", "grant", str(records), "--epsilon", "1", "--delta", "0.4", *ledger).exit_code == 3
    assert call("budget", "grant", str(records), "--epsilon", "1", "--delta", "0.1", *ledger).exit_code == 0
    with Ledger(tmp_path / "l.db") as read:
        first, second = read.history()
    assert isinstance(first, Denied) and (first.attempt, first.rule) == (Attempt.GRANT, "delta-above-one-in-n")
    assert first.data == (second.data,)  # type: ignore[union-attr]  # it is a Granted
    told = call("budget", "history", *ledger).stdout
    assert "refused      grant (delta-above-one-in-n), on r.csv (data set 1)" in told


def test_contracts_that_are_made_signed_and_refused(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.told(*room.new("--epsilon", "1", *room.ledger))
    foreign = str(tmp_path / "hospital.crt")
    sign = ["contract", "sign", room.contract, *room.keys("hospital"), *room.ledger]
    assert room.refused(*sign, "--peer", foreign)["code"] == "foreign-peer"
    for _ in range(2):
        room.told(*sign)
    events = room.told("budget", "history", *room.ledger)["events"]
    assert [event.get("step", event.get("rule")) for event in events] == ["made", "foreign-peer", "signed"]
    assert events[0]["privacy"]["per_run"]["epsilon"] == "1" and events[0]["rows"] == [
        {"name": "records", "records": 20}
    ]
    vendor = ["contract", "sign", room.contract, *room.keys("vendor")]
    room.told(*vendor, "--ledger", str(tmp_path / "vendor.db"))
    assert [e["step"] for e in room.told("budget", "history", "--ledger", str(tmp_path / "vendor.db"))["events"]] == [
        "signed"
    ]


def test_callers_that_are_not_the_peer_are_one_event_a_run(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.agree()
    room.grant("1", "1e-4")
    hospital = start(*room.hospital("--wait", "3"))
    where = port(hospital)
    for _ in range(5):
        with socket.create_connection((HERE, where)) as caller:
            caller.sendall(b"GET / HTTP/1.1\r\n\r\n")
            caller.recv(100)
    assert finish(hospital)[0] == 1
    events = room.told("budget", "history", *room.ledger)["events"]
    last = events[-1]
    assert (last["kind"], last["attempt"], last["rule"], last["times"]) == ("refused", "call", "not-the-peer", 5)
    assert "GET" not in json.dumps(events)


def test_a_refusal_has_one_word() -> None:
    assert name(DifferentPrograms("x")) == "different-programs" and name(KeyboardInterrupt()) == "keyboard-interrupt"


def test_a_few_refusals_each_day(tmp_path: Path) -> None:
    """One event a day at least, so that it is seen on which days; and those at which their number doubles."""
    with opened(tmp_path, grant(COST)) as ledger:
        for day in range(3):
            for _ in range(5):
                ledger.deny(denied(later=timedelta(days=day)))
        assert written(ledger) == [1, 2, 4, 6, 11]
