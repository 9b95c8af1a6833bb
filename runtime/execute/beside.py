"""Runs of one party side by side, a thread each, which meet in a `Pool` after each step."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from math import inf
from threading import Event, Thread
from time import monotonic
from typing import Generic, TypeVar

from runtime.execute.pool import Pool, TooFewOwners
from runtime.net.channel import Channel
from runtime.net.errors import was

PARTING = 3.0  # seconds for a run that is to end: to tell its peer, and to write down what it has to
BETWEEN = 0.2  # seconds between two looks at the runs, in which Ctrl-C is heard
T = TypeVar("T")
Meet = Callable[[], Channel]
Met = Callable[[Meet], Channel]
Work = Callable[[Met], T]  # one run; it meets its peer through what it is given


def side_by_side(pool: Pool, works: Mapping[str, Work[T]], least: int) -> dict[str, T]:
    """What the runs with each owner came to, at least with so many of them.

    Raises what the first one failed with, its owner in a note, if fewer are left: the others then have a moment to say
    so to their peers.  Ctrl-C and SIGTERM end all of them, which tell theirs.
    """
    runs = {owner: _Run(owner, pool, work) for owner, work in works.items()}
    try:
        for run in runs.values():
            run.start()
        over = inf
        while any(run.met or not pool.over for run in runs.values() if run.goes_on) and monotonic() < over:
            for run in runs.values():
                run.done.wait(BETWEEN)
            for owner, why in pool.gone.items():
                runs[owner].end(why)
            if pool.over:
                over = min(over, monotonic() + PARTING)
    except KeyboardInterrupt as signal:
        _tell(pool, runs.values(), was(signal))
        raise
    finally:
        for run in runs.values():
            run.end("it is no longer waited for")
        for run in runs.values():
            if run.met:
                run.done.wait(PARTING)
    found = {owner: result for owner, run in runs.items() for result in run.results}
    if len(found) < least:
        errors = {owner: run.error for owner, run in runs.items() if run.error is not None}
        first = next((e for e in errors.values() if not isinstance(e, TooFewOwners)), None)
        error = first or next(iter(errors.values()))
        error.add_note(
            ", ".join(owner for owner, e in errors.items() if (type(e), str(e)) == (type(error), str(error)))
        )
        raise error
    return found


def _tell(pool: Pool, runs: Collection[_Run[T]], what: str) -> None:
    """Each run fails where it waits, and has a moment to tell its peer why."""
    pool.interrupt(what)
    over = monotonic() + PARTING
    for run in runs:
        run.interrupt(what)
    for run in runs:
        if run.met:
            run.done.wait(max(0.0, over - monotonic()))


class _Run(Thread, Generic[T]):
    def __init__(self, owner: str, pool: Pool, work: Work[T]) -> None:
        super().__init__(name=f"ccr with {owner}", daemon=True)
        self.results: list[T] = []
        self.error: BaseException | None = None
        self.done = Event()  # a thread that is joined when Ctrl-C comes passes for one that has ended, bpo-45274
        self._owner, self._pool, self._work = owner, pool, work
        self._channel: Channel | None = None
        self._over = False

    def run(self) -> None:
        try:
            self.results.append(self._work(self._met))
        except BaseException as error:
            self.error = error
            self._pool.leave(self._owner, str(error))
        finally:
            self.done.set()

    @property
    def goes_on(self) -> bool:
        """It is not over, nor ended before it has met its peer, which nothing can keep it from waiting for."""
        return not self.done.is_set() and (self.met or not self._over)

    @property
    def met(self) -> bool:
        """Has it a peer?"""
        return self._channel is not None

    def end(self, why: str) -> None:
        """From another thread: whatever the run waits for, it fails, if it is not over."""
        self._over = True
        if not self.done.is_set():
            self._pool.leave(self._owner, why)
            if self._channel is not None:
                self._channel.abort()

    def interrupt(self, what: str) -> None:
        """From another thread: it fails at its next receiving, and can still say why."""
        if self._channel is not None:
            self._channel.interrupt(what)

    def _met(self, meet: Meet) -> Channel:
        self._channel = meet()
        if self._over:
            self._channel.abort()
        return self._channel
