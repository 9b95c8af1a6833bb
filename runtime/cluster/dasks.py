"""Workers on a Dask cluster: it starts them, and nothing of a run goes through it but where they are to call.

A cluster belongs to one party: Dask runs whatever its clients send, so the other party must not reach its scheduler.
Each worker is one task that lasts for the whole run, since a task that passes the scheduler costs tens of milliseconds.
"""

from __future__ import annotations

import logging
import secrets
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from runtime.cluster.errors import NoCluster
from runtime.cluster.member import Post, serve
from runtime.net import keys
from runtime.net.keys import Identity
from runtime.party.nursery import deaf

if TYPE_CHECKING:
    from distributed import Client, Future

LOCAL = "local"
LOOPBACK = "127.0.0.1"
SCHEDULER_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Doors:
    """Where workers are reached from outside: a host that leads to each of them, and a port for each."""

    host: str
    first: int
    last: int


@contextmanager
def dask(where: str, count: int, doors: Doors | None) -> Generator[DaskLauncher]:
    """So many workers of the scheduler `where`, or of one that is started here.  Raises NoCluster."""
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise NoCluster("--cluster needs Dask", "install it with `pip install 'ccr-lang[cluster]'`") from None
    if doors is not None and doors.last - doors.first + 1 < count:
        raise NoCluster(f"--worker-listen has fewer ports than the {count} workers", "give one for each")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    if where != LOCAL:
        try:
            client = Client(where, timeout=SCHEDULER_SECONDS)
        except (OSError, ValueError) as error:
            raise NoCluster(f"no Dask scheduler answers at {where}: {error}", "check that it runs there") from None
        with client:
            yield DaskLauncher(client, _workers(client, where, count), _route(where), doors)
        return
    with deaf():  # workers end with this process, and not before it by Ctrl-C
        cluster = LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            host=LOOPBACK,
            dashboard_address=f"{LOOPBACK}:0",
            silence_logs=logging.CRITICAL,
            security=True,  # whoever else is on this machine reaches its ports, and Dask runs what it is sent
        )
    with cluster, Client(cluster) as client:
        yield DaskLauncher(client, _workers(client, where, count), LOOPBACK, doors)


class DaskLauncher:
    """A `Launcher`."""

    def __init__(self, client: Client, workers: list[str], here: str, doors: Doors | None) -> None:
        self.here = here
        self._client, self._workers, self._doors = client, workers, doors
        self._run = secrets.token_hex(16)
        self._futures: list[Future[Any]] = []

    @property
    def dashboard(self) -> str:
        """Its address, or nothing."""
        return str(self._client.dashboard_link or "")

    def certificates(self) -> list[bytes]:
        asked = [self._submit(worker, introduce, self._run) for worker in self._workers]
        told: list[tuple[str, bytes]] = [each.result() for each in asked]
        for worker, (theirs, _) in zip(self._workers, told, strict=True):
            if theirs != version("ccr-lang"):
                raise NoCluster(
                    f"the worker {worker} has ccr {theirs}, and this machine {version('ccr-lang')}",
                    "install the same version on all",
                )
        return [certificate for _, certificate in told]

    def doors(self) -> list[tuple[str, int]]:
        ports = [0] * len(self._workers) if self._doors is None else range(self._doors.first, self._doors.last + 1)
        return [(_host(worker), port) for worker, port in zip(self._workers, ports, strict=False)]

    def public(self, worker: int, port: int) -> tuple[str, int]:
        if self._doors is not None:
            return self._doors.host, port
        return _host(self._workers[worker]), port

    def start(self, worker: int, post: Post) -> None:
        self._futures.append(self._submit(self._workers[worker], attend, self._run, post))

    def name(self, worker: int) -> str:
        return f"worker {worker + 1} ({self._workers[worker]})"

    def _submit(self, worker: str, task: Callable[..., object], *given: object) -> Future[Any]:
        """Where the worker goes it is not begun again: a row is garbled once."""
        return self._client.submit(task, *given, workers=[worker], allow_other_workers=False, pure=False, retries=0)


_identities: dict[str, Identity] = {}  # of this worker, by run


def introduce(run: str) -> tuple[str, bytes]:
    """At a worker: its version, and its certificate for a run, whose key stays with it."""
    _identities[run] = keys.new("worker")
    return version("ccr-lang"), _identities[run].certificate


def attend(run: str, post: Post) -> None:
    """At a worker: the run."""
    serve(post, _identities.pop(run))


def _host(worker: str) -> str:
    return str(urlsplit(worker).hostname)


def _workers(client: Client, where: str, count: int) -> list[str]:
    found = sorted(client.scheduler_info(n_workers=-1)["workers"])
    if len(found) < count:
        raise NoCluster(
            f"the Dask cluster at {where} has {len(found)} workers, and {count} are asked for",
            "start more, or ask for fewer with --workers",
        )
    return found[:count]


def _route(scheduler: str) -> str:
    """This machine's address on the way to the scheduler, by which workers can call back."""
    at = urlsplit(scheduler)
    try:
        family, _, _, _, to = socket.getaddrinfo(at.hostname, at.port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(to)  # sends nothing
            return str(probe.getsockname()[0])
    except OSError as error:
        raise NoCluster(f"{scheduler} cannot be reached: {error.strerror}", "check the address") from None
