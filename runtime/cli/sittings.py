"""`ccr run --as PARTY`: one session; with --cluster one after the other, each with the workers that are left."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

from lang.numerals import counted
from runtime.cli.clusters import Cluster
from runtime.cli.meet import Ends, Patience, Side, check_party
from runtime.cli.screen import say
from runtime.contract.refused import Refused
from runtime.data.columns import NONE, Chosen
from runtime.net.tls import Listener
from runtime.party.both import Accept
from runtime.party.run import Report
from runtime.program import Program
from runtime.session.errors import ClusterBroken
from runtime.session.session import Keep, kept_by_nobody
from runtime.session.watch import Watching

if TYPE_CHECKING:
    from runtime.cluster.staff import Launcher, Staff
    from runtime.party.agreed import Agreed

ROLL_CALL = 10.0  # seconds for a worker to say that it is there, which was at work a moment ago


def run_party(
    program: Program,
    ends: Ends,
    inputs: Mapping[str, str],
    seed: int | None,
    patience: Patience,
    advance: Watching,
    quiet: bool,
    agreed: Agreed | None = None,
    accept: Accept | None = None,
    columns: Chosen = NONE,
    keep: Keep = kept_by_nobody,
) -> Report:
    """This party's side of the run.  Its inputs and its contract are checked before it listens or connects.

    Without a contract `accept` is told the rows of this party's data sets before anybody is met, and may refuse.
    Raises UsageError, InputError, Refused, and what `runtime.party.run` raises.
    """
    check_party(program, ends.party)

    def mine(under: Agreed | None) -> Side:
        return Side.of(program, ends, inputs, seed, patience, quiet, under, columns)

    side = mine(agreed)
    if agreed is None and accept is not None:
        accept([(program.compiled, side.own.sources.records())])
    if ends.cluster is None:
        return side.run(side.meet(), advance, keep)
    return run_shared(ends.cluster, side, lambda: mine(agreed and replace(agreed, continues=True)), advance, keep)


@dataclass(frozen=True, slots=True)
class Sitting:
    """One session of a party's side."""

    side: Side
    goes_on: Callable[[], Side]  # this party's side of what goes on; raises Refused
    door: Callable[[], Listener | None]
    advance: Watching
    keep: Keep

    def play(self, staff: Staff) -> Report:
        return self.side.run(self.side.meet(self.door()), self.advance, self.keep, staff)

    def again(self, lost: ClusterBroken, left: int) -> Sitting:
        if not self.side.own.told:
            raise lost
        try:
            side = self.goes_on()
        except Refused as refused:
            say(f"warning: the run is not gone on with: {refused}")
            raise lost from refused
        say(f"warning: {lost}; going on with {counted(left, 'worker')}")
        return replace(self, side=side)


def run_shared(cluster: Cluster, side: Side, goes_on: Callable[[], Side], advance: Watching, keep: Keep) -> Report:
    """Raises UsageError, and what `Side.meet` and `Side.run` raise."""
    from runtime.cluster.sessions import through  # here as below, because few runs have a cluster

    limits = side.patience
    with cluster.started(side.quiet) as workers, _door(side.ends) as door:
        hire = partial(_hired, side)
        return through(workers, Sitting(side, goes_on, door, advance, keep), hire, limits.wait, ROLL_CALL)


def _hired(side: Side, launcher: Launcher) -> Staff:
    from runtime.cluster.staff import Staff

    limits = side.patience
    return Staff.hire(launcher, side.ends.listens, side.program.artifact, limits.wait, limits.stall, limits.whole)


@contextmanager
def _door(ends: Ends) -> Generator[Callable[[], Listener | None]]:
    """Where the peer calls for every session, open from the first on: a port that was free is the same for all."""
    with ExitStack() as open:
        yield cache(lambda: open.enter_context(closing(ends.door())) if ends.listens else None)
