"""All parties of a program on this machine, a process each: two, or one with as many owners as the data sets have."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection

from compiler.program import receiver
from compiler.schedule.told import trainings
from runtime.data.columns import NONE, Chosen
from runtime.data.errors import InputError
from runtime.data.memory import Input
from runtime.execute.beside import Met, side_by_side
from runtime.execute.follow import Follow, undriven
from runtime.execute.pool import Pool
from runtime.net import keys
from runtime.net.keys import Identity
from runtime.net.tls import connect
from runtime.party.both import (
    EXPECTED,
    HOST,
    Accept,
    Task,
    collect,
    driven,
    refused,
    serve,
    started,
    told_to,
    work_alone,
)
from runtime.party.child import Advanced, Child, Failed, Ready, Told
from runtime.party.nursery import Start, starting
from runtime.party.run import Report, run
from runtime.party.several import Given, Together, prepared, together
from runtime.program import Program, from_own_artifact
from runtime.session.helpers import Helpers, Helping, unhelped
from runtime.session.watch import Moment, Sessions

Ports = Mapping[str, int]  # by owner


@dataclass(frozen=True, slots=True)
class Receiver:
    """What the child of the party is told that runs with several owners."""

    name: str
    artifacts: Mapping[str, bytes]  # by owner, as all that follows
    party: str
    given: dict[str, Input]
    columns: Chosen
    seed: int | None
    identity: Identity
    certificates: Mapping[str, bytes]
    least: int  # owners it goes on with
    timeout: float
    driven: bool  # as of Task
    threads: int  # in each of its sessions
    helping: Helping


def run_here(
    program: Program,
    inputs: Mapping[str, Input],
    seed: int | None,
    timeout: float,
    progress: Callable[[str, Moment], None] | None = None,
    accept: Accept | None = None,
    columns: Chosen = NONE,
    least: int | None = None,
    programs: Mapping[str, Program] | None = None,
    start: Start | None = None,
    insecure: bool = False,
    threads: int = 1,
    helping: Helping = unhelped,
) -> dict[str, Report]:
    """Run the program between processes, which `start` starts if somebody has prepared for them; each party's report.

    `inputs` are all parties'.  Those of several owners, whose `programs` these are, are named `OWNER.NAME`; so many as
    `least` it takes to go on, all if it is not said.  Two may talk over loopback without encryption: `insecure`.  The
    gates of each party are shared by so many `threads`, or with those who are `helping`.
    Raises InputError (before anything is sent), PartyFailed, and what `accept` raises.
    """
    owners = program.owners
    assert bool(programs) == bool(owners), "the programs of all owners are not given"
    assert not (insecure and owners), "without encryption only two are run"
    most = 0 if least is None else len(owners) - least
    given = inputs, seed, timeout, accept, columns
    at_work = (
        started_all(programs, *given, len(owners) - most, start=start, threads=threads, helping=helping)
        if programs
        else started(program, *given, start=start, insecure=insecure, threads=threads, helping=helping)
    )
    with at_work as children:
        heard = collect(children, owners, most)
        while True:
            try:
                child, told = next(heard)
            except StopIteration as ended:
                reports: dict[str, Report] = ended.value
                return reports
            if progress and isinstance(told, Advanced):
                progress(child.party, told.moment)


@contextmanager
def started_all(
    programs: Mapping[str, Program],
    inputs: Mapping[str, Input],
    seed: int | None,
    timeout: float,
    accept: Accept | None,
    columns: Chosen,
    least: int,
    driven: bool = False,
    start: Start | None = None,
    threads: int = 1,
    helping: Helping = unhelped,
) -> Generator[dict[str, Child]]:
    """As `started`, of a program with several owners."""
    if start is None:
        with (
            starting() as start,
            started_all(
                programs, inputs, seed, timeout, accept, columns, least, driven, start, threads, helping
            ) as all,
        ):
            yield all
        return
    program = next(iter(programs.values()))
    to = receiver(program.compiled)
    given, identities = Given(program.compiled, inputs).whole(), {p: keys.new(p) for p in (to, *programs)}
    told = Receiver(
        program.name,
        {owner: own.artifact for owner, own in programs.items()},
        to,
        given.of(to),
        columns,
        seed,
        identities[to],
        {owner: identities[owner].certificate for owner in programs},
        least,
        timeout,
        driven,
        threads,
        helping,
    )
    children: dict[str, Child] = {}
    try:
        children[to] = Child(to, work, told, start)
        for owner, own in programs.items():
            task = _alone(own, owner, given.of(owner), columns, seed, identities, to, timeout, threads, helping)
            children[owner] = Child(owner, work_alone, task, start)
        ready = {party: child.ready() for party, child in children.items()}
        if accept is not None:
            accept([(own.compiled, ready[owner].records) for owner, own in programs.items()])
        for owner in programs:
            children[owner].pipe.send(ready[owner].port)
        children[to].pipe.send({owner: ready[owner].port for owner in programs})
        yield children
    finally:
        for child in children.values():
            child.stop()


def _alone(
    program: Program,
    owner: str,
    given: dict[str, Input],
    columns: Chosen,
    seed: int | None,
    identities: Mapping[str, Identity],
    to: str,
    timeout: float,
    threads: int,
    helping: Helping,
) -> Task:
    """An owner's, who waits for the receiver `to`."""
    own, peer = identities[owner], identities[to].certificate
    what = program.name, program.artifact, owner, given, columns, seed
    return Task(*what, own, peer, True, timeout, threads=threads, helping=helping)


def work(pipe: Connection, told: Receiver) -> None:
    """The receiver's whole life."""
    serve(pipe, lambda: _work(pipe, told))


def _work(pipe: Connection, told: Receiver) -> Told:
    programs = {owner: from_own_artifact(told.name, data) for owner, data in told.artifacts.items()}
    pool = Pool(tuple(programs), told.least, stall=told.timeout)
    try:
        sources = prepared(programs, told.given, told.seed, pool, told.columns)
    except InputError as error:
        return refused(error)
    pipe.send(Ready(0, {}))
    ports: Ports = pipe.recv()
    watched = Sessions(told_to(pipe))
    steps = trainings(next(iter(programs.values())).compiled.plan)
    drive = Together(pool, steps, driven(pipe)) if told.driven else undriven

    def session(owner: str, helpers: Helpers | None, met: Met) -> Report:
        certificate = told.certificates[owner]
        channel = met(lambda: connect(HOST, ports[owner], told.identity, certificate, told.timeout, told.timeout))
        follow, watching = Follow(drive=drive, gather=partial(pool.gather, owner)), watched.session(owner)
        what = programs[owner], told.party, sources[owner], channel, watching
        return run(*what, follow=follow, helpers=helpers, threads=told.threads)

    try:
        with told.helping(list(told.artifacts.values()), False, told.timeout) as staffs:
            works = {o: partial(session, o, each) for o, each in zip(programs, staffs, strict=True)}
            reports = side_by_side(pool, works, told.least)
    except EXPECTED as error:
        return Failed(": ".join([*getattr(error, "__notes__", ())[:1], str(error)]))
    return together(told.party, reports, pool.gone)
