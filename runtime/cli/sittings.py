"""`ccr run --as PARTY --cluster`: one session after the other, each with the workers that are left."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Protocol

from lang.numerals import counted
from runtime.cli.clusters import Cluster
from runtime.cli.meet import Ends, Patience, Side
from runtime.cli.screen import say
from runtime.cluster.sessions import have, through
from runtime.cluster.shelves import Limits, in_many_files, shelved
from runtime.cluster.staff import HAND, Launcher, Staff
from runtime.contract.refused import Refused
from runtime.data.columns import Chosen
from runtime.data.memory import Input
from runtime.net.tls import Listener
from runtime.party.run import Report
from runtime.program import Program
from runtime.session.errors import ClusterBroken
from runtime.session.session import Keep
from runtime.session.watch import Watching

ROLL_CALL = 10.0  # seconds for a worker to say that it is there, which was at work a moment ago


@dataclass(frozen=True, slots=True)
class Sitting:
    """One session of a party's side."""

    side: Side
    goes_on: Callable[[Side], Side]  # behind a session; raises Refused
    door: Callable[[], Listener | None]
    advance: Watching
    keep: Keep

    def play(self, staff: Staff) -> Report:
        return self.side.run(self.side.meet(self.door()), self.advance, self.keep, staff)

    def again(self, lost: ClusterBroken, left: int) -> Sitting:
        """Of several owners none goes on by itself: whoever runs with them waits for all, or goes on without one."""
        if self.side.program.owners or not self.side.own.told:
            raise lost
        try:
            side = self.goes_on(self.side)
        except Refused as refused:
            say(f"warning: the run is not gone on with: {refused}")
            raise lost from refused
        say(f"warning: {lost}; going on with {counted(left, 'worker')}")
        return replace(self, side=side)


@dataclass(frozen=True, slots=True)
class Brought:
    """What a party comes with."""

    program: Program
    ends: Ends
    inputs: Mapping[str, Input]
    columns: Chosen
    patience: Patience
    quiet: bool


class Make(Protocol):
    def __call__(self, given: Mapping[str, Input], before: Side | None = None) -> Side:
        """This party's side of a run, or of one that goes on behind a session.  Raises InputError and Refused."""
        ...


def run_shared(cluster: Cluster, own: Brought, make: Make, advance: Watching, keep: Keep) -> Report:
    """Raises UsageError, InputError, Refused, and what `Side.meet` and `Side.run` raise.

    Where workers read records there have to be some before the inputs are read; else whatever is wrong with those is
    told before.
    """
    apart, patience = in_many_files(own.program, own.ends.party, own.inputs), own.patience
    limits = Limits(patience.wait, HAND * patience.stall, patience.whole)
    early = None if apart else make(own.inputs)
    with cluster.started(own.quiet) as workers, _door(own.ends) as door, ExitStack() as shelves:

        def fresh(before: Side | None = None) -> Side:
            if not apart:
                return make(own.inputs, before)
            shelves.close()  # of the session before, one of whose workers is gone
            mine = own.program, own.ends.party, own.inputs, own.columns
            asked, seconds = (1, ROLL_CALL) if before else (len(workers), patience.wait)
            at = workers.launcher(seconds)
            have(workers, asked, seconds)
            return make(shelves.enter_context(shelved(at, *mine, limits)), before)

        first = Sitting(early or fresh(), fresh, door, advance, keep)
        return through(workers, first, partial(_hired, first.side), patience.wait, ROLL_CALL)


def _hired(side: Side, launcher: Launcher) -> Staff:
    limits = side.patience
    return Staff.hire(launcher, side.ends.listens, side.program.artifact, limits.wait, limits.stall, limits.whole)


@contextmanager
def _door(ends: Ends) -> Generator[Callable[[], Listener | None]]:
    """Where the peer calls for every session, open from the first on: a port that was free is the same for all."""
    with ExitStack() as open:
        yield cache(lambda: open.enter_context(closing(ends.door())) if ends.listens else None)
