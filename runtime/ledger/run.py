"""A run's place in the ledger, from the reservation to the release."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from runtime.contract.amounts import Spend
from runtime.contract.refused import Refused
from runtime.contract.terms import Privacy
from runtime.files import advice
from runtime.ledger.books import Books
from runtime.ledger.events import (
    Continued,
    CutOff,
    Ending,
    Event,
    Moved,
    Reserved,
    Reveal,
    Started,
    State,
    Stepped,
    Unbounded,
    budget,
    now,
)
from runtime.ledger.sessions import all_steps_used
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
    steps: int = 0  # that are told one by one
    endings: tuple[tuple[int, Spend], ...] = ()  # `contract.stops.Ending`


Rules = Callable[[Books, Reserved | Unbounded], None]  # whether a run may start; raises Refused


def nobodys(_: Books, __: Reserved | Unbounded) -> None:
    """No rules beside the ledger's own."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A run that a session can go on with."""

    run: str
    index: int  # of the next step


def fresh_name() -> str:
    return secrets.token_hex(32)


class Run:
    """A reserved run.  Each method is durable when it returns and raises Refused where the ledger does not allow it."""

    def __init__(self, ledger: Ledger, name: str, lock: _Lock) -> None:
        self._ledger, self.name, self._lock = ledger, name, lock

    @staticmethod
    def reserve(ledger: Ledger, request: Request, rules: Rules = nobodys, name: str = "") -> Run:
        """Set the cost aside, after what dead processes held has been given back, unless the `rules` refuse.

        Raises Refused, with the sums.
        """
        name = name or fresh_name()

        def event(books: Books) -> Event:
            started = _started(name, request)
            rules(books, started)
            return started

        return _entered(ledger, name, event)

    @staticmethod
    def resume(ledger: Ledger, cut: Cut) -> Run:
        """Go on with a run; it is charged already.  Raises Refused: run-busy, step-spent, too-many-sessions, ..."""
        return _entered(ledger, cut.run, lambda _: Continued(at=now(), run=cut.run, index=cut.index))

    def labels_sent(self) -> None:
        """To be called before the first label of a record leaves."""
        self._move("labels_sent")

    def releasing(self) -> None:
        """To be called before the first decoding bit leaves; the run is charged for good."""
        self._move("releasing")

    def step(self, index: int) -> None:
        """To be called before the first byte leaves that opens this step; with the first one the run is charged for
        good.  The index is spent."""

        def events(books: Books) -> list[Event]:
            first = books.states[self.name] is State.LABELS_SENT
            told: list[Event] = [Moved(at=now(), run=self.name, state="releasing")] if first else []
            return [*told, Stepped(at=now(), run=self.name, index=index)]

        self._ledger.record(events)

    def finishing(self) -> None:
        """As `releasing`, for a run whose steps were told."""
        self._move("finishing")

    def released(self) -> None:
        """The peer has its outputs."""
        self._move("released")
        self._lock.release()

    def end(self, why: str = "no-last-word") -> None:
        """The run has ended before its end: what can be given back is.  `why` is one word."""
        self._ledger.record(lambda books: list(_ended(books, self.name, why)))
        self._lock.release()

    def _move(self, state: Literal["labels_sent", "releasing", "finishing", "released"]) -> None:
        self._ledger.record(lambda _: [Moved(at=now(), run=self.name, state=state)])


def cut(ledger: Ledger, books: Books, contract: str, run: str = "") -> Cut:
    """The run of this name, or the oldest one under a contract that a session can go on with.

    Raises Refused: nothing-to-continue, all-steps-used, run-busy.
    """
    books.may_go_on(contract)
    names = [name for name in books.sessions.unfinished.get(contract, ()) if run in ("", name)]
    for name in names:
        if not _lives(_lock_path(ledger, name)):
            return Cut(name, books.sessions.spent[name])
    if names:
        raise _busy()
    raise _nothing(books, contract)


