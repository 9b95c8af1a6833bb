"""Two parties, as two processes that talk over TLS, of which one is killed at a random moment, again and again.

    step_worker.py FOLDER KILLS SEED

The room of `step_runs` lies in FOLDER.  Each session goes on with the run that was cut, or begins the next one.  Before
the bytes that open a step leave, the hospital's process writes its run and index into `left`; the vendor's writes what
it heard into `heard`.  Prints how many of the sessions were killed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from support.contracts import HOSPITAL, NOW, VENDOR
from support.step_runs import RECORDS, Room, agreed, cost, program

from runtime.contract.refused import Refused
from runtime.contract.sign import digest
from runtime.execute.follow import Follow, Made
from runtime.ledger.store import Ledger
from runtime.net.errors import NetworkError
from runtime.net.tls import Listener, connect
from runtime.party.ledger_permit import LedgerPermit
from runtime.party.run import prepare, run
from runtime.party.step_log import StepLog, beside
from runtime.privacy.randomness import RunSecret

HERE, PATIENCE = "127.0.0.1", 3.0  # seconds: who waits longer is cut, which is as good
RUNS = 400  # of the contract: as many as there may be sessions


def forked(work: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        status = 1
        with suppress(NetworkError, Refused):
            work()
            status = 0
        os._exit(status)
    return child


def written(path: Path, *words: object) -> None:
    """One line, at once; a process that is killed behind it has written it."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, (" ".join(map(str, words)) + "\n").encode())
    os.close(handle)


def hospital(room: Room, listener: Listener, continues: bool) -> None:
    given = room.hospital(room.path, continues)
    assert isinstance(given, LedgerPermit)
    allow = given.releasing_step

    def releasing_step(index: int) -> None:
        allow(index)
        written(room.path / "left", given.run, index)

    given.releasing_step = releasing_step  # type: ignore[method-assign]  # of this one object
    sources = prepare(program(), "hospital", {"records": str(RECORDS)}, RunSecret.of(None))
    run(program(), "hospital", sources, listener.accept(PATIENCE, PATIENCE), None, given)


def vendor(room: Room, port: int, continues: bool) -> None:
    log = StepLog(beside(room.path / "vendor.db"), digest(agreed(room.runs).terms), program(), continues)

    def heard(made: Made) -> Any:
        assert log._path is not None
        if made.index >= follow.first:
            written(room.path / "heard", log._path.name, made.index)
        return made.after

    follow = Follow(log, heard)
    sources = prepare(program(), "vendor", room.given(), RunSecret.of(None))
    channel = connect(HERE, port, VENDOR, HOSPITAL.certificate, PATIENCE, PATIENCE)
    run(program(), "vendor", sources, channel, None, room.vendor(continues), follow=follow)


def session(room: Room, kill: Callable[[list[int]], None]) -> bool:
    """Whether both ended well."""
    with Ledger(room.ledger) as opened:
        continues = bool(opened.books().sessions.unfinished.get(digest(agreed(room.runs).terms)))
    with closing(Listener(HERE, 0, HOSPITAL, VENDOR.certificate)) as listener:
        children = [
            forked(lambda: hospital(room, listener, continues)),
            forked(lambda: vendor(room, listener.port, continues)),
        ]
    kill(children)
    return [os.waitpid(child, 0)[1] for child in children] == [0, 0]


def main(folder: str, kills: str, seed: str) -> int:
    found = cost()
    chance, killed = random.Random(int(seed)), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("runtime.party.ledger_permit.charges", lambda *_: found)
        for clock in ("party.ledger_permit", "ledger.run"):
            patch.setattr(f"runtime.{clock}.now", lambda: NOW)
        room = Room(Path(folder), RUNS)
        start = time.monotonic()
        assert session(room, lambda _: None)
        takes = time.monotonic() - start

        def kill(children: list[int]) -> None:
            time.sleep(chance.random() * takes)
            os.kill(chance.choice(children), signal.SIGKILL)

        for _ in range(int(kills)):
            killed += not session(room, kill)
        while not session(room, lambda _: None):
            pass
    return killed


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
