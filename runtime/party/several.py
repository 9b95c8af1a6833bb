"""The party that several owners tell their noisy sums: a session with each of them, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from threading import Lock
from typing import Generic, TypeVar

from compiler.program import Compiled, everyone, receiver
from compiler.schedule.told import Training
from compiler.words.integers import Array
from runtime.data.columns import NONE, Chosen
from runtime.data.memory import Input, called
from runtime.data.named import check_there, unknown
from runtime.execute.beside import Met, side_by_side
from runtime.execute.clear import ClearBackend
from runtime.execute.follow import Drive, Made
from runtime.execute.pool import Pool
from runtime.execute.walk import walk
from runtime.net.traffic import Traffic
from runtime.party.run import Report, prepare
from runtime.party.sources import PartySources, load
from runtime.privacy.randomness import RunSecret
from runtime.program import Program

Value = TypeVar("Value", bound=Input)


class Given(Generic[Value]):
    """Inputs as they are named where all parties run together: `OWNER.NAME` for an owner's."""

    def __init__(self, program: Compiled, inputs: Mapping[str, Value]) -> None:
        """Raises InputError for a name that the program does not have."""
        self._of = {party: dict[str, Value]() for party in everyone(program)}
        sets, entries = [d.name for d in program.datasets], [entry.name for entry, _, _ in program.inputs]
        known = {f"{owner}.{name}": (owner, name) for owner in program.owners for name in sets}
        known |= {name: (receiver(program), name) for name in entries}
        for name, value in inputs.items():
            if name not in known:
                raise unknown(name, f"{name}={called(value)}", list(known))
            party, own = known[name]
            self._of[party][own] = value
        self._missing = [name for name, (party, own) in known.items() if own not in self._of[party]]

    def whole(self) -> Given[Value]:
        """The same; raises InputError if one is missing."""
        check_there(self._missing, {})
        return self

    def of(self, party: str) -> dict[str, Value]:
        """By the names that they have in this party's program."""
        return self._of[party]


def prepared(
    programs: Mapping[str, Program],
    inputs: Mapping[str, Input],
    seed: int | None,
    pool: Pool,
    columns: Chosen = NONE,
) -> dict[str, PartySources]:
    """The receiver's inputs for each of its sessions, of which each has a secret of its own; raises InputError."""
    found: dict[str, PartySources] = {}
    for owner, program in programs.items():
        own = receiver(program.compiled)
        found[owner] = prepare(program, own, inputs, RunSecret.of(seed, owner), columns)
        found[owner].pool = partial(pool.pooled, owner)
    return found


def in_the_clear(
    programs: Mapping[str, Program], inputs: Mapping[str, Input], seed: int | None, columns: Chosen = NONE
) -> dict[str, Array]:
    """All outputs, without any protocol: what a run with the same seed gives.  Raises InputError.

    `programs` are those of all owners.
    """
    program = next(iter(programs.values()))
    given = Given(program.compiled, inputs).whole()
    pool = Pool(program.owners, len(program.owners))
    sources = prepared(programs, given.of(receiver(program.compiled)), seed, pool, columns)
    for owner, own in programs.items():
        loaded = load(own.compiled, frozenset({owner}), given.of(owner), columns)
        sources[owner] = replace(sources[owner], loaded={**sources[owner].loaded, **loaded})

    def walked(owner: str, _: Met) -> dict[str, Array]:
        own = programs[owner].compiled
        return walk(own.plan, ClearBackend(own.plan.kernels), sources[owner], frozenset(own.parties))

    works = {owner: partial(walked, owner) for owner in programs}
    return next(iter(side_by_side(pool, works, len(works)).values()))


class Together:
    """A `Drive` for runs with several owners: whoever drives is asked once a step, and told the sums of all."""

    def __init__(self, pool: Pool, trainings: Sequence[Training], drive: Drive) -> None:
        self._pool, self._trainings, self._drive = pool, trainings, drive
        self._one = Lock()
        self._index, self._answer = -1, list[Array]()

    def __call__(self, made: Made) -> Sequence[Array]:
        with self._one:
            if made.index != self._index:  # none is a step ahead of another
                of = next(t for t in self._trainings if t.first <= made.index < t.after)
                whole = replace(made, sums=self._pool.totals(of.draw))
                self._index, self._answer = made.index, list(self._drive(whole))
            return self._answer


def together(party: str, reports: Mapping[str, Report], gone: Mapping[str, str]) -> Report:
    """One report of all sessions, whose outputs are the same."""
    first = next(iter(reports.values()))
    traffic = Counter[str]()
    for report in reports.values():
        traffic.update(asdict(report.traffic))
    return replace(
        first,
        party=party,
        records={f"{owner}.{name}": n for owner, r in reports.items() for name, n in r.records.items()},
        and_gates=sum(r.and_gates for r in reports.values()),
        sent_bytes=sum(r.sent_bytes for r in reports.values()),
        received_bytes=sum(r.received_bytes for r in reports.values()),
        traffic=Traffic(**traffic),
        farewell="; ".join(f"{owner}: {r.farewell}" for owner, r in reports.items() if r.farewell),
        sessions=dict(reports),
        workers=tuple(done for r in reports.values() for done in r.workers),
        gone=dict(gone),
    )
