"""Both parties of a program as two processes of this machine, told and timed from outside.

The clock goes from before their interpreters start until both have ended, so inputs, keys and the program's artifact
are read within it.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.program import Program

ROOT = Path(__file__).parents[1]
CCR = [sys.executable, "-c", "from runtime.cli.main import main; main()"]
WATCHED = [sys.executable, "-m", "benchmarks.watched"]
OPTIONS = ["--quiet", "--json", "--not-private"]
HERE = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ran:
    """What two processes took."""

    seconds: float
    used: tuple[float, ...]  # seconds of processor of each, its own and of its children
    said: tuple[str, ...]  # what each wrote


@dataclass(frozen=True, slots=True)
class Pair:
    """What a program's parties took: seconds and MB, and what the evaluator told."""

    ran: Ran
    memory: tuple[float, ...]
    told: dict[str, Any]  # of `ccr run --json`

    @property
    def phases(self) -> dict[str, float]:
        """Seconds of the evaluator, from the greeting on."""
        [own] = self.told["parties"].values()
        phases: dict[str, float] = own["seconds"]
        return phases

    @property
    def streamed(self) -> float:
        return self.phases["stream"] + self.phases["inputs"]


def clocked(commands: Sequence[Sequence[str]]) -> Ran:
    """Processes that are started together.  RuntimeError if one fails."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in commands]
        start = time.perf_counter()
        processes = [
            stack.enter_context(_ended(subprocess.Popen(command, stdout=file, env=env)))
            for command, file in zip(commands, files, strict=True)
        ]
        used = tuple(map(_used, processes))
        seconds = time.perf_counter() - start
        for file in files:
            file.seek(0)
        return Ran(seconds, used, tuple(file.read() for file in files))


def _used(process: subprocess.Popen[bytes]) -> float:
    """Seconds of processor, once it has ended."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"a party ended with {process.returncode}: {process.args!r}")
    return usage.ru_utime + usage.ru_stime


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Generator[subprocess.Popen[bytes]]:
    """Stopped, if it has not ended by itself: where its peer failed."""
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.create_server((HERE, 0)) as server:
        port: int = server.getsockname()[1]
        return port


class Parties:
    """The two of a program, with keys in a folder."""

    def __init__(self, program: Program, given: Mapping[str, str], folder: Path) -> None:
        self._folder, self._artifact = folder, folder / "program.ccrc"
        self._artifact.write_bytes(program.artifact)
        self._given = dict(given)
        compiled = program.compiled
        self._names = (compiled.garbler, compiled.evaluator)
        owned = [(entry.name, entry.party) for entry, _, _ in compiled.inputs]
        owned += [(each.name, each.party) for each in compiled.datasets]
        self._whose = dict(owned)
        for name in self._names:
            if not (folder / f"{name}.key").exists():
                subprocess.run(
                    [*CCR, "keys", "new", name, "--folder", str(folder)], stdout=subprocess.DEVNULL, check=True
                )

    def run(self) -> Pair:
        port = free_port()
        where = (["--listen", f"{HERE}:{port}"], ["--connect", f"{HERE}:{port}"])
        memory = [self._folder / f"{name}.memory" for name in self._names]
        commands = [
            [*WATCHED, str(file), "run", str(self._artifact), "--as", name, *at, *self._own(name, peer), *OPTIONS]
            for name, peer, at, file in zip(self._names, reversed(self._names), where, memory, strict=True)
        ]
        ran = clocked(commands)
        return Pair(ran, tuple(float(file.read_text()) for file in memory), json.loads(ran.said[1]))

    def _own(self, name: str, peer: str) -> list[str]:
        """A party's keys and inputs."""
        files = {"key": f"{name}.key", "cert": f"{name}.crt", "peer": f"{peer}.crt"}
        keys = [f"--{option}={self._folder / file}" for option, file in files.items()]
        return keys + [f"--input={which}={value}" for which, value in self._given.items() if self._whose[which] == name]
