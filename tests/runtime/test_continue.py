"""A run that tells steps is cut, and gone on with: what is charged, what is told, and what comes out."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import contracts
from support.contracts import NOW
from support.ledgers import refused
from support.step_runs import STEPS, Room, agreed, cost, program

from runtime.contract.refused import Refused
from runtime.execute.follow import Made
from runtime.ledger.events import State
from runtime.ledger.store import Ledger
from runtime.net.errors import NetworkError, ProtocolError
from runtime.net.frames import Frame
from runtime.ot.errors import CheatingDetected
from runtime.party.ledger_permit import Bearer, ContractPermit, LedgerPermit, permit
from runtime.party.run import Report, prepare
from runtime.party.step_log import StepLog
from runtime.privacy.draws import draw_batch, draw_noise
from runtime.privacy.randomness import RunSecret
from runtime.session.guard import PeerRefused
from runtime.session.hello import DifferentStarts


@pytest.fixture(autouse=True)
def in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The contract is valid, and its cost is computed once for all tests."""
    found = cost()
    monkeypatch.setattr("runtime.party.ledger_permit.charges", lambda *_: found)
    for clock in ("party.ledger_permit", "ledger.run", "cli.budgets"):
        monkeypatch.setattr(f"runtime.{clock}.now", lambda: NOW)


def the_run(room: Room) -> tuple[State, int]:
    """Where the only run of a ledger is, and how many steps of it are spent; it is charged if any is."""
    with Ledger(room.ledger) as opened:
        books = opened.books()
        [(name, started)] = books.runs.items()
        spent = books.sessions.spent.get(name, 0)
        [data] = started.data
        assert (books.charged(data) == cost()[1]) == (spent > 0 or books.states[name] is not State.ABORTED)
        return books.states[name], spent


def test_a_whole_run_spends_all_its_steps(tmp_path: Path) -> None:
    room = Room(tmp_path)
    hospital, vendor = room.meet()
    assert isinstance(hospital, Report) and isinstance(vendor, Report)
    assert vendor.outputs["w"].tolist() == room.expected()
    assert the_run(room) == (State.RELEASED, STEPS)
    assert [len(sums) for sums in room.told.values()] == [1] * STEPS
    assert sorted(file.name for file in next(room.log.iterdir()).iterdir()) == [
        *(f"{index:012}" for index in range(STEPS)),
        "run.json",
    ]


@pytest.mark.parametrize("at", range(1, STEPS + 1))
def test_a_step_that_is_lost_on_its_way_is_spent(tmp_path: Path, at: int) -> None:
    room = Room(tmp_path)
    hospital, vendor = room.meet(cut=(Frame.NOISY_SUM, at))
    assert isinstance(hospital, NetworkError) and isinstance(vendor, NetworkError)
    assert the_run(room) == (State.RELEASING, at)
    hospital, vendor = room.meet(continues=True)
    assert isinstance(hospital, Report) and isinstance(vendor, Report)
    assert vendor.outputs["w"].tolist() == room.expected()
    assert the_run(room) == (State.RELEASED, STEPS)
    assert sorted(room.told) == [index for index in range(STEPS) if index != at - 1]
    assert all(len(sums) == 1 for sums in room.told.values())


