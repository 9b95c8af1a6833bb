"""`ccr privacy`: epsilon for delta, what it is made of, and what noise or how many steps a budget buys."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from compiler.program import Compiled
from lang.numerals import counted
from runtime.cli.data_options import ColumnsOf, columns_given
from runtime.cli.faults import faults, saving
from runtime.cli.options import Define, Delta, Evaluator, Json, Products, Runnable, UsageError, checked_delta, pairs
from runtime.cli.programs import compiled
from runtime.cli.screen import result, say
from runtime.data.columns import Chosen
from runtime.data.load import load_dataset
from runtime.data.specs import DatasetSpec
from runtime.party.sources import specs
from runtime.privacy.cost import stated
from runtime.report import plot as picture
from runtime.report.spending import Unknown, spending
from runtime.report.wording import listing


def privacy(
    file: Runnable,
    records: Annotated[
        int | None,
        typer.Option(
            "--records", metavar="N", min=1, show_default=False, help="Rows of the data set that is trained on."
        ),
    ] = None,
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
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE.png", show_default=False, help="Draw epsilon over steps and over delta."),
    ] = None,
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
        program = compiled(file, define, products, evaluator).compiled
        if not program.mechanisms:
            raise UsageError(
                f"{file} has no privacy mechanism, so no epsilon",
                "records leave with an epsilon only through a `dpsgd` or `measure` with noise above 0",
            )
        try:
            found = spending(
                program, _records(program, records, pairs("--input", input), columns_given(columns)), delta, epsilon
            )
        except Unknown as error:
            raise UsageError(f"epsilon is unknown: {error}") from None
        if plot is not None:
            with saving(plot):
                picture.plot(found, plot)
            say(f"{plot}: epsilon over steps and over delta")
        result(found.as_json(), found.text(), json)


def _drawable(path: Path) -> None:
    if path.suffix not in picture.ENDINGS:
        raise UsageError(f"--plot {path} does not end in {', '.join(picture.ENDINGS)}")
    if not picture.available():
        raise UsageError("--plot needs matplotlib, which is not installed", "pip install 'ccr-lang[plot]'")


def _records(program: Compiled, given: int | None, files: dict[str, str], columns: Chosen) -> dict[str, int]:
    """The rows of every data set that a mechanism reads.  Raises UsageError or InputError."""
    said = stated(program)
    used = sorted({m.dataset for m in program.mechanisms})
    if given is not None and files:
        raise UsageError("--records and --input both say how many records there are", "give one of them")
    if foreign := sorted(files.keys() - set(used)):
        raise UsageError(
            f"{listing(foreign)} is not a data set that is trained on or measured", f"these are: {listing(used)}"
        )
    if given is None and (missing := sorted(set(used) - files.keys() - said.keys())):
        raise UsageError(
            f"how many records {listing(missing)} has is not known", f"give --records N, or --input {missing[0]}=FILE"
        )
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
    return {s.name: len(next(iter(load_dataset(s, files[s.name], columns).values()))) for s in wanted}
