"""The permit in a session: what may leave before it has opened, and what a run leaves in the ledger however it ends."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from support.command import call
from support.contracts import HOSPITAL, NOW, ROWS, VENDOR, program, write_records
from support.memory_channel import pair
from support.permits import AGREED, RECORDS, granted, in_time, loaded, made, meet, states

from runtime.contract.refused import Refused
from runtime.contract.terms import Contract, encode
from runtime.data.errors import InputError
from runtime.data.unchanged import unchanged
from runtime.ledger import store
from runtime.ledger.events import (
    State,
)
from runtime.ledger.seal import Seal
from runtime.ledger.store import Ledger
from runtime.net.errors import NetworkError
from runtime.net.frames import Frame
from runtime.ot.errors import CheatingDetected
from runtime.party.ledger_permit import Bearer, ContractPermit, LedgerPermit, permit
from runtime.party.run import prepare, run
from runtime.privacy.randomness import RunSecret
from runtime.program import Program
from runtime.session.guard import PeerRefused
from runtime.session.hello import DifferentRecords


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    in_time(monkeypatch)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return granted(tmp_path)


def test_nothing_leaves_before_its_mark_is_durable(tmp_path: Path, ledger: Path) -> None:
    log, hospital, vendor = meet(made(tmp_path))
    assert hospital.charged is not None and hospital.contract == vendor.contract != "" and vendor.charged is None
    order = [entry for i, entry in enumerate(log) if entry not in log[:i]]
    assert order == [
        "> HELLO",
        "< HELLO",
        "opening",
        "> SEEDS",
        "> BASE_CHOICES",
        "< BASE_OFFER",
        "> BASE_ANSWER",
        "< TREES",
        "labels",
        "< OT_BATCH",
        "> TABLES",
        "< OUTPUT_LABELS",
        "releasing",
        "> DECODING",
        "< DONE",
        "released",
        "ended",
    ]
    assert states(ledger) == [State.RELEASED]


def test_a_run_over_budget_sends_a_greeting_and_no_more(tmp_path: Path, ledger: Path) -> None:
    meet(made(tmp_path))
    log, hospital, vendor = meet(made(tmp_path))
    assert log == ["> HELLO", "< HELLO", "opening", "> ABORT", "ended"]
    assert isinstance(hospital, Refused) and hospital.reason == "consumer-budget"
    assert isinstance(vendor, PeerRefused)
    assert "epsilon" not in str(vendor) and "budget" not in str(vendor)
    assert states(ledger) == [State.RELEASED]


@pytest.mark.parametrize("frame", [Frame.SEEDS, Frame.OT_BATCH, Frame.TABLES, Frame.OUTPUT_LABELS])
def test_a_run_that_breaks_before_the_release_is_given_back(tmp_path: Path, ledger: Path, frame: Frame) -> None:
    log, hospital, _ = meet(made(tmp_path), vendor_breaks_at=frame)
    assert isinstance(hospital, NetworkError) and "releasing" not in log
    assert states(ledger) == [State.ABORTED]
    _, hospital, _ = meet(made(tmp_path))
    assert not isinstance(hospital, Exception)


@pytest.mark.parametrize("frame", [Frame.DECODING, Frame.DONE])
def test_one_that_breaks_after_it_is_charged(tmp_path: Path, ledger: Path, frame: Frame) -> None:
    log, hospital, _ = meet(made(tmp_path), vendor_breaks_at=frame)
    assert isinstance(hospital, NetworkError) and "released" not in log
    assert states(ledger) == [State.RELEASING]
    assert isinstance(meet(made(tmp_path))[1], Refused)


def test_a_peer_that_cheats_is_met_again_only_after_a_person_has_looked(tmp_path: Path, ledger: Path) -> None:
    log, hospital, _ = meet(made(tmp_path), cheats=True)
    assert isinstance(hospital, CheatingDetected) and "> DECODING" not in log
    assert log.index("CheatingDetected") < log.index("> ABORT")
    assert states(ledger) == [State.ABORTED]
    _, hospital, vendor = meet(made(tmp_path))
    assert isinstance(hospital, Refused) and hospital.reason == "contract-blocked" and isinstance(vendor, PeerRefused)
    file = tmp_path / "contract.json"
    file.write_bytes(encode(AGREED))
    assert "CheatingDetected" in call("budget", "show", "--ledger", str(ledger)).stdout
    assert call("budget", "lift", str(file), "--ledger", str(ledger)).exit_code == 0
    assert call("budget", "lift", str(file), "--ledger", str(ledger)).exit_code == 3
    assert not isinstance(meet(made(tmp_path))[1], Exception)
    history = call("budget", "history", "--ledger", str(ledger)).stdout
    assert "blocked      contract" in history and "lifted       contract" in history


def test_a_contract_that_expires_while_the_peer_is_waited_for(
    tmp_path: Path, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = made(tmp_path)
    monkeypatch.setattr("runtime.party.ledger_permit.now", lambda: AGREED.terms.expires)
    log, hospital, vendor = meet(waiting)
    assert isinstance(hospital, Refused) and hospital.reason == "expired" and isinstance(vendor, PeerRefused)
    assert log == ["> HELLO", "< HELLO", "opening", "> ABORT", "ended"] and states(ledger) == []


def test_a_contract_that_expires_while_both_work(tmp_path: Path, ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = made(tmp_path)
    mark = inner.labels

    def late() -> None:
        mark()
        monkeypatch.setattr("runtime.party.ledger_permit.now", lambda: AGREED.terms.expires)

    monkeypatch.setattr(inner, "labels", late)
    log, hospital, vendor = meet(inner)
    assert isinstance(hospital, Refused) and hospital.reason == "expired" and isinstance(vendor, PeerRefused)
    assert "< OUTPUT_LABELS" in log and "> DECODING" not in log and states(ledger) == [State.ABORTED]


def test_a_party_that_charges_nothing_looks_at_the_time_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the peer has come, and before its labels of the garbler's outputs leave, or the decoding bits."""
    terms = AGREED.terms
    given = ContractPermit(terms)
    for step in (given.opening, given.releasing):
        monkeypatch.setattr("runtime.party.ledger_permit.now", lambda: NOW)
        step()
        monkeypatch.setattr("runtime.party.ledger_permit.now", lambda: terms.expires)
        with pytest.raises(Refused) as refused:
            step()
        assert refused.value.reason == "expired"


