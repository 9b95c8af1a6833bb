"""Where a party's process comes from: an interpreter that loads while its parent compiles, and is forked for each.

It never runs the script that asks for a run, which so needs no `if __name__ == ...`.  The interpreter is told nothing:
it has no task, no key and no input, and what is secret a party draws from the system once it is a process of its own.
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
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from socket import SCM_RIGHTS, SOL_SOCKET, socketpair
from typing import Protocol

FORKS = hasattr(os, "fork") and sys.platform != "darwin"  # where system libraries do not survive it


class Process(Protocol):
    """As `subprocess.Popen`."""

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...


Start = Callable[[Connection], Process]  # of the process at the other end of the pipe


_early: list[Nursery] = []  # of this process, at most one, which nobody has taken yet


def prepare() -> None:
    """Somebody is about to ask for `starting`, and has much to do before."""
    if FORKS and not _early:
        _early.append(Nursery())
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
    """The interpreter that is forked."""

    def __init__(self) -> None:
        self._control, theirs = socketpair()
        with theirs:
            number = theirs.fileno()
            self._process = _interpreter(f"from runtime.party.begin import attend; attend({number})", number)
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