def test_a_run_that_is_cut_before_its_first_step_was_free(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.meet(cut=(Frame.TABLES, 1))
    assert the_run(room) == (State.ABORTED, 0)
    refused(lambda: room.meet(continues=True), "nothing-to-continue")


def test_cuts_before_a_step_leaves_spend_nothing_and_draw_afresh(tmp_path: Path) -> None:
    """As often as the vendor likes: no index is spent, and each session has a batch and a noise of its own."""
    room = Room(tmp_path)
    room.meet(cut=(Frame.NOISY_SUM, 1))
    for _ in range(3):
        room.meet(continues=True, cut=(Frame.TABLES, 1))
        assert the_run(room) == (State.RELEASING, 1)
    hospital, vendor = room.meet(continues=True)
    assert isinstance(hospital, Report) and vendor.outputs["w"].tolist() == room.expected()


def test_many_cuts_and_never_a_step_too_many(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.meet(cut=(Frame.NOISY_SUM, 2))
    room.meet(continues=True, cut=(Frame.NOISY_SUM, 1))
    room.meet(continues=True, cut=(Frame.NOISY_SUM, 1))
    assert the_run(room) == (State.RELEASING, STEPS) and sorted(room.told) == [0]
    hospital, vendor = room.meet(continues=True)  # nothing is told any more, and the vendor has its outputs
    assert isinstance(hospital, Report) and vendor.outputs["w"].tolist() == room.expected()
    assert the_run(room) == (State.RELEASED, STEPS) and sorted(room.told) == [0]
    refused(lambda: room.meet(continues=True), "all-steps-used")


def test_a_vendor_may_go_on_with_any_weights(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.meet(cut=(Frame.NOISY_SUM, 3))
    room.weights = (-1.5, 2.0)
    hospital, vendor = room.meet(continues=True)
    assert isinstance(hospital, Report) and vendor.outputs["w"].tolist() == room.expected()


def test_the_contract_is_for_one_run_which_can_be_gone_on_with(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.meet(cut=(Frame.NOISY_SUM, 2))
    hospital, vendor = room.meet()
    assert (
        isinstance(hospital, Refused) and hospital.reason == "contract-runs" and "--continue" in (hospital.help or "")
    )
    assert isinstance(vendor, PeerRefused)


def test_a_peer_that_cheats_is_not_gone_on_with(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.meet(cut=(Frame.NOISY_SUM, 2))
    hospital, _ = room.meet(continues=True, cheats=True)
    assert isinstance(hospital, CheatingDetected) and the_run(room) == (State.RELEASING, 2)
    refused(lambda: room.meet(continues=True), "contract-blocked")


def test_both_sides_say_that_they_go_on(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.meet(cut=(Frame.NOISY_SUM, 2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ContractPermit, "continues", property(lambda permit: isinstance(permit, LedgerPermit)))
        hospital, vendor = room.meet(continues=True)
    assert isinstance(hospital, DifferentStarts) and "--continue was given here" in str(hospital)
    assert isinstance(vendor, DifferentStarts) and "--continue was given there" in str(vendor)
    assert the_run(room) == (State.RELEASING, 2)


def test_a_program_that_tells_no_steps_is_not_gone_on_with(tmp_path: Path) -> None:
    files = {"records": str(contracts.folder() / "records.csv")}
    bearer = Bearer("hospital", contracts.HOSPITAL, contracts.VENDOR.certificate)
    loaded = prepare(contracts.program(), "hospital", files, RunSecret.of(None)).loaded
    found = refused(
        lambda: permit(
            contracts.contract(), contracts.program(), bearer, files, tmp_path / "ledger.db", loaded, continues=True
        ),
        "nothing-to-continue",
    )
    assert "tells nothing after a step" in str(found)


def test_nothing_of_a_step_leaves_before_it_is_spent(tmp_path: Path) -> None:
    seen: list[str] = []
    Room(tmp_path).meet(seen=seen)
    told = [entry for entry in seen if entry.startswith("spent") or entry == "> NOISY_SUM"]
    assert told == [entry for index in range(STEPS) for entry in (f"spent {index}", "> NOISY_SUM")]


def test_a_step_is_spent_once_whatever_it_tells(tmp_path: Path) -> None:
    """A step of two variables tells two sums."""
    asked = Room(tmp_path).hospital(tmp_path)
    asked.opening()
    asked.labels()
    for index in (0, 0, 1, 1, 1):
        asked.releasing_step(index)
    asked.ended()
    with Ledger(tmp_path / "ledger.db") as opened:
        assert list(opened.books().sessions.spent.values()) == [2]


def test_a_contract_that_expires_between_two_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room(tmp_path)

    def late(made: Made) -> Any:
        if made.index == 1:
            monkeypatch.setattr("runtime.party.ledger_permit.now", lambda: agreed().terms.expires)
        return made.after

    hospital, _ = room.meet(drive=late)
    assert isinstance(hospital, Refused) and hospital.reason == "expired"
    monkeypatch.setattr("runtime.party.ledger_permit.now", lambda: NOW)
    assert the_run(room) == (State.RELEASING, 2)


def test_a_peer_that_begins_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for first in (1, STEPS + 1):
        monkeypatch.setattr(LedgerPermit, "first", property(lambda _, first=first: first))
        _, vendor = Room(tmp_path / str(first)).meet()
        assert isinstance(vendor, ProtocolError) and f"goes on with step {first}" in str(vendor)


@dataclass
class Drawn:
    """What the hospital's sessions drew, by the run secret: at which steps."""

    noise: dict[bytes, list[int]] = field(default_factory=dict[bytes, list[int]])
    batches: dict[bytes, list[int]] = field(default_factory=dict[bytes, list[int]])


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    found = Drawn()

    def noise(secret: RunSecret, draw: int, variable: int, position: tuple[int, ...], **given: Any) -> Any:
        found.noise.setdefault(secret.key, []).append(position[-1])
        return draw_noise(secret, draw, variable, position, **given)

    def batch(secret: RunSecret, draw: int, position: tuple[int, ...], **given: Any) -> Any:
        found.batches.setdefault(secret.key, []).append(position[-1])
        return draw_batch(secret, draw, position, **given)

    monkeypatch.setattr("runtime.party.sources.draw_noise", noise)
    monkeypatch.setattr("runtime.party.sources.draw_batch", batch)
    return found


def test_who_claims_a_loss_gets_no_second_noise_under_that_index(tmp_path: Path, drawn: Drawn) -> None:
    """The step was opened; what was drawn for it is drawn once, and for a later one only what was never opened."""
    room = Room(tmp_path)
    room.meet(cut=(Frame.NOISY_SUM, 2))
    room.meet(continues=True, cut=(Frame.NOISY_SUM, 1))
    room.meet(continues=True)
    first, second, third = drawn.noise.values()
    assert (first[:2], second[0], third) == ([0, 1], 2, [3]) and the_run(room) == (State.RELEASED, STEPS)


def test_a_step_that_was_never_opened_is_drawn_afresh(tmp_path: Path, drawn: Drawn) -> None:
    """Cut before it leaves, as often as the vendor likes: another secret each time, so another batch and noise."""
    room = Room(tmp_path)
    room.meet(cut=(Frame.NOISY_SUM, 1))
    for _ in range(4):
        room.meet(continues=True, cut=(Frame.TABLES, 1))
    assert len(drawn.batches) == 5  # secrets
    assert all(steps[0] == 1 for steps in list(drawn.batches.values())[1:])
    assert the_run(room) == (State.RELEASING, 1)


def test_what_passes_before_a_step_opens_does_not_tell_its_batch(tmp_path: Path) -> None:
    """Else a vendor that cuts before the opening, for nothing, could wait for a batch that it likes."""
    room, sessions = Room(tmp_path), list[list[str]]()
    for number in range(STEPS):
        seen: list[str] = []
        room.meet(continues=number > 0, cut=(Frame.NOISY_SUM, 1), seen=seen)
        sessions.append(seen[seen.index("> SEEDS") : seen.index(f"spent {number}")])
    assert sessions[1:] == sessions[:-1] and "> TABLES" in sessions[0]


# -- the vendor's log -------------------------------------------------------------------------------


def cut(tmp_path: Path, at: int = 3) -> tuple[Room, Path]:
    """A room where a run was cut, and the log of that run."""
    room = Room(tmp_path)
    room.meet(cut=(Frame.NOISY_SUM, at))
    [path] = room.log.iterdir()
    return room, path


def test_without_a_log_nobody_is_met(tmp_path: Path) -> None:
    room, path = cut(tmp_path)
    (path / "run.json").rename(tmp_path / "kept.json")
    refused(lambda: room.meet(continues=True), "no-step-log")
    (tmp_path / "kept.json").rename(path / "run.json")
    path.rename(path.with_name("0" * 64))  # the log of another run
    _, vendor = room.meet(continues=True)
    assert isinstance(vendor, Refused) and vendor.reason == "no-step-log"
    assert the_run(room) == (State.RELEASING, 3)


@pytest.mark.parametrize("how", ["cut off", "longer", "changed", "of another step", "gone", "header"])
def test_a_damaged_log_is_told(tmp_path: Path, how: str) -> None:
    room, path = cut(tmp_path)
    file = path / f"{0:012}"
    content = file.read_bytes()
    match how:
        case "cut off":
            file.write_bytes(content[:-1])
        case "longer":
            file.write_bytes(content + b"\0")
        case "changed":
            file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        case "of another step":
            file.write_bytes((path / f"{1:012}").read_bytes())
        case "gone":
            file.unlink()
        case _:
            (path / "run.json").write_text("[]")
    _, vendor = room.meet(continues=True)
    assert isinstance(vendor, Refused) and vendor.reason == "step-log-damaged"
    assert the_run(room) == (State.RELEASING, 3)


def test_a_ledger_that_was_put_back_is_told(tmp_path: Path) -> None:
    room, path = cut(tmp_path)
    (path / f"{3:012}").write_bytes((path / f"{1:012}").read_bytes())
    _, vendor = room.meet(continues=True)
    assert isinstance(vendor, Refused) and vendor.reason == "ledger-behind"


def test_the_log_of_another_program(tmp_path: Path) -> None:
    room, path = cut(tmp_path)
    header = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps(header | {"program": "0" * 64}))
    _, vendor = room.meet(continues=True)
    assert isinstance(vendor, Refused) and vendor.reason == "other-program"


def test_its_owner_alone_reads_the_log(tmp_path: Path) -> None:
    _, path = cut(tmp_path)
    assert [stat.S_IMODE(p.stat().st_mode) for p in (path, path.parent)] == [0o700, 0o700]
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.iterdir()} == {0o600}


def test_a_log_that_cannot_be_written_ends_the_session_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room, _ = cut(tmp_path, at=2)

    def full(room: Path, path: Path, content: bytes) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("runtime.party.step_log.fill", full)
        _, vendor = room.meet(continues=True)
    assert isinstance(vendor, Refused) and vendor.reason == "step-log-unwritable"
    assert sorted(room.told) == [0]
    assert isinstance(room.meet(continues=True)[1], Report)


def test_a_disk_that_is_full_by_then_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first step on no file of the vendor's is made, and none takes more of the disk."""
    room, opened = Room(tmp_path), os.open
    taken: list[int] = []

    def in_the_log(path: Any) -> bool:
        return str(path).startswith(str(room.log))

    def drive(made: Made) -> Any:
        if made.index == 0:
            monkeypatch.setattr(
                "runtime.files.os.open",
                lambda path, flags, *more, **named: (
                    _full() if in_the_log(path) and flags & os.O_CREAT else opened(path, flags, *more, **named)
                ),
            )
        taken.append(sum(file.stat().st_size for file in room.log.glob("*/*")))
        return made.after

    hospital, vendor = room.meet(drive=drive)
    assert isinstance(hospital, Report) and isinstance(vendor, Report)
    assert vendor.outputs["w"].tolist() == room.expected()
    assert len(taken) == STEPS and len(set(taken)) == 1


def test_of_many_steps_there_is_room_for_the_next_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.party.step_log.AHEAD", 2)
    log = StepLog(tmp_path, "c" * 64, program())
    log.begin("a" * 64, 0)
    [path] = (tmp_path / ("c" * 64)).iterdir()
    for index in range(STEPS):
        rooms = sorted(int(file.stem) for file in path.glob("*.room"))
        assert rooms == [i for i in (index, index + 1) if i < STEPS]
        if index == 1:
            (path / f"{index:012}.room").unlink()  # there is none where the disk was full by then
        log.learned(index, {0: np.array([index, -index])})
        found = log.again(index)
        assert found is not None and found[0].tolist() == [index, -index]


def _full() -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_without_room_is_told_before_anything_is_charged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("runtime.files.os.posix_fallocate", lambda *_: _full())
        _, vendor = room.meet()
    assert isinstance(vendor, Refused) and vendor.reason == "step-log-unwritable" and "No space" in vendor.what
    with Ledger(room.ledger) as ledger:
        assert not ledger.books().sessions.spent and set(ledger.books().states.values()) <= {State.ABORTED}
    assert isinstance(room.meet()[1], Report)


def test_several_steps_may_be_lost_at_once(tmp_path: Path) -> None:
    """An owner that waits for nothing of the vendor's in a step is steps ahead when the connection breaks."""
    sums = {0: np.array([3, -4])}
    log = StepLog(tmp_path, "c" * 64, program())
    log.begin("a" * 64, 0)
    log.learned(0, sums)
    for first, lost in ((3, (1, 2)), (3, (1, 2)), (4, (1, 2, 3))):
        log = StepLog(tmp_path, "c" * 64, program(), continues=True)
        log.begin("a" * 64, first)
        assert [log.again(index) for index in lost] == [None] * len(lost)
        again = log.again(0)
        assert again is not None and again[0].tolist() == [3, -4]
    header = json.loads((tmp_path / ("c" * 64) / ("a" * 64) / "run.json").read_text())
    assert header == {"program": program().digest, "starts": [0, 3, 4]}
    log.begin("a" * 64, 4)
    refused(lambda: StepLog(tmp_path, "c" * 64, program()).begin("a" * 64, 0), "run-known")


def test_a_new_run_says_that_an_earlier_one_can_be_gone_on_with(tmp_path: Path) -> None:
    """It is charged anew; whoever forgets `--continue` is told before."""
    room = Room(tmp_path, runs=2)
    assert room.hospital(room.path).unfinished == ""
    room.meet(cut=(Frame.NOISY_SUM, 2))
    assert re.fullmatch(r"step \d of \d+", room.hospital(room.path).unfinished)
    assert room.hospital(room.path, continues=True).unfinished == ""
