"""ccr from Python, under the names of the command line: load, compile, simulate, run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import inf
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from compiler import artifact
from compiler.joint.choices import Evaluator, Products
from compiler.program import products as how_products
from compiler.schedule.told import trainings
from compiler.words.evaluate import evaluate
from compiler.words.integers import Array
from lang.source import Source
from lang.syntax.load import read
from runtime.contract.refused import Refused
from runtime.data.columns import NONE, Chosen
from runtime.data.memory import Input
from runtime.execute import engines
from runtime.execute.clear import ClearBackend
from runtime.execute.threads import MOST
from runtime.execute.walk import walk
from runtime.party.alone import Connection, started_alone
from runtime.party.both import Part, started
from runtime.party.driven import Driven
from runtime.party.here import run_here, started_all
from runtime.party.several import in_the_clear
from runtime.party.sources import PartySources, load
from runtime.privacy.randomness import RunSecret
from runtime.program import Program, read_artifact
from runtime.report.everyone import Everyone, privacy_of
from runtime.report.privacy import Privacy
from runtime.report.run import Ended, phases
from runtime.session.watch import Moment

if TYPE_CHECKING:
    from compiler.lowering.understand import Meaning

__all__ = [
    "Connection",
    "Driven",
    "Ended",
    "Evaluator",
    "Products",
    "Program",
    "compile",
    "run",
    "session",
    "simulate",
]

Overrides = Mapping[str, str | Fraction]
PATIENCE = 120.0  # seconds that a party waits for the other, at any point


def compile(
    path: str | Path | Source,
    overrides: Overrides | None = None,
    products: Products | None = None,
    evaluator: Evaluator | None = None,
    party: str = "",
) -> Program:
    """A `.ccr` file, or text under a name, compiled; or a `.ccrc` artifact, read.

    Products go as shares and the evaluator may be malicious unless it is said otherwise.  Where data sets have several
    owners, each has a program with the one other party: this is the one of `party`, or of the first.

    Raises Rejected (the program is wrong), SourceError (the file cannot be read), ArtifactError, and ValueError where
    an artifact is given overrides, `products` or `evaluator`, which are fixed in it.
    """
    if isinstance(path, Source):
        from compiler import pipeline  # here and below, because what has been compiled once does without

        meaning = pipeline.understand(path, overrides, party=party)
        return _built(path.name, meaning, products or Products.SHARES, evaluator or Evaluator.MALICIOUS)
    if Path(path).suffix == ".ccrc":
        if overrides:
            raise ValueError("an artifact's params are fixed: compile the .ccr file again")
        if products is not None:
            raise ValueError("an artifact's products are fixed: compile the .ccr file again")
        if evaluator is not None:
            raise ValueError("an artifact's trust in the evaluator is fixed: compile the .ccr file again")
        program = read_artifact(Path(path))
        return program if party in ("", *program.compiled.parties) else of_party(program, party)
    from compiler import pipeline

    meaning = pipeline.understand(read(Path(path)), overrides, party=party)
    return _built(Path(path).name, meaning, products or Products.SHARES, evaluator or Evaluator.MALICIOUS)


def of_each(program: Program) -> dict[str, Program]:
    """The programs of all owners, where they are several."""
    return {owner: of_party(program, owner) for owner in program.owners}


def of_party(program: Program, party: str) -> Program:
    """The same text as the program that another of several owners runs; as it is for whom it does not have."""
    if party not in program.owners or party in program.compiled.parties:
        return program
    compiled = program.compiled
    meaning = artifact.meaning(compiled, party)
    return _built(program.name, meaning, how_products(compiled.plan), compiled.taken_for)


def _built(name: str, meaning: Meaning, products: Products, evaluator: Evaluator) -> Program:
    from compiler import pipeline

    compiled = pipeline.built(meaning, products, evaluator)
    return Program(name, compiled, artifact.encode(compiled), meaning)


def simulate(
    program: Program, inputs: Mapping[str, Input], seed: int | None = None, columns: Chosen = NONE
) -> dict[str, Array]:
    """All outputs, computed in the clear, bit for bit what a run with the same seed gives.  Raises InputError.

    `inputs` has what stands behind `--input NAME=` on the command line (a path, an array of a file such as
    `model.safetensors:fc1.weight:T`, a number), or what is in memory.

    `columns` names the columns of a file that are a field of a data set, or an input, if their names do not.
    """
    compiled = program.compiled
    if program.owners:
        return in_the_clear(of_each(program), inputs, seed, columns)
    everyone = frozenset(compiled.parties)
    sources = PartySources(load(compiled, everyone, inputs, columns), RunSecret.of(seed))
    if program.meaning is None:
        return walk(compiled.plan, ClearBackend(compiled.plan.kernels), sources, everyone)
    words = program.meaning.words
    values = evaluate(words.block, [], sources)
    return {output.name: value for output, value in zip(words.outputs, values, strict=True)}


def run(
    program: Program,
    inputs: Mapping[str, Input],
    seed: int | None = None,
    timeout: float = PATIENCE,
    columns: Chosen = NONE,
    not_private: bool = False,
    delta: float | None = None,
    progress: Callable[[str, Moment], None] | None = None,
    insecure: bool = False,
    threads: int = 1,
) -> Ended:
    """Run the program between processes of this machine, by the real protocol; what is known here when it has ended.

    `insecure`: without encryption, to measure what it costs; of two parties alone.  So many `threads` share the gates
    of each party.
    The outputs of its reports are integers on the grid of their kinds.  With a `seed` the run is not private.
    Raises InputError and, unless it may be `not_private`, Refused (not-private) where records would leave at an
    infinite epsilon, both before anything is sent; ValueError for `threads` that cannot be; and PartyFailed.
    """
    _shared(threads)
    cost: list[Privacy | Everyone] = []

    def accept(parts: Sequence[Part]) -> None:
        cost.append(privacy_of(parts, delta) if not_private else _private(parts, delta))

    start, programs = perf_counter(), of_each(program)
    if insecure and programs:
        raise ValueError("without encryption two parties are run, and the program has several owners")
    reports = run_here(
        program,
        inputs,
        seed,
        timeout,
        progress,
        accept,
        columns,
        programs=programs,
        insecure=insecure,
        threads=threads,
    )
    took = phases(reports[program.compiled.evaluator], 0.0, perf_counter() - start)
    return Ended(
        program, list(programs.values()) or [program], reports, took, {}, cost[0], seed is not None, insecure=insecure
    )


def session(
    program: Program,
    inputs: Mapping[str, Input],
    seed: int | None = None,
    timeout: float = PATIENCE,
    columns: Chosen = NONE,
    connection: Connection | None = None,
    threads: int = 1,
) -> Driven:
    """As `run`, of a program with `release = step`: a loop over its steps, which says with what weights each goes on.

    With a `connection` it is the party that is told the steps alone, whose peer runs `ccr run --as`, and `inputs` are
    its own.  Raises what `run` raises when it is entered, and ValueError for a program that tells no steps.
    """
    _shared(threads)
    if connection is not None:
        if program.owners:
            raise ValueError(f"a connection is with one owner, and {', '.join(program.owners)} are several")
        return Driven(program, started_alone(program, inputs, connection, seed, timeout, columns, threads))
    if program.owners:
        programs, least = of_each(program), len(program.owners)
        at_work = started_all(programs, inputs, seed, timeout, _asked, columns, least, driven=True, threads=threads)
        return Driven(program, at_work)
    return Driven(program, started(program, inputs, seed, timeout, _asked, columns, driven=True, threads=threads))


def told(program: Program) -> str:
    """The party that is told steps; "" for none."""
    return next((training.to for training in trainings(program.compiled.plan)), "")


def _shared(threads: int) -> None:
    """Raises ValueError where the gates of a party cannot be shared among so many."""
    if not 1 <= threads <= MOST:
        raise ValueError(f"threads is {threads}, and must be from 1 to {MOST}")
    try:
        engines.shared_by(threads)
    except (engines.NoThreads, engines.NoSuchBackend) as error:
        raise ValueError(str(error)) from None


def _private(parts: Sequence[Part], delta: float | None = None) -> Privacy | Everyone:
    """What it costs.  Raises Refused (not-private).  Takes seconds where there is a mechanism."""
    found = privacy_of(parts, delta)
    if found.cost == inf:
        raise Refused("not-private", found.why_infinite(), help="`not_private=True` runs it all the same")
    return found


def _asked(parts: Sequence[Part]) -> None:
    _private(parts)
