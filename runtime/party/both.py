"""Both parties on this machine, as two processes that talk over TLS with throw-away keys: the real protocol.

The parent compiles, starts the two (`nursery.py`), tells the evaluator where the garbler listens, and collects their
reports; it sees no label.  Each child reads its own files.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import assert_never

from compiler.program import Compiled, owner
from compiler.words.integers import Array
from runtime.data.columns import NONE, Chosen
from runtime.data.errors import InputError
from runtime.data.memory import Input
from runtime.data.named import check_known, check_there
from runtime.execute.errors import ForgedOutput
from runtime.execute.follow import Drive, Follow, Made, undriven
from runtime.net import keys
from runtime.net.channel import Channel
from runtime.net.errors import Interrupted, NetworkError
from runtime.net.keys import Identity
from runtime.net.plain import TOKEN_BYTES, PlainListener, connect_plainly
from runtime.net.tls import Listener, connect
from runtime.ot.errors import CheatingDetected
from runtime.party.child import (
    PATIENCE,
    Advanced,
    Answer,
    Child,
    Denied,
    Failed,
    Ready,
    Refused,
    Told,
    denied,
)
from runtime.party.errors import PartyFailed
from runtime.party.nursery import Start, starting
from runtime.party.run import Report, prepare, run
from runtime.privacy.randomness import RunSecret
from runtime.program import Program, from_own_artifact
from runtime.session.errors import Disagreement
from runtime.session.helpers import Helping, unhelped
from runtime.session.watch import Watching

HOST = "127.0.0.1"
EXPECTED = (NetworkError, Disagreement, CheatingDetected, ForgedOutput)


@dataclass(frozen=True, slots=True)
class Task:
    """What a child is told."""

    name: str
    artifact: bytes
    party: str
    given: dict[str, Input]
    columns: Chosen
    seed: int | None  # of the run secret; without one each party draws its own
    identity: Identity
    peer_certificate: bytes
    listens: bool
    timeout: float
    driven: bool = False  # whoever started it says what is carried on after each step
    token: bytes = b""  # without encryption, between two that know it: `--insecure`
    threads: int = 1
    helping: Helping = unhelped


Part = tuple[Compiled, Mapping[str, int]]  # a program, and the rows of its data sets as far as they are known here
Accept = Callable[[Sequence[Part]], None]  # told all before anything is sent, of several owners each one's; may raise


@contextmanager
def started(
    program: Program,
    inputs: Mapping[str, Input],
    seed: int | None,
    timeout: float,
    accept: Accept | None = None,
    columns: Chosen = NONE,
    driven: bool = False,
    start: Start | None = None,
    insecure: bool = False,
    threads: int = 1,
    helping: Helping = unhelped,
) -> Generator[dict[str, Child]]:
    """Both parties' processes at work on the program, as `run_here` says; `driven`: whoever is told steps asks what is
    carried on after each."""
    if start is None:
        with (
            starting() as own,
            started(program, inputs, seed, timeout, accept, columns, driven, own, insecure, threads, helping) as both,
        ):
            yield both
        return
    compiled = program.compiled
    parties = (compiled.garbler, compiled.evaluator)
    identities = {party: keys.new(party) for party in parties}
    token = secrets.token_bytes(TOKEN_BYTES) if insecure else b""
    children: dict[str, Child] = {}
    try:
        for party, peer in zip(parties, reversed(parties), strict=True):
            given = _own(program, party, inputs)
            task = Task(
                program.name,
                program.artifact,
                party,
                given,
                columns,
                seed,
                identities[party],
                identities[peer].certificate,
                party == compiled.garbler,
                timeout,
                driven,
                token,
                threads,
                helping,
            )
            children[party] = Child(party, work_alone, task, start)
        _named(program, inputs)
        ready = {party: child.ready() for party, child in children.items()}
        if accept is not None:
            accept([(compiled, {name: rows for told in ready.values() for name, rows in told.records.items()})])
        for child in children.values():
            child.pipe.send(ready[compiled.garbler].port)
        yield children
    finally:
        for child in children.values():
            child.stop()


def _own(program: Program, party: str, inputs: Mapping[str, Input]) -> dict[str, Input]:
    names = {entry.name for entry, _, _ in program.compiled.inputs if entry.party == party}
    names |= {d.name for d in program.compiled.datasets if d.party == party}
    return {name: value for name, value in inputs.items() if name in names}


def _named(program: Program, inputs: Mapping[str, Input]) -> None:
    """Raises InputError for an input that nobody brings, and for all that are missing."""
    known = [e.name for e, _, _ in program.compiled.inputs] + [d.name for d in program.compiled.datasets]
    check_known(known, inputs, {})
    check_there(known, inputs)


def collect(
    children: Mapping[str, Child], spare: Collection[str] = (), most: int = 0
) -> Generator[tuple[Child, Advanced | Made], None, dict[str, Report]]:
    """What the children say until all have ended, and their reports; Made is to be answered.

    At `most` so many of the `spare` ones may fail.  Raises PartyFailed, and what a child was denied.
    """
    reports: dict[str, Report] = {}
    failures: dict[str, str] = {}
    waiting = {child.pipe: party for party, child in children.items()}
    while waiting:
        failed = len(failures) > most or not failures.keys() <= set(spare)
        ready = wait(list(waiting), timeout=PATIENCE if failed else None)
        if not ready:  # one failed and the other does not end: it is stopped
            break
        for pipe in ready:
            assert isinstance(pipe, Connection)
            party = waiting[pipe]
            told = children[party].told()
            match told:
                case Advanced() | Made():
                    yield children[party], told
                    continue
                case Report():
                    reports[party] = told
                case Failed(reason):
                    failures[party] = reason
                case Denied():
                    raise denied(told)
                case Ready() | Refused():
                    failures[party] = "its process said something unexpected"
                case _:
                    assert_never(told)
            del waiting[pipe]
    if len(failures) > most or not failures.keys() <= set(spare):
        raise PartyFailed("\n".join(f"{party}: {reason}" for party, reason in failures.items()))
    return {party: reports[party] for party in children if party in reports}


def work_alone(pipe: Connection, task: Task) -> None:
    """The child's whole life."""
    serve(pipe, lambda: _work(pipe, task))


