"""`ccr run --as PARTY`, where there is one other party: on this machine, or with a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from runtime.cli.meet import Ends, Patience, Side, check_party
from runtime.data.columns import NONE, Chosen
from runtime.data.memory import Input
from runtime.party.both import Accept
from runtime.party.run import Report
from runtime.program import Program
from runtime.session.session import Keep, kept_by_nobody
from runtime.session.watch import Watching

if TYPE_CHECKING:
    from runtime.party.agreed import Agreed


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
    threads: int = 1,
) -> Report:
    """This party's side of the run.  Its inputs and its contract are checked before it listens or connects.

    Without a contract `accept` is told the rows of this party's data sets before anybody is met, and may refuse.
    Raises UsageError, InputError, Refused, and what `runtime.party.run` raises.
    """
    check_party(program, ends.party)

    def mine(given: Mapping[str, Input], before: Side | None = None) -> Side:
        under = replace(agreed, continues=True, run=before.own.permit.run) if agreed and before else agreed
        side = Side.of(program, ends, given, seed, patience, quiet, under, columns)
        if agreed is None and accept is not None and before is None:
            accept([(program.compiled, side.own.sources.records())])
        return side

    if ends.cluster is None:
        side = mine(inputs)
        return side.run(side.meet(), advance, keep, threads=threads)
    from runtime.cli.sittings import Brought, run_shared  # here, because few runs have a cluster

    return run_shared(ends.cluster, Brought(program, ends, inputs, columns, patience, quiet), mine, advance, keep)
