"""One party of a run: its inputs are read and checked first, then the peer is met, then the schedule is walked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from compiler.program import and_gates
from compiler.schedule.told import left
from compiler.words.integers import Array
from runtime.contract.refused import Refused
from runtime.data.columns import NONE, Chosen
from runtime.data.errors import InputError
from runtime.data.memory import Input
from runtime.execute import engines
from runtime.execute.follow import Follow
from runtime.net.channel import Channel
from runtime.net.traffic import Traffic
from runtime.party.sources import PartySources, load
from runtime.privacy.randomness import RunSecret
from runtime.program import Program
from runtime.session.helpers import Helpers, Worked
from runtime.session.permit import Charge, Permit
from runtime.session.phases import Phases
from runtime.session.session import Keep, Session, kept_by_nobody
from runtime.session.watch import Watching


@dataclass(frozen=True, slots=True)
class Report:
    """What a run left one party with."""

    party: str
    outputs: dict[str, Array]
    records: dict[str, int]  # rows of the data provider's data sets: as agreed, else its own or as the peer said
    and_gates: int
    sent_bytes: int
    received_bytes: int
    traffic: Traffic  # of both directions, as this party counted it
    seconds: dict[str, float]  # by phase; they do not overlap
    backend: str
    farewell: str = ""  # why the session's last word is missing; the outputs are complete even so
    contract: str = ""  # digest
    charged: Charge | None = None  # to the ledger of this party
    continues: bool = False  # a run that was cut
    first: int = 0  # the index of the step that it began with
    sessions: Mapping[str, Report] = field(default_factory=dict[str, "Report"])  # by owner, of whom it ran with several
    workers: tuple[Worked | None, ...] = ()  # of this party's cluster; None of one whose last word is missing
    gone: Mapping[str, str] = field(default_factory=dict[str, str])  # owners it went on without, and why


def prepare(
    program: Program, party: str, given: Mapping[str, Input], secret: RunSecret, columns: Chosen = NONE
) -> PartySources:
    """The party's inputs, read and checked; raises InputError.  Nothing is sent before this has succeeded."""
    try:
        engines.chosen()
    except engines.NoSuchBackend as error:
        raise InputError(str(error), help="`ccr doctor` says what this machine has", file="") from None
    return PartySources(load(program.compiled, frozenset({party}), given, columns), secret)


def run(
    program: Program,
    party: str,
    sources: PartySources,
    channel: Channel,
    watching: Watching | None = None,
    permit: Permit | None = None,
    keep: Keep = kept_by_nobody,
    follow: Follow | None = None,
    helpers: Helpers | None = None,
    threads: int = 1,
) -> Report:
    """The party's side of a run; see `Session.run` for what it raises.  Without a permit nothing is checked or charged.

    `keep` is told the outputs before the last words are waited for; `follow` the noisy sums that steps tell.

    Raises Refused (seeded) under a contract if whoever knows a seed knows the noise, and ValueError for sources that
    a run had before: two runs with one noise would tell how their gradients differ.
    """
    phases, permit, backend = Phases(), permit or Permit(), engines.chosen().backend
    if permit.contract and sources.secret.seeded:
        raise Refused("seeded", "a run with a seed is not private", help="leave out --seed")
    if sources.spent:
        raise ValueError("the run secret of these sources has served a run: `prepare` them again")
    sources.spent = True
    session = Session(
        program.compiled,
        program.name,
        program.digest,
        party,
        sources.records(),
        sources,
        phases,
        watching,
        permit,
        keep,
        follow or Follow(),
        helpers,
        threads,
    )
    outcome = session.run(channel)
    return Report(
        party,
        outcome.outputs,
        dict(permit.records) or sources.records() or outcome.peer.records,
        and_gates(left(program.compiled.plan, session.follow.first)),
        outcome.sent_bytes,
        outcome.received_bytes,
        outcome.traffic,
        phases.seconds,
        backend,
        outcome.farewell,
        permit.contract,
        permit.charged,
        permit.continues,
        session.follow.first,
        workers=outcome.workers,
    )
