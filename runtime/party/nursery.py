"""Where a party's process comes from: a process that has loaded, with one thread, and is forked for each.

A script that asks for a run gets an interpreter for it, which never runs the script, and so needs no `if __name__ ==
...`.  A command is copied itself, as soon as it has loaded and before it reads anything.  Neither has a task, a key or
an input, and what is secret a party draws from the system once it is a process of its own.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import time
from array import array
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from socket import SCM_RIGHTS, SOL_SOCKET, socket, socketpair
from threading import active_count
from typing import Protocol

from runtime.party.begin import THREADS, attend

FORKS = hasattr(os, "fork") and sys.platform != "darwin"  # where system libraries do not survive it


class Process(Protocol):
    """As `subprocess.Popen`."""

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...


Start = Callable[[Connection], Process]  # of the process at the other end of the pipe


_early: list[Nursery] = []  # of this process, at most one, which nobody has taken yet


@contextmanager
def prepared() -> Generator[None]:
    """Parties' processes have loaded what this one loads inside: it is copied at the end, for the next `starting`.

    For a process that has one thread, reads nothing inside, and has much to do before it asks for the first of them.
    """
    before = os.environ.get(THREADS)
    os.environ[THREADS] = "1"  # none that a copy would not bring along
    try:
        yield
    finally:
        if before is None:
            del os.environ[THREADS]
        else:
            os.environ[THREADS] = before
    if FORKS and not _early:
        _early.append(Nursery(copied=active_count() == 1))
        atexit.register(_forgotten)


@contextmanager
def starting() -> Generator[Start]:
    """What starts parties' processes in less time than an interpreter takes to load, a while from now."""
    if not FORKS:
        yield begun
        return
    nursery = _early.pop() if _early else Nursery()
    try:
        yield nursery.begun
    finally:
        nursery.close()


def begun(theirs: Connection) -> Process:
    """A process at the other end of the pipe: this interpreter anew, with the same paths."""
    return _interpreter(
        f"from multiprocessing.connection import Connection\n"
        f"from runtime.party.begin import begin; begin(Connection({theirs.fileno()}))",
        theirs.fileno(),
    )


class Nursery:
    """The process that is forked."""

    def __init__(self, copied: bool = False) -> None:
        """`copied`: of this process, otherwise an interpreter."""
        self._control, theirs = socketpair()
        with theirs:
            self._process = Copy(theirs, self._control) if copied else _attending(theirs)
        self._used = False

    def begun(self, theirs: Connection) -> Process:
        """As the function of this name."""
        self._used = True
        ours, its = Pipe()
        with its, suppress(OSError):  # the interpreter has died: so says what the pipe of its life tells
            ends = array("i", [theirs.fileno(), its.fileno()])
            self._control.sendmsg([b"\0"], [(SOL_SOCKET, SCM_RIGHTS, ends)])
        return _Forked(ours)

    def close(self) -> None:
        """It ends with the last of its processes."""
        if not self._used:
            self._process.kill()
        self._control.close()
        self._process.wait()


def _attending(end: socket) -> subprocess.Popen[bytes]:
    number = end.fileno()
    return _interpreter(f"from runtime.party.begin import attend; attend({number})", number)


class Copy:
    """A copy of this process, which is forked when it is asked at the other end; as `subprocess.Popen`."""

    def __init__(self, end: socket, other: socket) -> None:
        self._process = get_context("fork").Process(target=_attend, args=(end, other))
        with deaf():
            self._process.start()

    def poll(self) -> int | None:
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()

    def wait(self) -> None:
        self._process.join()


def _attend(end: socket, other: socket) -> None:
    """The copy's whole life."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    other.close()
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    attend(end.detach())


def _forgotten() -> None:
    while _early:
        _early.pop().close()


class _Forked:
    """A process of the nursery, which tells of it through a pipe: its number, and at its end how it ended."""

    def __init__(self, life: Connection) -> None:
        self._life = life
        self._pid: int | None = None
        self._code: int | None = None

    def poll(self) -> int | None:
        while self._code is None and self._life.poll(0.0):
            self._hear()
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._code is None:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not self._life.poll(left):
                raise subprocess.TimeoutExpired("ccr", timeout or 0.0)
            self._hear()
        return self._code

    def terminate(self) -> None:
        while self._pid is None and self._code is None:
            self._hear()
        if self.poll() is None and self._pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGTERM)

    def _hear(self) -> None:
        try:
            told: int = self._life.recv()
        except (EOFError, OSError):
            told = 1  # the nursery is gone
            self._pid = self._pid or 0
        if self._pid is None:
            self._pid = told
        else:
            self._code = told
            self._life.close()


def _interpreter(program: str, number: int) -> subprocess.Popen[bytes]:
    with deaf():
        return subprocess.Popen(
            [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}\n{program}"],
            stdin=subprocess.DEVNULL,
            pass_fds=[number],
        )


@contextmanager
def deaf() -> Generator[None]:
    """A process started inside never hears Ctrl-C, not even while it imports: the parent does, and ends both."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
