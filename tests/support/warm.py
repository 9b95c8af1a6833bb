"""Processes that need not import everything first: they are forked from a server that has.

The processes are what they are otherwise, but for the beginning: what a start from nothing does is held by the tests
that use `support.command.afresh`, and by those of `tests/e2e/test_two_parties.py` in which a command starts others.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from threading import Thread
from typing import IO, Any

from runtime.cli import commands
from runtime.cli.main import main
from runtime.party import child, nursery
from runtime.party.begin import begin

IMPORTED = [
    *sorted({f"runtime.cli.{command.where.partition(':')[0]}" for command in commands.every()}),
    "runtime.cli.app",
    "runtime.party.alone",
    "scipy.special",
    "dp_accounting.rdp.rdp_privacy_accountant",
]


class Forked(ForkServerProcess):
    """With the environment of whoever starts it, and not of the server."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._environment = {**os.environ}

    def run(self) -> None:
        os.environ.clear()
        os.environ.update(self._environment)
        super().run()


class Context(ForkServerContext):
    Process = Forked


def get_context() -> Context:
    """Also begins the server, if there is none yet: where Ctrl-C is not blocked, which its children would inherit."""
    context = Context()
    context.set_forkserver_preload(IMPORTED)
    forkserver.ensure_running()
    return context


class Party:
    """A party's process, as `subprocess.Popen` would have it, in the place of `nursery.begun`."""

    def __init__(self, theirs: Connection) -> None:
        before = signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        context = get_context()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._process = context.Process(target=_deaf, args=(theirs,), daemon=True)
        self._process.start()

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("ccr", timeout or 0.0)
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()


class Warm:
    """The command in a process of its own, as `subprocess.Popen` would have it.

    Where its output goes into a file, nothing is to be read of it.
    """

    def __init__(self, *arguments: str, out: IO[str] | None = None) -> None:
        context = get_context()
        (own_out, their_out), (own_err, their_err) = (context.Pipe(duplex=False) for _ in range(2))
        ends = their_out if out is None else Connection(os.dup(out.fileno()), readable=False), their_err
        self._process = context.Process(target=_main, args=(*ends, arguments, str(Path.cwd())))
        self._process.start()
        for end in {their_out, *ends}:
            end.close()
        self.stdout, self.stderr = _text(own_out), _text(own_err)
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int:
        assert self._process.exitcode is not None
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("ccr", timeout)
        return self._process.exitcode

    def communicate(self, timeout: float) -> tuple[str, str]:
        """All that is still to be read of both streams, and its end."""
        read: dict[IO[str], str] = {}
        readers = [Thread(target=lambda s: read.update({s: s.read()}), args=(s,)) for s in (self.stdout, self.stderr)]
        for reader in readers:
            reader.start()
        try:
            self.wait(timeout)
        finally:
            self.kill()
            for reader, stream in zip(readers, (self.stdout, self.stderr), strict=True):
                reader.join()
                stream.close()
        return read[self.stdout], read[self.stderr]

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def patch(set: Callable[[object, str, Any], None]) -> None:
    """Parties are started from the server."""
    for module in (child, nursery):
        set(module, "begun", Party)
    set(nursery, "FORKS", False)


def _text(end: Connection) -> IO[str]:
    stream = os.fdopen(os.dup(end.fileno()), encoding="utf-8")
    end.close()
    return stream


def _deaf(theirs: Connection) -> None:
    """The server does not hand on that Ctrl-C is blocked where a process is begun."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    begin(theirs)


def _main(out: Connection, err: Connection, arguments: tuple[str, ...], folder: str) -> None:
    """As a terminal would start it."""
    for end, number in ((out, 1), (err, 2)):
        os.dup2(end.fileno(), number)
        end.close()
    os.chdir(folder)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["-c", *arguments]
    for own in (forkserver, forkserver._forkserver):  # it has the address of the server that it is from
        own.ensure_running = lambda: None
    patch(setattr)
    main()
