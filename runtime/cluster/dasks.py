"""Workers on a Dask cluster: it starts them, and nothing of a run goes through it but where they are to call.

A cluster belongs to one party: Dask runs whatever its clients send, so the other party must not reach its scheduler.
Each worker is one task that lasts for the whole run, since a task that passes the scheduler costs tens of milliseconds.
"""

from __future__ import annotations

import logging
import secrets
import socket
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from runtime.cluster.errors import NoCluster
from runtime.cluster.member import Post, serve
from runtime.cluster.shelf import ShelfPost, put_up
from runtime.cluster.where import LOCAL, Doors
from runtime.net import keys
from runtime.net.keys import Identity
from runtime.party.nursery import deaf

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster

LOOPBACK = "127.0.0.1"
SCHEDULER_SECONDS = 15
_QUIET = {  # workers here leave the processor to the run, and nothing looks at what their frames hold
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A Dask worker, and the port where it waits for the peer's; 0 for any."""

    address: str
    door: int

    @property
    def host(self) -> str:
        return str(urlsplit(self.address).hostname)


@contextmanager
def dask(where: str, count: int, doors: Doors | None) -> Generator[DaskCluster]:
    """So many workers of the scheduler `where`, or of one that is started here.  Raises NoCluster."""
    from distributed import Client  # here, because it takes a second, and few have it

    if doors is not None and doors.last - doors.first + 1 < count:
        raise NoCluster(f"--worker-listen has fewer ports than the {count} workers", "give one for each")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    if where != LOCAL:
        try:
            client = Client(where, timeout=SCHEDULER_SECONDS)
        except (OSError, ValueError) as error:
            raise NoCluster(f"no Dask scheduler answers at {where}: {error}", "check that it runs there") from None
        with client:
            yield DaskCluster(client, _places(client, where, count, doors), _route(where), doors)
        return
    with _of_this_machine(count) as cluster, Client(cluster) as client:
        yield DaskCluster(client, _places(client, LOCAL, count, doors), LOOPBACK, doors)


def _of_this_machine(count: int) -> LocalCluster:
    """Raises NoCluster where one of them dies before it is there."""
    from dask import config
    from distributed import LocalCluster  # here, likewise

    # Workers end with this process, and not before it by Ctrl-C.
    try:
        with deaf(), config.set(_QUIET):
            return LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                memory_limit=0,  # or Dask ends whoever takes more than an even part, and looks ten times a second
                host=LOOPBACK,
                dashboard_address=f"{LOOPBACK}:0",
                silence_logs=logging.CRITICAL,
                security=True,  # whoever else is on this machine reaches its ports, and Dask runs what it is sent
            )
    except (OSError, RuntimeError) as error:
        what = f"not all of {count} workers started on this machine: {error}"
        raise NoCluster(what, "look whether it has memory for them, or ask for fewer with --workers") from error


class DaskCluster:
    """A `Cluster`: those of its workers that a run has not lost."""

    def __init__(self, client: Client, places: list[Place], here: str, doors: Doors | None) -> None:
        self._client, self._places, self._here, self._doors = client, places, here, doors
        self._named: dict[str, Place] = {}  # by all launchers

    @property
    def dashboard(self) -> str:
        """Its address, or nothing."""
        return str(self._client.dashboard_link or "")

    def launcher(self, wait: float) -> DaskLauncher:
        """Those that do not answer within so many seconds are lost."""
        there = _addresses(self._client)
        run = secrets.token_hex(16)
        left = [place for place in self._places if place.address in there]
        certificates = _answers({place: _submit(self._client, place, introduce, run) for place in left}, wait)
        self._places = list(certificates)
        self._named |= {_named(number, place): place for number, place in enumerate(self._places)}
        return DaskLauncher(self._client, certificates, self._here, self._doors, run)

    def lose(self, worker: str) -> None:
        self._places = [place for place in self._places if place != self._named[worker]]

    def __len__(self) -> int:
        return len(self._places)


