"""A hospital's permit, its ledger, and a session under it with a vendor in the same process."""

from __future__ import annotations

import functools
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from support.contracts import HOSPITAL, NOW, ROWS, VENDOR, contract, folder, program
from support.memory_channel import pair
from support.watched import Cheating, Logged, Watched

from runtime.contract.amounts import Spend
from runtime.contract.cost import Charges, charges
from runtime.contract.refused import Refused
from runtime.data.columns import NONE, Chosen
from runtime.data.load import Loaded
from runtime.ledger.events import (
    Allotted,
    Granted,
    State,
    budget,
)
from runtime.ledger.store import Ledger
from runtime.net.errors import NetworkError
from runtime.net.frames import Frame
from runtime.ot.errors import CheatingDetected
from runtime.party.ledger_permit import Bearer, LedgerPermit, permit
from runtime.party.run import prepare, run
from runtime.party.sources import load
from runtime.privacy.randomness import RunSecret
from runtime.session.hello import Disagreement
from runtime.session.permit import Permit

AGREED = contract()
RECORDS = folder() / "records.csv"


@functools.cache
def costs() -> Charges:
    assert AGREED.terms.privacy is not None
    return charges(program().compiled, {"records": ROWS}, AGREED.terms.privacy)


def in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The contract is valid, and its cost is computed once for all tests."""
    monkeypatch.setattr("runtime.party.ledger_permit.charges", lambda *_: costs())
    for clock in ("party.ledger_permit", "ledger.agreed", "ledger.refusals", "ledger.run", "cli.budgets"):
        monkeypatch.setattr(f"runtime.{clock}.now", lambda: NOW)


def granted(tmp_path: Path) -> Path:
    """A ledger that grants one run, and half of a second one."""
    request = made(tmp_path)._request
    amount = budget(Spend(request.cost.epsilon * 3 / 2, request.cost.delta * 3))
    path = tmp_path / "ledger.db"
    with Ledger(path, create=True) as opened:
        opened.record(
            lambda _: [
                Granted(at=NOW, data=request.data[0], label="records", budget=amount),
                Allotted(at=NOW, data=request.data[0], consumer=request.consumer, label="vendor", budget=amount),
            ]
        )
    return path


def made(tmp_path: Path) -> LedgerPermit:
    """The hospital's permit, to the ledger of this folder, which is made if there is none."""
    path = tmp_path / "ledger.db"
    Ledger(path, create=True).close()
    files = {"records": str(RECORDS)}
    bearer = Bearer("hospital", HOSPITAL, VENDOR.certificate)
    found = permit(AGREED, program(), bearer, files, path, loaded("hospital", files))
    assert isinstance(found, LedgerPermit)
    return found


def loaded(party: str, files: dict[str, str], columns: Chosen = NONE) -> dict[str, Loaded]:
    return load(program().compiled, frozenset({party}), files, columns)


def meet(
    inner: Permit,
    *,
    vendor_breaks_at: Frame | None = None,
    cheats: bool = False,
    vendors: Permit | None = None,
) -> tuple[list[str], Any, Any]:
    """What the hospital did, and what either side ended with."""
    log: list[str] = []
    here, there = pair(timeout=20.0)
    ends: dict[str, Any] = {}

    def side(party: str, given: dict[str, str], channel: Any, permit: Permit) -> None:
        sources = prepare(program(), party, given, RunSecret.of(None))
        try:
            ends[party] = run(program(), party, sources, channel, None, permit)
        except (Refused, NetworkError, CheatingDetected, Disagreement) as error:
            ends[party] = error

    weights = folder() / "w0.csv"
    weights.write_text("w\n0.5\n-0.25\n")
    theirs = (Cheating if cheats else Watched)(there, [], vendor_breaks_at)
    vendor = Thread(target=side, args=("vendor", {"w0": str(weights)}, theirs, vendors or Permit(inner.contract)))
    vendor.start()
    side("hospital", {"records": str(RECORDS)}, Watched(here, log), Logged(inner, log))
    vendor.join()
    return log, ends["hospital"], ends["vendor"]


def states(ledger: Path) -> list[State]:
    with Ledger(ledger) as opened:
        return list(opened.books().states.values())