def serve(pipe: Connection, work: Callable[[], Told]) -> None:
    """Tell what becomes of the work, as long as there is a parent."""
    with suppress(ConnectionError, EOFError):
        pipe.send(work())


def refused(error: InputError) -> Refused:
    return Refused(error.what, error.help, error.file, error.row, error.column, error.counted)


def _work(pipe: Connection, task: Task) -> Told:
    program = from_own_artifact(task.name, task.artifact)
    try:
        sources = prepare(
            program, task.party, task.given, RunSecret.of(task.seed, owner(program.compiled)), task.columns
        )
    except InputError as error:
        return refused(error)
    try:
        with ExitStack() as open:
            listener = open.enter_context(closing(_listener(task))) if task.listens else None
            pipe.send(Ready(listener.port if listener else 0, sources.records()))
            port = pipe.recv()
            [helpers] = open.enter_context(task.helping([task.artifact], task.listens, task.timeout))
            channel = listener.accept(task.timeout, task.timeout) if listener else _connected(task, port)
            if listener:
                listener.close()
            return run(
                program,
                task.party,
                sources,
                channel,
                told_to(pipe),
                follow=Follow(drive=driven(pipe) if task.driven else undriven),
                helpers=helpers,
                threads=task.threads,
            )
    except EXPECTED as error:
        return Failed(str(error))


def _listener(task: Task) -> Listener | PlainListener:
    return PlainListener(task.token) if task.token else Listener(HOST, 0, task.identity, task.peer_certificate)


def _connected(task: Task, port: int) -> Channel:
    if task.token:
        return connect_plainly(port, task.token, task.timeout)
    return connect(HOST, port, task.identity, task.peer_certificate, task.timeout, task.timeout)


def driven(pipe: Connection) -> Drive:
    """Asks at the other end of the pipe.  Raises Interrupted where nobody is there any more: the loop was left."""

    def drive(made: Made) -> Sequence[Array]:
        try:
            pipe.send(made)
            answer: Answer = pipe.recv()
        except (ConnectionError, EOFError):
            raise Interrupted("ended") from None
        return made.after if answer is None else answer

    return drive


def told_to(pipe: Connection) -> Watching:
    """Says at the other end of the pipe how far the run is."""
    return lambda moment: pipe.send(Advanced(moment))
