"""A party's cluster of processes that are forked here: as one of Dask's, in a moment."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from runtime.cluster.member import Post, serve
from runtime.net import keys

HERE = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Process:
    """A worker, which serves one post after the other."""

    pid: int
    pipe: Connection


@dataclass
class Forked:
    """A `Cluster`, to be made before its process has threads."""

    count: int
    _left: list[Process] = field(default_factory=list[Process])

    def __post_init__(self) -> None:
        for _ in range(self.count):
            ours, theirs = Pipe()
            if not (pid := os.fork()):
                for each in self._left:
                    each.pipe.close()
                ours.close()
                work(theirs)
            theirs.close()
            self._left.append(Process(pid, ours))

    @property
    def pids(self) -> list[int]:
        return [each.pid for each in self._left]

    def launcher(self, wait: float) -> Launcher:
        certificates: dict[Process, bytes] = {}
        for each in self._left:
            with suppress(OSError):
                each.pipe.send(None)
        for each in self._left:
            with suppress(OSError, EOFError):
                if each.pipe.poll(wait):
                    certificates[each] = each.pipe.recv()
        self._left = list(certificates)
        return Launcher(list(certificates), list(certificates.values()))

    def lose(self, worker: str) -> None:
        self._left = [each for each in self._left if f"(process {each.pid})" not in worker]

    def __len__(self) -> int:
        return len(self._left)


@dataclass(frozen=True)
class Launcher:
    workers: list[Process]
    certificates: list[bytes]
    here: str = HERE

    def doors(self) -> list[tuple[str, int]]:
        return [(HERE, 0)] * len(self.workers)

    def public(self, worker: int, port: int) -> tuple[str, int]:
        return HERE, port

    def start(self, worker: int, post: Post) -> None:
        with suppress(OSError):  # it is gone, and does not call
            self.workers[worker].pipe.send(post)

    def name(self, worker: int) -> str:
        return f"worker {worker + 1} (process {self.workers[worker].pid})"


def work(pipe: Connection) -> None:
    """The process's whole life: told nothing, it shows a certificate; told a post, it serves."""
    identity = keys.new("worker")
    with suppress(EOFError, OSError):
        while True:
            post: Post | None = pipe.recv()
            if post is None:
                identity = keys.new("worker")
                pipe.send(identity.certificate)
            else:
                with suppress(Exception):  # it has told its coordinator
                    serve(post, identity)
    os._exit(0)


@dataclass(frozen=True)
class Started:
    """As `runtime.cli.clusters.Cluster`."""

    cluster: Forked

    @contextmanager
    def started(self, quiet: bool) -> Generator[Forked]:
        yield self.cluster