def _nothing(books: Books, contract: str) -> Refused:
    """Why no run under a contract can be gone on with, though none is busy."""
    told = [run for name, run in books.runs.items() if run.contract == contract and name in books.sessions.spent]
    if told and books.states[told[-1].run] is State.STOPPED:
        spent = books.sessions.spent[told[-1].run]
        return Refused(
            "run-ended",
            f"the run was ended for good after {spent} of {told[-1].steps} steps, and no step follows",
            help="agree on a new contract: `ccr contract new`",
        )
    if told:
        return all_steps_used(told[-1].steps)
    return Refused(
        "nothing-to-continue",
        "no run under this contract has told a step",
        help="what was cut before that was free: a new run begins without --continue (is it the ledger of that run?)",
    )


def end(ledger: Ledger, contract: str) -> Reserved:
    """End the oldest run under a contract that was cut and would give something back; the run, as it is charged now.

    For good, once this returns: no session goes on with it, whoever asks.  Raises Refused: nothing-to-give-back,
    contract-blocked, and as `cut`.
    """
    first: Refused | None = None
    for name in list(ledger.books().sessions.unfinished.get(contract, ())):
        try:
            lock = _Lock(_lock_path(ledger, name))
        except Refused as busy:
            first = first or busy
            continue
        try:
            ledger.record(partial(_stopped, name))
        except Refused as refused:
            if refused.reason != "nothing-to-give-back":
                raise
            first = first or refused
        else:
            ended = ledger.books().runs[name]
            assert isinstance(ended, Reserved)
            return ended
        finally:
            lock.release()
    raise first or _nothing_to_end(ledger, contract)


def _nothing_to_end(ledger: Ledger, contract: str) -> Refused:
    """Why no run under a contract can be ended, as `_nothing` says why none can be gone on with."""
    found = _nothing(ledger.books(), contract)
    help = {
        "run-ended": "what could be given back was given back then: `ccr budget show`",
        "all-steps-used": "a run that is over gives nothing back: `ccr budget show` says what it was charged",
        "nothing-to-continue": f"what was cut before that cost nothing; is {ledger.path} the ledger of that run?",
    }
    return Refused(found.reason, found.what, help=help[found.reason])


def _stopped(name: str, _: Books) -> list[Event]:
    return [Moved(at=now(), run=name, state="stopped")]


def _busy() -> Refused:
    return Refused("run-busy", "another session is at work on the run", help="wait until it has ended")


def _entered(ledger: Ledger, name: str, event: Callable[[Books], Event]) -> Run:
    lock = _Lock(_lock_path(ledger, name))

    def events(books: Books) -> Iterator[Event]:
        yield from list(_given_back(ledger, books, name))
        yield event(books)

    try:
        ledger.record(events)
    except BaseException:
        lock.release()
        raise
    return Run(ledger, name, lock)


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
        steps=request.steps,
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
        endings=tuple(Ending(steps=steps, cost=budget(cost)) for steps, cost in request.endings),
    )


def _given_back(ledger: Ledger, books: Books, held: str) -> Iterator[Event]:
    """How the runs of dead processes ended: those that have released nothing are given back.  Were one alive after all,
    it could not release any more.  `held` is the run whose lock this process has just taken: nobody else's lives."""
    for name in (*books.open, *books.releasing):
        if name == held or not _lives(_lock_path(ledger, name)):
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
        """Raises Refused: run-busy, ledger-unwritable."""
        self._path = path
        while True:
            try:
                self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            except OSError as error:
                raise Refused(
                    "ledger-unwritable", f"cannot write {path}: {error.strerror}", help=advice(error)
                ) from None
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(self._handle)
                raise _busy() from None
            if _still_there(path, self._handle):
                return
            os.close(self._handle)  # whoever found it dead has removed it in the meantime

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
        if _still_there(path, handle):  # another session may have taken its place in the meantime
            path.unlink()
            return False
    finally:
        os.close(handle)
    return _lives(path)


def _still_there(path: Path, handle: int) -> bool:
    """Whether the file of this handle, which this process has locked, has its name yet."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
