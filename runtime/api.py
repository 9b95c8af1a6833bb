"""ccr from Python, under the names of the command line: load, compile, simulate, run."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from compiler.joint.locality import Evaluator
from compiler.joint.shares import Products
from compiler.program import Compiled
from compiler.words.evaluate import evaluate
from compiler.words.integers import Array
from runtime.contract.refused import Refused
from runtime.data.columns import NONE, Chosen
from runtime.execute.clear import ClearBackend
from runtime.execute.walk import walk
from runtime.party.alone import Connection, started_alone
from runtime.party.both import run_both, started
from runtime.party.driven import Driven
from runtime.party.run import Report
from runtime.party.sources import PartySources, load
from runtime.privacy.randomness import RunSecret
from runtime.program import Program, compile
from runtime.report.privacy import privacy

__all__ = [
    "Connection",
    "Driven",
    "Evaluator",
    "Products",
    "Program",
    "Report",
    "compile",
    "run",
    "session",
    "simulate",
]

PATIENCE = 120.0  # seconds that a party waits for the other, at any point


def simulate(
    program: Program, inputs: Mapping[str, str], seed: int | None = None, columns: Chosen = NONE
) -> dict[str, Array]:
    """All outputs, computed in the clear, bit for bit what a run with the same seed gives.  Raises InputError.

    `inputs` has what stands behind `--input NAME=` on the command line: a path, an array of a file such as
    `model.safetensors:fc1.weight:T`, or a number.

    `columns` names the columns of a file that are a field of a data set, or an input, if their names do not.
    """
    compiled = program.compiled
    everyone = frozenset(compiled.parties)
    sources = PartySources(load(compiled, everyone, inputs, columns), RunSecret.of(seed))
    if program.meaning is None:
        return walk(compiled.plan, ClearBackend(compiled.plan.kernels), sources, everyone)
    words = program.meaning.words
    values = evaluate(words.block, [], sources)
    return {output.name: value for output, value in zip(words.outputs, values, strict=True)}


def run(
    program: Program,
    inputs: Mapping[str, str],
    seed: int | None = None,
    timeout: float = PATIENCE,
    columns: Chosen = NONE,
    not_private: bool = False,
) -> dict[str, Report]:
    """Run the program between two processes of this machine, by the real protocol; each party's report, by its name.

    A report's `outputs` are what that party learned: integers on the grid of their kinds.  With a `seed` the run is
    not private.  The processes are started afresh (`multiprocessing`, spawn), so a script calls this behind
    `if __name__ == "__main__":`.  Raises InputError and, unless it may be `not_private`, Refused (not-private) where
    records would leave at an infinite epsilon, both before anything is sent; and PartyFailed.
    """
    return run_both(program, inputs, seed, timeout, accept=None if not_private else _private, columns=columns)


def session(
    program: Program,
    inputs: Mapping[str, str],
    seed: int | None = None,
    timeout: float = PATIENCE,
    columns: Chosen = NONE,
    connection: Connection | None = None,
) -> Driven:
    """As `run`, of a program with `release = step`: a loop over its steps, which says with what weights each goes on.

    With a `connection` it is the party that is told the steps alone, whose peer runs `ccr run --as`, and `inputs` are
    its own.  Raises what `run` raises when it is entered, and ValueError for a program that tells no steps.
    """
    if connection is not None:
        return Driven(program, started_alone(program, inputs, connection, seed, timeout, columns))
    return Driven(program, started(program, inputs, seed, timeout, _private, columns, driven=True))


def _private(program: Compiled, records: Mapping[str, int]) -> None:
    """Raises Refused (not-private).  Takes seconds where there is a mechanism."""
    found = privacy(program, records, None)
    if found.cost == inf:
        raise Refused("not-private", found.why_infinite(), help="`not_private=True` runs it all the same")
