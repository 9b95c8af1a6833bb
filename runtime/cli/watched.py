"""A run as whoever starts it sees it go: what is accepted beforehand, how far each party is, and that it was cut."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from compiler.program import everyone, receiver
from compiler.schedule.told import trainings
from runtime.cli.beforehand import Beforehand
from runtime.cli.progress import Advance, meter
from runtime.cli.run_log import RunLog
from runtime.cli.screen import say
from runtime.cli.several import Runs
from runtime.net.errors import CannotListen, NetworkError, PeerUnreachable
from runtime.party.both import Accept, Part
from runtime.party.errors import PartyFailed
from runtime.program import Program
from runtime.report.progress import Expected
from runtime.report.traffic import Link
from runtime.session.errors import PeerRefused


@contextmanager
def watched(
    runs: Runs, party: str, before: Beforehand, agreed: bool, connection: Link | None, quiet: bool, log: RunLog
) -> Generator[tuple[Accept, Advance]]:
    """Under a contract, or with what `before` accepts; without a `party` the evaluator is shown."""
    compiled = runs.program.compiled
    expected = Expected(tuple(runs.each), connection, before.delta, agreed, runs.workers)

    def accept(parts: Sequence[Part]) -> None:
        before.accept(parts)
        expected.priced = before.told is not None and before.told.cost is not None

    counted, shown = agreed and bool(trainings(compiled.plan)), party or compiled.evaluator
    with _cut(counted), meter(expected, shown, quiet, log) as advance:
        yield accept, advance


@contextmanager
def _cut(counted: bool) -> Generator[None]:
    """Says how to go on with a run whose steps are `counted`: without that its budget would be spent twice."""
    try:
        yield
    except (KeyboardInterrupt, NetworkError, PartyFailed) as error:
        if counted and not isinstance(error, PeerRefused | PeerUnreachable | CannotListen):
            say("if steps were told, `ccr run --continue` on both sides goes on; a new run is charged anew")
        raise


def sides(program: Program, party: str) -> tuple[Sequence[str], Sequence[str]]:
    """The parties of this machine, of all if none is named, and the others that these run with."""
    everybody = everyone(program.compiled)
    if not party:
        return everybody, ()
    others = everybody if party == receiver(program.compiled) else program.compiled.parties
    return (party,), [other for other in others if other != party]