class DaskLauncher:
    """A `Launcher`."""

    def __init__(
        self, client: Client, certificates: Mapping[Place, bytes], here: str, doors: Doors | None, run: str
    ) -> None:
        self.here, self.certificates = here, list(certificates.values())
        self._of, self._places = certificates, list(certificates)
        self._client, self._doors, self._run = client, doors, run
        self._futures: list[Future[Any]] = []  # a task goes where nobody keeps its future

    def doors(self) -> list[tuple[str, int]]:
        return [(place.host, place.door) for place in self._places]

    def public(self, worker: int, port: int) -> tuple[str, int]:
        return self._places[worker].host if self._doors is None else self._doors.host, port

    def start(self, worker: int, post: Post) -> None:
        self._futures.append(_submit(self._client, self._places[worker], attend, self._run, post))

    def put_up(self, worker: int, post: ShelfPost) -> None:
        self._futures.append(_submit(self._client, self._places[worker], shelve, self._run, post))

    def dealt(self, sessions: int) -> list[DaskLauncher]:
        """As many of the workers for each of so many sessions."""
        count, given = len(self._places) // sessions, list(self._of.items())
        parts = [dict(given[i * count : (i + 1) * count]) for i in range(sessions)]
        return [DaskLauncher(self._client, part, self.here, self._doors, self._run) for part in parts]

    def name(self, worker: int) -> str:
        return _named(worker, self._places[worker])


def _named(number: int, place: Place) -> str:
    return f"worker {number + 1} ({place.address})"


def _submit(client: Client, place: Place, task: Callable[..., object], *given: object) -> Future[Any]:
    """Where the worker goes it is not begun again: a row is garbled once."""
    return client.submit(task, *given, workers=[place.address], allow_other_workers=False, pure=False, retries=0)


def _answers(asked: Mapping[Place, Future[Any]], wait: float) -> dict[Place, bytes]:
    """The certificates of those that `introduce` themselves in time.  Raises NoCluster for one of another version."""
    until, found = time.monotonic() + wait, dict[Place, bytes]()
    for place, answer in asked.items():
        with suppress(TimeoutError, OSError, CancelledError):  # it has stopped, or is gone, or the scheduler is
            theirs, certificate = answer.result(max(until - time.monotonic(), 0.01))
            if theirs != version("ccr-lang"):
                raise NoCluster(
                    f"the worker {place.address} has ccr {theirs}, and this machine {version('ccr-lang')}",
                    "install the same version on all",
                )
            found[place] = certificate
    return found


_identities: dict[str, Identity] = {}  # of this worker, by run


def introduce(run: str) -> tuple[str, bytes]:
    """At a worker: its version, and its certificate for a run, whose key stays with it."""
    _identities[run] = keys.new("worker")
    return version("ccr-lang"), _identities[run].certificate


def attend(run: str, post: Post) -> None:
    """At a worker: the run."""
    serve(post, _identities.pop(run))


def shelve(run: str, post: ShelfPost) -> None:
    """At a worker: its part of the records, which stays when this returns."""
    put_up(post, _identities.pop(run))


def _addresses(client: Client) -> list[str]:
    """Of all workers; of none where the scheduler is gone, of whom Dask then knows nothing."""
    try:
        return sorted(client.scheduler_info(n_workers=-1).get("workers", ()))
    except OSError:
        return []


def _places(client: Client, where: str, count: int, doors: Doors | None) -> list[Place]:
    found = _addresses(client)
    if len(found) < count:
        raise NoCluster(
            f"the Dask cluster at {where} has {len(found)} workers, and {count} are asked for",
            "start more, or ask for fewer with --workers",
        )
    ports = [0] * count if doors is None else range(doors.first, doors.first + count)
    return [Place(address, port) for address, port in zip(found, ports, strict=False)]


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
