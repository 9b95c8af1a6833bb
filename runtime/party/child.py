"""A party's process and the pipe to it: what it says, and how it is begun and ended."""

from __future__ import annotations

import pickle
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, assert_never

from compiler.words.integers import Array
from runtime.contract.refused import Refused as NotAllowed
from runtime.data.errors import Counted, InputError
from runtime.execute.follow import Made
from runtime.party.errors import PartyFailed
from runtime.party.nursery import Start, begun
from runtime.party.run import Report
from runtime.session.watch import Moment

PATIENCE = 3.0  # seconds for a child to end after its peer has failed


# What a child tells.
@dataclass(frozen=True, slots=True)
class Ready:
    """Inputs are good; the port it listens on, or 0, and the rows of its data sets."""

    port: int
    records: dict[str, int]


@dataclass(frozen=True, slots=True)
class Advanced:
    moment: Moment


@dataclass(frozen=True, slots=True)
class Refused:
    """An input is wrong; nothing has been sent."""

    what: str
    help: str
    file: str
    row: int | None
    column: str | None
    counted: Counted


@dataclass(frozen=True, slots=True)
class Denied:
    """A contract or a ledger does not allow it."""

    reason: str
    what: str
    help: str


@dataclass(frozen=True, slots=True)
class Failed:
    reason: str


Told = Ready | Advanced | Made | Refused | Denied | Failed | Report
Answer = Sequence[Array] | None  # to Made: what is carried on, if it is not what the program says


class Child:
    """A party's process and the pipe to it."""

    def __init__(
        self, party: str, work: Callable[[Connection, Any], None], task: object, start: Start | None = None
    ) -> None:
        """Without `start` it is an interpreter that must load everything first."""
        told = pickle.dumps((work, task))
        self.party = party
        self.pipe, theirs = Pipe()
        self.process = (start or begun)(theirs)
        theirs.close()
        with suppress(OSError):  # it has died: so says what it tells next
            self.pipe.send_bytes(told)

    def told(self) -> Told:
        """The next thing the child says; a dead child has failed."""
        try:
            told: Told = self.pipe.recv()
        except (EOFError, OSError):
            return Failed(f"its process ended in the middle ({self._end()})")
        return told

    def _end(self) -> str:
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return "it still runs"
        return signal.Signals(-code).name if code < 0 else f"exit status {code}"

    def ready(self) -> Ready:
        """That it is; raises InputError or PartyFailed."""
        told = self.told()
        match told:
            case Ready():
                return told
            case Refused(what, help, file, row, column, counted):
                raise InputError(what, help=help, file=file, row=row, column=column, counted=counted)
            case Denied():
                raise denied(told)
            case Failed(reason):
                raise PartyFailed(f"{self.party}: {reason}")
            case Advanced() | Made() | Report():
                raise PartyFailed(f"{self.party}: its process said {type(told).__name__} too early")
            case _:
                assert_never(told)

    def stop(self) -> None:
        self.pipe.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            self.process.wait()


def denied(told: Denied) -> NotAllowed:
    return NotAllowed(told.reason, told.what, help=told.help)
