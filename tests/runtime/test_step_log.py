"""The log of a vendor that is told steps: what it holds, what becomes of it, and room for it on the disk."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.ledgers import refused
from support.step_runs import STEPS, Room, its_contract_holds, program, the_run

from runtime.contract.refused import Refused
from runtime.execute.follow import Made
from runtime.ledger.events import State
from runtime.ledger.store import Ledger
from runtime.net.frames import Frame
from runtime.party.run import Report
from runtime.party.step_log import StepLog


@pytest.fixture(autouse=True)
def in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    its_contract_holds(monkeypatch)


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
