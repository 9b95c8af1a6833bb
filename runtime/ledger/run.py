"""A run's place in the ledger, from the reservation to the release."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from runtime.contract.amounts import Spend
from runtime.contract.refused import Refused
from runtime.contract.terms import Privacy
from runtime.ledger.books import Books
from runtime.ledger.events import CutOff, Event, Moved, Reserved, Reveal, Started, State, Unbounded, budget, now
from runtime.ledger.store import Ledger


@dataclass(frozen=True, slots=True)
class Request:
    """What a run asks of the ledger, as the data provider has computed it."""

    data: tuple[str, ...] = field(repr=False)  # identity.Held.data, which stay at home
    consumer: str  # identity key
    contract: str  # digest
    program: str  # digest
    cost: Spend | None  # of this run alone; None where nothing of it is finite
    charge: Spend | None  # `cost`, or that of all runs of a `pld` contract together
    privacy: Privacy | None  # the contract's bounds
    reveals: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]], repr=False)  # unbounded
    purpose: str | None = None  # the contract's, as what follows
    policy: str | None = None
    reports: tuple[str, ...] = ()


Rules = Callable[[Books, Reserved | Unbounded], None]  # whether a run may start; raises Refused


def nobodys(_: Books, __: Reserved | Unbounded) -> None:
    """No rules beside the ledger's own."""


class Run:
    """A reserved run.  Each method is durable when it returns and raises Refused where the ledger does not allow it."""

    def __init__(self, ledger: Ledger, name: str, lock: _Lock) -> None:
        self._ledger, self.name, self._lock = ledger, name, lock

    @staticmethod
    def reserve(ledger: Ledger, request: Request, rules: Rules = nobodys) -> Run:
        """Set the cost aside, after what dead processes held has been given back, unless the `rules` refuse.

        Raises Refused, with the sums.
        """
        name = secrets.token_hex(32)
        lock = _Lock(_lock_path(ledger, name))

        def events(books: Books) -> Iterator[Event]:
            yield from list(_given_back(ledger, books))
            started = _started(name, request)
            rules(books, started)
            yield started

        try:
            ledger.record(events)
        except BaseException:
            lock.release()
            raise
        return Run(ledger, name, lock)

    def labels_sent(self) -> None:
        """To be called before the first label of a record leaves."""
        self._move("labels_sent")

    def releasing(self) -> None:
        """To be called before the first decoding bit leaves; the run is charged for good."""
        self._move("releasing")

    def released(self) -> None:
        """The peer has its outputs."""
        self._move("released")
        self._lock.release()

    def end(self, why: str = "no-last-word") -> None:
        """The run has ended before its end: what can be given back is.  `why` is one word."""
        self._ledger.record(lambda books: list(_ended(books, self.name, why)))
        self._lock.release()

    def _move(self, state: Literal["labels_sent", "releasing", "released"]) -> None:
        self._ledger.record(lambda _: [Moved(at=now(), run=self.name, state=state)])


def _started(name: str, request: Request) -> Reserved | Unbounded:
    privacy = request.privacy
    about = Started(
        at=now(),
        run=name,
        data=request.data,
        consumer=request.consumer,
        contract=request.contract,
        program=request.program,
        reveals=tuple(Reveal(output=output, data=data) for output, data in request.reveals.items()),
        purpose=request.purpose,
        policy=request.policy,
        reports=request.reports,
    )
    if privacy is None or request.cost is None or request.charge is None:
        return Unbounded(**dict(about))
    return Reserved(
        **dict(about),
        cost=budget(request.cost),
        charge=budget(request.charge),
        composition=privacy.composition,
        per_run=privacy.per_run,
        total=privacy.total,
        runs=privacy.runs,
    )


def _given_back(ledger: Ledger, books: Books) -> Iterator[Event]:
    """How the runs of dead processes ended: those that have released nothing are given back.  Were one alive after all,
    it could not release any more."""
    for name in (*books.open, *books.releasing):
        if not _lives(_lock_path(ledger, name)):
            yield from _ended(books, name, "process-ended")


def _ended(books: Books, name: str, why: str) -> Iterator[Event]:
    if name in books.open:
        yield Moved(at=now(), run=name, state=State.ABORTED.value, why=why)
    if name in books.releasing:
        yield CutOff(at=now(), run=name, why=why)


def _lock_path(ledger: Ledger, name: str) -> Path:
    return ledger.path.with_name(f"{ledger.path.name}.run-{name[:16]}")


class _Lock:
    """Shows that a run's process lives: the kernel lets go of it however the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise Refused("ledger-unwritable", f"cannot write {path}: {error.strerror}") from None
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def release(self) -> None:
        """A second call does nothing."""
        if self._handle >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = -1


def _lives(path: Path) -> bool:
    """Whether the process that made this lock holds it still; the file of one that does not is removed."""
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        path.unlink(missing_ok=True)
        return False
    finally:
        os.close(handle)
