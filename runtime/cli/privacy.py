"""`ccr privacy`: epsilon for delta, what it is made of, and what noise or how many steps a budget buys."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from compiler.program import Compiled, owner
from compiler.schedule.told import told_steps
from lang.numerals import counted
from runtime.api import of_each
from runtime.cli.data_options import ColumnsOf, columns_given
from runtime.cli.drafting import stops_given
from runtime.cli.faults import faults, has_folder, saving
from runtime.cli.given import compiled
from runtime.cli.options import (
    Define,
    Delta,
    Evaluator,
    Json,
    Products,
    Runnable,
    UsageError,
    checked_delta,
    pairs,
    positive,
)
from runtime.cli.row_counts import Records, of_owners, single
from runtime.cli.screen import result, say
from runtime.contract.cost import endings
from runtime.contract.stops import fit
from runtime.data.columns import Chosen
from runtime.data.load import checked
from runtime.data.specs import DatasetSpec
from runtime.party.several import Given
from runtime.party.sources import specs
from runtime.privacy.cost import stated
from runtime.program import Program
from runtime.report import plot as picture
from runtime.report.everyone import Parts
from runtime.report.spending import Spending, Unknown, spending, spending_of_all
from runtime.report.stops import Ended
from runtime.report.wording import listing

Stops = Annotated[
    str | None,
    typer.Option(
        "--stops",
        metavar="T,T,...",
        show_default=False,
        help="What a run costs that may be ended after so many steps, as in `ccr contract new --stops`.",
    ),
]
Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE.png", show_default=False, help="Draw epsilon over steps and over delta."),
]


def privacy(
    file: Runnable,
    records: Records = None,
    input: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="NAME=PATH", show_default=False, help="Count the rows of this file instead."),
    ] = None,
    columns: ColumnsOf = None,
    delta: Delta = None,
    epsilon: Annotated[
        float | None,
        typer.Option("--epsilon", metavar="E", show_default=False, help="A budget: what noise, how many steps."),
    ] = None,
    stops: Stops = None,
    plot: Plot = None,
    define: Define = None,
    products: Products = None,
    evaluator: Evaluator = None,
    json: Json = False,
) -> None:
    """Say what privacy a program costs.  Epsilon, its parts, the proof behind its noise."""
    with faults(json):
        checked_delta(delta)
        if epsilon is not None and not (isfinite(epsilon) and epsilon > 0):
            raise UsageError(f"--epsilon {epsilon:g} is not a number above 0")
        if plot is not None:
            _drawable(plot)
        has_folder(plot)
        given = compiled(file, define, products, evaluator)
        if not given.compiled.mechanisms:
            raise UsageError(
                f"{file} has no privacy mechanism, so no epsilon",
                "records leave with an epsilon only through a `dpsgd` or `measure` with noise above 0",
            )
        try:
            parts = _parts(given, records, pairs("--input", input), columns_given(columns))
            found = spending_of_all(parts, delta, epsilon) if given.owners else spending(*parts[0], delta, epsilon)
        except Unknown as error:
            raise UsageError(f"epsilon is unknown: {error}") from None
        if plot is not None:
            with saving(plot):
                picture.plot(found if isinstance(found, Spending) else found.dearest, plot)
            say(f"{plot}: epsilon over steps and over delta")
        ended = [] if stops is None else _ended(parts, stops, found.delta)
        told = {of.owner: of.as_json() for of in ended}
        of_stops = {} if not told else {"stops": told if given.owners else next(iter(told.values()))}
        result(
            found.as_json() | of_stops, "\n".join([found.text(), *(line for of in ended for line in of.lines())]), json
        )


def _ended(parts: Parts, stops: str, delta: float) -> list[Ended]:
    """Raises UsageError, and Refused (stops-differ)."""
    whole = positive("--delta", repr(delta))
    named = stops_given(stops, whole)
    for program, _ in parts:
        fit(named, told_steps(program.plan), whole)
    say("computing epsilon of the stops")
    several = len(parts) > 1
    return [Ended(owner(program) if several else "", endings(program, known, named), whole) for program, known in parts]


def _parts(program: Program, records: Sequence[str] | None, files: dict[str, str], chosen: Chosen) -> Parts:
    """The program, or that of each owner, and the rows of its data sets.  Raises UsageError and InputError."""
    if not program.owners:
        return [(program.compiled, _records(program.compiled, single(records), files, chosen))]
    rows = of_owners(records, program.owners)
    named = Given(program.compiled, files)
    return [
        (own.compiled, _records(own.compiled, rows.get(owner), named.of(owner), chosen, f"{owner}."))
        for owner, own in of_each(program).items()
    ]


def _drawable(path: Path) -> None:
    if path.suffix not in picture.ENDINGS:
        raise UsageError(f"--plot {path} does not end in {', '.join(picture.ENDINGS)}")
    if not picture.available():
        raise UsageError("--plot needs matplotlib, which is not installed", "pip install 'ccr-lang[plot]'")


def _records(
    program: Compiled, given: int | None, files: dict[str, str], columns: Chosen, whose: str = ""
) -> dict[str, int]:
    """The rows of every data set that a mechanism reads.  Raises UsageError or InputError.

    `whose` stands before a data set's name where several owners have one of that name.
    """
    said = stated(program)
    used = sorted({m.dataset for m in program.mechanisms})
    if given is not None and files:
        raise UsageError("--records and --input both say how many records there are", "give one of them")
    if foreign := sorted(files.keys() - set(used)):
        raise UsageError(
            f"{listing(foreign)} is not a data set that is trained on or measured", f"these are: {listing(used)}"
        )
    if given is None and (missing := sorted(set(used) - files.keys() - said.keys())):
        what = f"how many records {listing([whose + name for name in missing])} has is not known"
        number = f"{whose.rstrip('.')}=N" if whose else "N"
        raise UsageError(what, f"give --records {number}, or --input {whose}{missing[0]}=FILE")
    known = dict.fromkeys(used, given) if given is not None else {}
    known |= said | _counted(program, files, columns)
    for m in program.mechanisms:
        if m.batch > known[m.dataset]:
            raise UsageError(
                f"a batch of {m.batch} from {counted(known[m.dataset], 'record')} of `{m.dataset}` cannot be",
                "lower the batch, or give the right number of records",
            )
    return known


def _counted(program: Compiled, files: dict[str, str], columns: Chosen) -> dict[str, int]:
    """The rows of each file, which must be a data set as the program wants it."""
    wanted = [s for s in specs(program, frozenset(program.parties)) if isinstance(s, DatasetSpec) and s.name in files]
    return {s.name: checked(s, files[s.name], columns) for s in wanted}
