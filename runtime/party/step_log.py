"""The noisy sums that a run has told this party, kept so that it can go on after a cut: `--continue`.

Nothing secret is kept: what stands here was released.  One folder for each run of a contract,

    CONTRACT/RUN/run.json         the program, and the step that each session of the run began with
    CONTRACT/RUN/000000000007     the sums of the step of this index, packed as they are on the wire, and their hash

each file whole or not there, and durable before the next step is asked for.  A step of which the owner's ledger says
that it left, and which is not here, was lost on its way.  Before the first one leaves there is room on the disk for all
that may come (of very many, AHEAD), `000000000007.room`: what was told is charged, and a full disk must not lose it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from compiler.schedule.told import Training, trainings
from compiler.words.integers import Array
from compiler.words.ir import Type
from runtime.contract.refused import Refused
from runtime.execute.bits import from_bits, to_bits
from runtime.execute.follow import Sums
from runtime.files import PRIVATE, fill, replace_bytes, take
from runtime.program import Program

AHEAD = 1 << 16  # steps for which there is room: so many files are made in less time than a peer waits
_FOLDER = 0o700
_MAGIC = b"ccr step 1\n"
_HASH = 32  # bytes
_HEADER = "run.json"
_LONGEST_HEADER = 1 << 16  # bytes; a thousand sessions
_INDEX = re.compile(r"[0-9]{12}", re.ASCII)


def beside(ledger: Path) -> Path:
    """Where the logs lie of a party whose ledger, if it has one, is this."""
    return ledger.with_name(ledger.name + ".steps")


@dataclass
class StepLog:
    """Of the runs of one contract; an `execute.follow.Log`."""

    folder: Path  # of all contracts
    contract: str  # digest
    program: Program
    continues: bool = False
    _path: Path | None = field(default=None, init=False)  # of the run
    _learned: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Raises Refused (no-step-log) before anybody is met if there is nothing to go on with."""
        self._trainings = trainings(self.program.compiled.plan)
        if self.continues and not any(self._contract.glob(f"*/{_HEADER}")):
            raise _missing(self._contract)

    @property
    def told(self) -> bool:
        return self.continues or self._learned

    @property
    def _contract(self) -> Path:
        return self.folder / self.contract

    def begin(self, run: str, first: int) -> None:
        """Raises Refused: no-step-log, step-log-damaged, other-program, ledger-behind, step-log-unwritable."""
        path = self._contract / (run or "unnamed")
        starts = self._known(path, first) if self.continues else []
        if not self.continues and path.exists():
            raise Refused("run-known", "the peer begins a run by the name of an earlier one")
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            for folder in (self.folder, self._contract, path):
                folder.mkdir(mode=_FOLDER, exist_ok=True)
            self._make_room(path, first)
            if first not in starts:
                header = {"program": self.program.digest, "starts": [*starts, first]}
                replace_bytes(path / _HEADER, json.dumps(header).encode(), PRIVATE)
        except OSError as error:
            raise _unwritable(path, error) from None
        self._path = path

    def again(self, index: int) -> Sums | None:
        """Raises Refused (step-log-damaged)."""
        assert self._path is not None
        path = _place(self._path, index)
        sums, size = self._sums(index), self._size(index)
        try:
            with path.open("rb") as file:
                content = file.read(size + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _damaged(path, f"cannot be read: {error.strerror}") from None
        payload = content[len(_MAGIC) + _HASH :]
        if len(content) != size or content != self._sealed(index, payload):
            raise _damaged(path, "is not what was written there")
        return dict(_unpacked(payload, sums))

    def learned(self, index: int, sums: Sums) -> None:
        """Raises Refused (step-log-unwritable)."""
        assert self._path is not None
        payload = b"".join(_packed(sums[variable], type) for variable, type in self._sums(index))
        room, later, content = _room(self._path, index), index + AHEAD, self._sealed(index, payload)
        try:
            if room.exists():
                fill(room, _place(self._path, index), content)
            else:
                replace_bytes(_place(self._path, index), content, PRIVATE)
        except OSError as error:
            raise _unwritable(self._path, error) from None
        self._learned = True
        if later < self._trainings[-1].after:
            with suppress(OSError):  # there is room for those before it
                take(_room(self._path, later), self._size(later))

    def _make_room(self, path: Path, first: int) -> None:
        """For the steps from here on, and none for those before that were lost.  Raises OSError."""
        for file in path.glob("*.room"):
            if _INDEX.fullmatch(file.stem) and int(file.stem) < first:
                file.unlink()
        for index in range(first, min(first + AHEAD, self._trainings[-1].after)):
            take(_room(path, index), self._size(index))

    def _known(self, path: Path, first: int) -> list[int]:
        """With which steps the earlier sessions began; all that they were told is there."""
        header = _header(path)
        if header["program"] != self.program.digest:
            raise Refused("other-program", f"{path} is the log of another program", help="give the one that was run")
        there = {int(file.name) for file in path.iterdir() if _INDEX.fullmatch(file.name)}
        starts: list[int] = header["starts"]
        if any(index >= first for index in there):
            raise Refused(
                "ledger-behind",
                f"the peer goes on with step {first + 1}, and has told later ones: its ledger was put back",
                help="tell its owner: what was released is not in that ledger",
            )
        for index in set(range(first)) - there:
            cut = min(start for start in (*starts, first) if start > index)
            if not there.isdisjoint(range(index, cut)):
                raise _damaged(_place(path, index), "is missing, and the session went on behind it")
        return starts

    def _sums(self, index: int) -> tuple[tuple[int, Type], ...]:
        return _training(self._trainings, index).sums

    def _size(self, index: int) -> int:
        return len(_MAGIC) + _HASH + sum(_bytes(type) for _, type in self._sums(index))

    def _sealed(self, index: int, payload: bytes) -> bytes:
        assert self._path is not None
        about = f"{self.contract} {self._path.name} {index}\n".encode()
        return _MAGIC + hashlib.sha256(_MAGIC + about + payload).digest() + payload


def _training(trainings: tuple[Training, ...], index: int) -> Training:
    return next(training for training in trainings if training.first <= index < training.after)


def _place(path: Path, index: int) -> Path:
    return path / f"{index:012}"


def _room(path: Path, index: int) -> Path:
    return path / f"{index:012}.room"


def _bytes(type: Type) -> int:
    return -(-type.size * type.width // 8)


def _packed(values: Array, type: Type) -> bytes:
    return np.packbits(to_bits(values, type), bitorder="little").tobytes()


def _unpacked(payload: bytes, sums: tuple[tuple[int, Type], ...]) -> Iterator[tuple[int, Array]]:
    for variable, type in sums:
        part, payload = payload[: _bytes(type)], payload[_bytes(type) :]
        bits = np.unpackbits(np.frombuffer(part, np.uint8), bitorder="little", count=type.size * type.width)
        yield variable, from_bits(bits, type)


def _header(path: Path) -> Mapping[str, Any]:
    try:
        with (path / _HEADER).open("rb") as file:
            content = file.read(_LONGEST_HEADER + 1)
    except FileNotFoundError:
        raise _missing(path) from None
    except OSError as error:
        raise _damaged(path / _HEADER, f"cannot be read: {error.strerror}") from None
    fields: Any = None
    try:
        fields = json.loads(content)
        good = (
            len(content) <= _LONGEST_HEADER
            and fields.keys() == {"program", "starts"}
            and isinstance(fields["program"], str)
            and all(type(start) is int and start >= 0 for start in fields["starts"])
        )
    except (ValueError, TypeError, AttributeError, RecursionError):
        good = False
    if not good:
        raise _damaged(path / _HEADER, "is not what was written there")
    found: Mapping[str, Any] = fields
    return found


def _missing(path: Path) -> Refused:
    return Refused(
        "no-step-log",
        f"there is no log of noisy sums in {path}: without it there is nothing to go on from",
        help="give the --ledger that the run had: the log lies beside it",
    )


def _damaged(path: Path, how: str) -> Refused:
    return Refused("step-log-damaged", f"{path} {how}", help="restore it from a copy")


def _unwritable(path: Path, error: OSError) -> Refused:
    return Refused(
        "step-log-unwritable",
        f"cannot write to {path}: {error.strerror}",
        help="make room there; where steps were told before, `ccr run --continue` goes on: they are not lost",
    )