def test_the_number_of_records_is_what_both_have_signed(tmp_path: Path, ledger: Path) -> None:
    inner = made(tmp_path)
    fewer = AGREED.terms.model_copy(update={"data": (AGREED.terms.data[0].model_copy(update={"records": ROWS - 1}),)})
    told = ContractPermit(fewer)
    told.contract = inner.contract
    _, hospital, vendor = meet(inner, vendors=told)
    assert isinstance(vendor, DifferentRecords) and "has 20 records, and the contract 19" in str(vendor)
    assert isinstance(hospital, NetworkError) and states(ledger) == [State.ABORTED]
    _, _, vendor = meet(made(tmp_path), vendors=ContractPermit(AGREED.terms))
    assert vendor.records == {"records": ROWS}


def test_how_long_a_peer_waits_does_not_tell_how_long_the_ledger_is(
    tmp_path: Path, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is verified and read between the greeting and the first byte behind it."""

    def work() -> int:
        waiting, done = made(tmp_path), 0

        def count(*_: object) -> None:
            nonlocal done
            done += 1

        mark, decode = Seal.mark, store.decode
        with monkeypatch.context() as patch:
            patch.setattr(Seal, "mark", lambda *given: (count(), mark(*given))[1])
            patch.setattr(store, "decode", lambda body: (count(), decode(body))[1])
            waiting.opening()
        waiting.ended()
        return done

    short = work()
    with Ledger(ledger) as opened:
        for kept in (opened.books().granted, opened.books().allotted):
            again = [event.model_copy(update={"at": NOW}) for event in kept.values()]
            opened.record(lambda _, again=again: again * 300)
    assert 0 < short == work()


def test_a_clock_behind_the_ledger_is_told_before_anybody_is_met(
    tmp_path: Path, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger(ledger) as opened:
        later = NOW + timedelta(seconds=1)
        opened.record(lambda books: [g.model_copy(update={"at": later}) for g in books.granted.values()])
    with pytest.raises(Refused) as refused:
        made(tmp_path)
    assert refused.value.reason == "clock-behind"


def test_a_seed_and_a_contract_exclude_each_other(tmp_path: Path, ledger: Path) -> None:
    sources = prepare(program(), "hospital", {"records": str(RECORDS)}, RunSecret.of(7))
    with pytest.raises(Refused) as refused:
        run(program(), "hospital", sources, pair(timeout=1.0)[0], None, made(tmp_path))
    assert refused.value.reason == "seeded" and states(ledger) == []


def test_a_run_secret_serves_one_run() -> None:
    sources = prepare(program(), "hospital", {"records": str(RECORDS)}, RunSecret.of(None))
    here, there = pair(timeout=1.0)
    there.abort()
    with pytest.raises(NetworkError):
        run(program(), "hospital", sources, here)
    with pytest.raises(ValueError, match="has served a run"):
        run(program(), "hospital", sources, pair(timeout=1.0)[0])


@pytest.mark.parametrize("replaced", [True, False])
def test_records_that_change_between_two_readings(tmp_path: Path, replaced: bool) -> None:
    """They are put back before the last one: the content alone would not tell."""
    file, other = write_records(tmp_path / "records.csv"), write_records(tmp_path / "other.csv", shift=1)
    good, bad = file.read_text(), other.read_text()
    with unchanged([str(file)]):
        assert file.read_text() == good
    with pytest.raises(InputError, match="changed while"), unchanged([str(file)]):
        for text in (bad, good):
            if replaced:
                other.write_text(text)
                other.replace(file)
            else:
                file.write_text(text)


def test_a_time_that_is_set_back_hides_no_change(tmp_path: Path) -> None:
    """Anybody can say when a file was last written to; when that was said is the system's word."""
    file = write_records(tmp_path / "records.csv")
    good, found = file.read_text(), file.stat()
    with pytest.raises(InputError, match="changed while"), unchanged([str(file)]):
        file.write_text(good[::-1])
        file.write_text(good)
        while file.stat().st_ctime_ns == found.st_ctime_ns or file.stat().st_mtime_ns != found.st_mtime_ns:
            os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))  # the system's clock goes by milliseconds


