"""What is written down of a run that did not come to its end."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from support.contracts import HOSPITAL, VENDOR, program
from support.ledgers import refused
from support.permits import AGREED, RECORDS, granted, in_time, loaded, made, meet

from runtime.contract.refused import Refused
from runtime.ledger.events import (
    Attempt,
    Contracted,
    CutOff,
    Denied,
    Event,
    Moved,
    Reserved,
)
from runtime.ledger.events import encode as encode_event
from runtime.ledger.refusals import name
from runtime.ledger.run import Run
from runtime.ledger.store import Ledger
from runtime.net.frames import Frame
from runtime.party.ledger_permit import Bearer, permit
from runtime.session.hello import Disagreement
from runtime.session.permit import Permit


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    in_time(monkeypatch)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return granted(tmp_path)


def told(ledger: Path) -> list[Event]:
    with Ledger(ledger) as opened:
        return opened.history()


def test_a_refused_run_is_written_down(tmp_path: Path, ledger: Path) -> None:
    for _ in range(2):
        meet(made(tmp_path))
    last = told(ledger)[-1]
    assert isinstance(last, Denied) and (last.attempt, last.rule, last.times) == (Attempt.RUN, "consumer-budget", 1)
    request = made(tmp_path)._request
    assert (last.consumer, last.contract) == (request.consumer, request.contract)
    assert (last.program, last.data) == (request.program, request.data)
    assert last.asked is not None and last.asked.spend == request.charge


def test_one_that_is_refused_before_the_peer_is_met_is_too(tmp_path: Path, ledger: Path) -> None:
    edited = AGREED.model_copy(update={"signatures": AGREED.signatures[:1]})
    files = {"records": str(RECORDS)}
    with pytest.raises(Refused, match="unsigned"):
        permit(
            edited,
            program(),
            Bearer("hospital", HOSPITAL, VENDOR.certificate),
            files,
            ledger,
            loaded("hospital", files),
        )
    last = told(ledger)[-1]
    assert isinstance(last, Denied) and last.rule == "unsigned" and last.program == program().digest


def test_a_peer_that_comes_with_another_contract_is_written_down(tmp_path: Path, ledger: Path) -> None:
    _, hospital, _ = meet(made(tmp_path), vendors=Permit("7" * 64))
    assert isinstance(hospital, Disagreement)
    last = told(ledger)[-1]
    assert isinstance(last, Denied) and last.rule == "different-contracts" and "7" * 64 not in encode_event(last)


@pytest.mark.parametrize(
    ("frame", "kind"), [(Frame.OT_BATCH, Moved), (Frame.DECODING, CutOff), (Frame.DONE, CutOff)], ids=str
)
def test_why_a_run_ended_is_written_down(tmp_path: Path, ledger: Path, frame: Frame, kind: type) -> None:
    _, hospital, _ = meet(made(tmp_path), vendor_breaks_at=frame)
    last = told(ledger)[-1]
    assert isinstance(last, kind) and last.why == name(hospital)


def test_a_contract_is_in_the_ledger_before_a_run_under_it(tmp_path: Path, ledger: Path) -> None:
    """Once, and a run that does not keep to it is refused."""
    for _ in range(2):
        meet(made(tmp_path))
    events = told(ledger)
    agreed = [event for event in events if isinstance(event, Contracted)]
    assert [event.step for event in agreed] == ["in_force"] and agreed[0].peer.name == "vendor"
    assert events.index(agreed[0]) < next(i for i, event in enumerate(events) if isinstance(event, Reserved))
    with Ledger(ledger) as opened:
        request = made(tmp_path)._request
        for change in ({"program": "1" * 64}, {"consumer": "2" * 64}):
            refused(lambda c=change: Run.reserve(opened, dataclasses.replace(request, **c)), "contract-differs")
        assert request.privacy is not None
        looser = dataclasses.replace(request, privacy=request.privacy.model_copy(update={"runs": 99}))
        refused(lambda: Run.reserve(opened, looser), "contract-differs")
        event = agreed[0].model_copy(update={"program": "3" * 64})
        refused(lambda: opened.record(lambda _: [event]), "contract-differs")


def test_no_run_begins_when_its_contract_has_expired(
    tmp_path: Path, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the time of the event itself, which is a moment later than that of the check before it."""
    request = made(tmp_path)._request
    monkeypatch.setattr("runtime.ledger.run.now", lambda: AGREED.terms.expires)
    with Ledger(ledger) as opened:
        refused(lambda: Run.reserve(opened, request), "expired")


def test_how_the_run_of_a_dead_process_ended(tmp_path: Path, ledger: Path) -> None:
    with Ledger(ledger) as opened:
        request = dataclasses.replace(made(tmp_path)._request, cost=None, contract="9" * 64)
        for step in ("reserved", "releasing"):
            run = Run.reserve(opened, request)
            if step == "releasing":
                run.labels_sent()
                run.releasing()
            run._lock.release()
        Run.reserve(opened, request)
        ended = [(event.kind, event.why) for event in opened.history() if isinstance(event, CutOff | Moved)]
    assert ("cut_off", "process-ended") in ended and ("moved", "process-ended") in ended
