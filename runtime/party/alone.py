"""One party as a process of this machine whose peer is elsewhere, for a training that is driven from Python."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import TYPE_CHECKING

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
    `peer` and `contract`; with a contract `goes_on` is `--continue`."""

    key: str | Path
    cert: str | Path
    connect: str = ""
    listen: str = ""
    peer: str | Path = ""
    contract: str | Path = ""
    ledger: str | Path = ""
    goes_on: bool = False
    wait: float = WAIT


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
    if bool(given.connect) == bool(given.listen) or bool(given.peer) == bool(given.contract):
        raise ValueError("a connection needs one of `connect` and `listen`, and one of `peer` and `contract`")
    if given.goes_on and not given.contract:
        raise ValueError("without a contract nobody counts the steps of a run: there is nothing to go on with")
    agreed = None
    if given.contract:
        with Path(given.contract).open("rb") as file:
            contract = terms.decode(file.read(canonical.LARGEST + 2))
        agreed = Agreed(contract, Path(given.ledger) if given.ledger else default_path(), continues=given.goes_on)
        peer = contract.terms.other(party).certificate.encode()
    else:
        peer = keys.read_certificate(Path(given.peer))
    host, _, port = (given.connect or given.listen).rpartition(":")
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
        host.strip("[]"),
        int(port),
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
