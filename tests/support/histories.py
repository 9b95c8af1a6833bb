"""Histories of a ledger with every kind of event, and logs of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from support.contracts import BUDGETS, HOSPITAL, VENDOR, terms
from support.ledger_worker import COST
from support.ledgers import times

from runtime.contract.sign import digest
from runtime.contract.terms import Terms
from runtime.ledger import log
from runtime.ledger.agreed import contracted
from runtime.ledger.events import (
    Adopted,
    Allotted,
    Attempt,
    Blocked,
    Continued,
    Corrected,
    CutOff,
    Denied,
    Event,
    Granted,
    Lifted,
    Moved,
    Reserved,
    Reveal,
    Revoked,
    Stepped,
    Unbounded,
    budget,
)
from runtime.ledger.store import Ledger
from runtime.net import keys

DATA, TWIN, VENDORS = "d1" * 32, "d2" * 32, keys.fingerprint(VENDOR.certificate)


def every_kind(agreed: Terms | None = None) -> list[Event]:
    """A history that the ledger allows, in time with the contract."""
    agreed = agreed or terms()
    at, contract = agreed.not_before + timedelta(hours=1), digest(agreed)
    whole = budget(times(COST, 40))
    privacy = agreed.privacy
    assert privacy is not None and BUDGETS is not None

    def run(number: int, **more: Any) -> Reserved:
        return Reserved(
            at=at,
            run=f"{number:064x}",
            data=(DATA,),
            consumer=VENDORS,
            contract=contract,
            program=agreed.program,
            cost=budget(COST),
            charge=budget(COST),
            composition=privacy.composition,
            per_run=privacy.per_run,
            total=privacy.total,
            runs=privacy.runs,
            **more,
        )

    def moved(number: int, *states: Any) -> list[Event]:
        return [Moved(at=at, run=f"{number:064x}", state=state) for state in states]

    return [
        Granted(at=at, data=DATA, label="records.csv", records=20, budget=whole, marks=DATA, reveals=("w",)),
        Granted(at=at, data=TWIN, label="twin.csv", records=21, budget=whole, marks=TWIN, same_as=DATA, reveals=("w",)),
        Allotted(at=at, data=DATA, consumer=VENDORS, label="vendor", budget=budget(times(COST, 3))),
        contracted(agreed, "made", "hospital").model_copy(update={"at": at}),
        contracted(agreed, "in_force", "hospital").model_copy(update={"at": at}),
        run(1, reveals=(Reveal(output="w", data=(DATA, TWIN)),)),
        *moved(1, "labels_sent", "releasing", "released"),
        run(2),
        *moved(2, "labels_sent", "releasing"),
        CutOff(at=at, run=f"{2:064x}", why="timeout"),
        run(3),
        Moved(at=at, run=f"{3:064x}", state="aborted", why="peer-closed"),
        Unbounded(
            at=at,
            run=f"{4:064x}",
            data=(DATA,),
            consumer=VENDORS,
            contract="c4" * 32,
            program="a5" * 32,
            reveals=(Reveal(output="w", data=(DATA,)),),
        ),
        Denied(at=at, attempt=Attempt.RUN, rule="consumer-budget", consumer=VENDORS, contract=contract, data=(DATA,)),
        Blocked(at=at, contract=contract, why="CheatingDetected"),
        Lifted(at=at, contract=contract),
        Granted(at=at + timedelta(days=400), data="d3" * 32, label="later.csv", budget=whole),
        Corrected(at=at + timedelta(hours=1), ahead=at + timedelta(days=400)),
        Revoked(at=at + timedelta(hours=2), contract=contract, party="vendor"),
    ]


def of_steps() -> list[Event]:
    """The kinds that are left: a policy is adopted, and a run under it is cut between its steps and goes on."""
    first, _, *rest = every_kind()
    at, policy = first.at, "e1" * 32
    reserved = next(event for event in rest if isinstance(event, Reserved))
    assert isinstance(first, Granted)
    run = reserved.model_copy(update={"reveals": (), "steps": 3, "policy": policy})

    def stepped(index: int) -> Stepped:
        return Stepped(at=at, run=run.run, index=index)

    def moved(state: Any) -> Moved:
        return Moved(at=at, run=run.run, state=state)

    return [
        Adopted(at=at, policy=policy, name="clinical", issued_by="the officer", version=1, text="[policy]\n"),
        first.model_copy(update={"policy": policy}),
        next(event for event in rest if isinstance(event, Allotted)),
        run,
        moved("labels_sent"),
        moved("releasing"),
        stepped(0),
        stepped(1),
        CutOff(at=at, run=run.run, why="timeout"),
        Continued(at=at, run=run.run, index=2),
        stepped(2),
        moved("finishing"),
        moved("released"),
    ]


def ledger_of(path: Path, events: list[Event]) -> Ledger:
    opened = Ledger(path, create=True)
    for event in events:
        opened.record(lambda _, event=event: [event])
    return opened


def exported(path: Path, events: list[Event], at: datetime) -> list[bytes]:
    """The lines of a log, signed by the hospital."""
    with ledger_of(path, events) as opened:
        return log.lines(opened, HOSPITAL, at)