@pytest.mark.parametrize("step", ["labels", "releasing"])
def test_what_the_ledger_did_not_take_does_not_leave(
    tmp_path: Path, ledger: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger is edited while the run is on."""
    inner = made(tmp_path)
    mark: Callable[[], None] = getattr(inner, step)

    def edited() -> None:
        ledger.with_name("ledger.db.seal").unlink()
        mark()

    monkeypatch.setattr(inner, step, edited)
    log, hospital, vendor = meet(inner)
    assert isinstance(hospital, Refused) and hospital.reason == "seal-missing" and isinstance(vendor, PeerRefused)
    assert "> DECODING" not in log and ("> TABLES" in log) == (step == "releasing")


def test_the_same_records_in_another_file_have_the_same_contract_and_budget(tmp_path: Path, ledger: Path) -> None:
    """Of another format, with other names and other columns beside them; the ledger knows the whole file."""
    rows = np.loadtxt(RECORDS, delimiter=",", skiprows=1)
    bearer = Bearer("hospital", HOSPITAL, VENDOR.certificate)
    np.savez(tmp_path / "arrays.npz", label=rows[:, 2] == 1, features=rows[:, :2])
    files = {"records": str(tmp_path / "arrays.npz")}
    held = loaded("hospital", files, {"x": ["features"], "records.y": ["label"]})
    found = permit(AGREED, program(), bearer, files, ledger, held)
    assert isinstance(found, LedgerPermit) and found._request.data == made(tmp_path)._request.data
    np.savez(tmp_path / "wide.npz", y=rows[:, 2], x=rows[:, :2], age=rows[:, 0] * 3)
    files = {"records": str(tmp_path / "wide.npz")}
    wide = permit(AGREED, program(), bearer, files, ledger, loaded("hospital", files))
    assert isinstance(wide, LedgerPermit) and wide._request.data != found._request.data
    with pytest.raises(Refused, match="nothing-granted"):
        wide.opening()


def test_the_permit_checks_what_the_run_brings(tmp_path: Path) -> None:
    other = write_records(tmp_path / "other.csv", shift=1)
    path = tmp_path / "ledger.db"

    def reason(
        agreed: Contract = AGREED, party: str = "hospital", file: Path = RECORDS, built: Program | None = None
    ) -> str:
        identity = HOSPITAL if party == "hospital" else VENDOR
        with pytest.raises(Refused) as refused:
            bearer = Bearer(party, identity, VENDOR.certificate)
            files = {"records": str(file)}
            permit(agreed, built or program(), bearer, files, path, loaded("hospital", files))
        return refused.value.reason

    assert reason(file=other) == "other-data"
    assert reason(agreed=Contract(terms=AGREED.terms, signatures=())) == "unsigned"
    assert reason(party="vendor") == "foreign-peer"
    assert reason() == "no-ledger"
    turned = dataclasses.replace(program().compiled, garbler="vendor", evaluator="hospital")
    assert reason(built=dataclasses.replace(program(), compiled=turned)) == "owner-does-not-garble"
    vendors = permit(AGREED, program(), Bearer("vendor", VENDOR, HOSPITAL.certificate), {}, path, {})
    assert type(vendors) is ContractPermit and vendors.contract and vendors.charged is None
    assert vendors.records == {"records": ROWS}
