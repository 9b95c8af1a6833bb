"""The command `ccr`, in this process and in processes of its own, and a relay that watches two parties talk."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any, TypeAlias

from support.warm import Warm
from typer import testing
from typer.testing import CliRunner, Result

from runtime.cli.app import app

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
MILLIONAIRES = str(EXAMPLES / "millionaires" / "millionaires.ccr")
TUMOUR = str(EXAMPLES / "tumour" / "tumour.ccr")
BASE = f"w0={EXAMPLES / 'tumour' / 'base.npz'}"
RECORDS = f"records={EXAMPLES / 'tumour' / 'records.csv'}"
HERE = "127.0.0.1"
LONG = 120.0  # seconds; for a machine that is busy
Started: TypeAlias = Warm | subprocess.Popen[str]
# SIGINT as a terminal leaves it: a test run started in the background ignores it, and so would its children.
_MAIN = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from runtime.cli.main import main; main()",
]


testing._get_command = cache(testing._get_command)  # made again for every call it would take longer than most of them


def call(*arguments: str, given: bytes | None = None) -> Result:
    """Run the command in this process; `given` is its standard input."""
    return CliRunner().invoke(app, arguments, input=given)


def start(*arguments: str, out: IO[str] | None = None) -> Started:
    """Run the command in a process of its own, which has imported what it needs; `out` is its standard output."""
    return Warm(*arguments, out=out)


def afresh(
    *arguments: str, out: int | IO[str] = subprocess.PIPE, err: int | IO[str] = subprocess.PIPE
) -> subprocess.Popen[str]:
    """Run the command in a process of its own, from nothing; `out` and `err` are its streams."""
    return subprocess.Popen(
        [*_MAIN, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
        stdout=out,
        stderr=err,
    )


def finish(process: Started) -> tuple[int, str, str]:
    """Its exit status and what it wrote to either stream."""
    try:
        out, err = process.communicate(timeout=LONG)
    finally:
        process.kill()
    return process.returncode, out, err


def result(process: Started) -> Any:
    """The JSON of a command that must succeed."""
    status, out, err = finish(process)
    assert status == 0, err
    return json.loads(out)


def wait_for(process: Started, words: str) -> str:
    """The line of standard error that holds these words."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return line
    raise AssertionError(f"the process ended before it said `{words}`")


def port(process: Started) -> int:
    """The port on which a party that was told `--listen HOST:0` waits."""
    return int(wait_for(process, "waiting for").rsplit(":", 1)[1])


class Relay:
    """Stands between a party that connects and one that listens, and counts what the listening one sends."""

    def __init__(self, target: int, size: int) -> None:
        """`wait` returns once `size` bytes have passed."""
        self._target, self._missing = target, size
        self._passed = Event()
        self._listener = socket.create_server((HERE, 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = Thread(target=self._run)
        self._thread.start()

    def wait(self) -> None:
        assert self._passed.wait(LONG), "the bytes never came"

    def close(self) -> None:
        """To be called when both parties have ended."""
        self._thread.join(LONG)

    def _run(self) -> None:
        with self._listener, self._listener.accept()[0] as near, socket.create_connection((HERE, self._target)) as far:
            up = Thread(target=_copy, args=(near, far, lambda count: None))
            up.start()
            _copy(far, near, self._count)
            up.join()

    def _count(self, count: int) -> None:
        self._missing -= count
        if self._missing <= 0:
            self._passed.set()


def _copy(source: socket.socket, target: socket.socket, watch: Callable[[int], None]) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            watch(len(data))
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
