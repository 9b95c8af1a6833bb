"""One party as a process of this machine whose peer is elsewhere, for a training that is driven from Python."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from math import inf
from multiprocessing.connection import Connection as Pipe
from numbers import Real
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, cast

from compiler.schedule.told import trainings
from runtime.contract.refused import Refused
from runtime.data.columns import NONE, Chosen
from runtime.data.errors import InputError
from runtime.data.memory import Input
from runtime.net import keys
from runtime.net.channel import Channel
from runtime.net.tls import Listener, connect
from runtime.party.both import EXPECTED, driven, refused, serve, told_to
from runtime.party.child import Child, Denied, Failed, Ready, Told
from runtime.party.run import run
from runtime.program import Program, from_own_artifact

if TYPE_CHECKING:
    from runtime.party.agreed import Agreed
    from runtime.party.ledger_permit import Bearer

WAIT = 600.0  # seconds for the peer to come


@dataclass(frozen=True, slots=True)
class Connection:
    """Whom to meet, and how: as the options of `ccr run --as`.  One of `connect` and `listen`, HOST:PORT, and one of
    `peer` and `contract`; with a contract `goes_on` is `--continue`.  Raises ValueError for what is none."""

    key: str | Path
    cert: str | Path
    connect: str = ""
    listen: str = ""
    peer: str | Path = ""
    contract: str | Path = ""
    ledger: str | Path = ""
    goes_on: bool = False
    wait: float = WAIT

    def __post_init__(self) -> None:
        for name in ("key", "cert", "peer", "contract", "ledger"):
            if not isinstance(given := getattr(self, name), str | PathLike):
                raise ValueError(f"connection.{name} is a path, text or a Path, not {given!r}")
        if not isinstance(cast(object, self.goes_on), bool):
            raise ValueError(f"connection.goes_on is True or False, not {self.goes_on!r}")
        if isinstance(self.wait, bool) or not isinstance(cast(object, self.wait), Real) or not 0 < self.wait < inf:
            raise ValueError(f"connection.wait is {self.wait!r}, and must be a number of seconds above 0")
        if bool(self.connect) == bool(self.listen) or bool(self.peer) == bool(self.contract):
            raise ValueError("a connection needs one of `connect` and `listen`, and one of `peer` and `contract`")
        if self.goes_on and not self.contract:
            raise ValueError("without a contract nobody counts the steps of a run: there is nothing to go on with")
        self.address()

    def address(self) -> tuple[str, int]:
        """Whose host and port it is that is connected to, or listened on."""
        name = "connect" if self.connect else "listen"
        given: object = getattr(self, name)
        host, _, port = given.rpartition(":") if isinstance(given, str) else ("", "", "")
        if not host or not port.isascii() or not port.isdecimal() or not int(port) < 1 << 16:
            raise ValueError(f'connection.{name} is a host and a port, "hospital.example:7000", not {given!r}')
        return host.strip("[]"), int(port)


@dataclass(frozen=True, slots=True)
class Task:
    """What the child is told."""

    name: str
    artifact: bytes
    bearer: Bearer
    inputs: dict[str, Input]
    columns: Chosen
    seed: int | None
    agreed: Agreed | None
    listens: bool
    host: str
    port: int
    wait: float
    timeout: float
    threads: int

    @property
    def party(self) -> str:
        return self.bearer.party


@contextmanager
def started_alone(
    program: Program,
    inputs: Mapping[str, Input],
    connection: Connection,
    seed: int | None,
    timeout: float,
    columns: Chosen = NONE,
    threads: int = 1,
) -> Generator[dict[str, Child]]:
    """The process of the party that is told steps, when its inputs are read and its contract is checked.

    Raises InputError, Refused, KeyFileError, OSError (no contract's file) and ValueError.
    """
    task = _task(program, inputs, connection, seed, timeout, columns, threads)
    child = Child(task.party, work, task)
    try:
        child.ready()
        yield {task.party: child}
    finally:
        child.stop()


def _task(
    program: Program,
    inputs: Mapping[str, Input],
    given: Connection,
    seed: int | None,
    timeout: float,
    columns: Chosen,
    threads: int,
) -> Task:
    # Here and below, because who has no such connection needs no contract.
    from runtime.contract import canonical, terms
    from runtime.ledger.store import default_path
    from runtime.party.agreed import Agreed
    from runtime.party.ledger_permit import Bearer

    party = trainings(program.compiled.plan)[0].to
    agreed = None
    if given.contract:
        with Path(given.contract).open("rb") as file:
            contract = terms.decode(file.read(canonical.LARGEST + 2))
        agreed = Agreed(contract, Path(given.ledger) if given.ledger else default_path(), continues=given.goes_on)
        peer = contract.terms.other(party).certificate.encode()
    else:
        peer = keys.read_certificate(Path(given.peer))
    host, port = given.address()
    bearer = Bearer(party, keys.load(Path(given.key), Path(given.cert)), peer)
    return Task(
        program.name,
        program.artifact,
        bearer,
        dict(inputs),
        columns,
        seed,
        agreed,
        bool(given.listen),
        host,
        port,
        given.wait,
        timeout,
        threads,
    )


def work(pipe: Pipe, task: Task) -> None:
    """The child's whole life."""
    serve(pipe, lambda: _work(pipe, task))


def _work(pipe: Pipe, task: Task) -> Told:
    from runtime.party.agreed import ready

    program = from_own_artifact(task.name, task.artifact)
    try:
        own = ready(program, task.bearer, task.inputs, task.seed, task.columns, task.agreed)
        pipe.send(Ready(0, own.sources.records()))
        channel = _meet(task)
        follow = replace(own.follow, drive=driven(pipe))
        return run(
            program,
            task.party,
            own.sources,
            channel,
            told_to(pipe),
            own.permit,
            follow=follow,
            threads=task.threads,
        )
    except InputError as error:
        return refused(error)
    except Refused as error:
        return Denied(error.reason, error.what, error.help)
    except EXPECTED as error:
        return Failed(str(error))


def _meet(task: Task) -> Channel:
    identity, peer = task.bearer.identity, task.bearer.peer_certificate
    if not task.listens:
        return connect(task.host, task.port, identity, peer, task.wait, task.timeout)
    with closing(Listener(task.host, task.port, identity, peer)) as listener:
        return listener.accept(task.wait, task.timeout)
