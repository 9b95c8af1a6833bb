"""`ccr policy`: what an officer allows, in words, and whether a program keeps it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from compiler.program import Compiled
from runtime.cli.drafting import purpose as checked
from runtime.cli.faults import faults
from runtime.cli.options import Define, Evaluator, Json, Products, Runnable, UsageError, positive
from runtime.cli.programs import compiled
from runtime.cli.screen import result
from runtime.cli.status import REFUSED
from runtime.contract.amounts import Spend
from runtime.contract.cost import cost
from runtime.contract.draft import mechanisms_of, reveals_of
from runtime.contract.refused import Refused
from runtime.ledger.events import now
from runtime.policy.hold import breaches
from runtime.policy.proposals import Agreement, measures, trainings
from runtime.policy.read import read
from runtime.privacy.cost import stated
from runtime.privacy.limits import default_delta
from runtime.report import policy as report

File = Annotated[Path, typer.Argument(metavar="POLICY", show_default=False, help="A policy.toml.")]


def show(file: File, json: Json = False) -> None:
    """Say in words what a policy allows, and its digest."""
    with faults(json):
        policy = read(file)
        result(report.as_json(policy), "\n".join(report.lines(policy)), json)


def check(
    file: File,
    program: Runnable,
    records: Annotated[
        int, typer.Option("--records", metavar="N", min=1, show_default=False, help="Rows of each data set.")
    ],
    purpose: Annotated[
        str | None, typer.Option("--purpose", metavar="WORD", show_default=False, help="What it would be for.")
    ] = None,
    delta: Annotated[
        str | None,
        typer.Option(
            "--delta",
            metavar="D",
            show_default=False,
            help="The delta of the run; the smaller of 1e-5 and 1/(10 n) if not given.",
        ),
    ] = None,
    define: Define = None,
    products: Products = None,
    evaluator: Evaluator = None,
    json: Json = False,
) -> None:
    """Say which rules one run of a program would break.  If any, the exit status is 3.

    Reports of de-identification are of records, so they are not looked at here.
    """
    with faults(json):
        policy, built = read(file), compiled(program, define, products, evaluator).compiled
        if any(m.batch > records for m in built.mechanisms if not m.whole):
            raise UsageError(f"--records {records} is less than a batch")
        at = default_delta([records]) if delta is None else positive("--delta", delta)
        proposed = _proposed(built, records, checked(purpose), _cost(built, records, at))
        found = list(breaches(policy, proposed, now()))
        said = report.broken(policy, found) or [f"{program}: {policy} allows it"]
        result(report.check_json(policy, proposed.per_run, found), "\n".join(said), json)
        if found:
            raise typer.Exit(REFUSED)


def _held(program: Compiled, records: int) -> dict[str, int]:
    """The rows of each data set: those of one that is measured are stated."""
    return {d.name: records for d in program.datasets} | stated(program)


def _cost(program: Compiled, records: int, delta: Fraction) -> Spend | None:
    """None where no finite epsilon bounds it, or nothing is trained."""
    if not program.mechanisms:
        return None
    try:
        return cost(program, _held(program, records), delta)
    except Refused as refused:
        if refused.reason != "no-privacy":
            raise
        return None


def _proposed(program: Compiled, records: int, purpose: str | None, found: Spend | None) -> Agreement:
    held = _held(program, records)
    made = mechanisms_of(program, held, found is not None)
    bare = {o.name for o in program.outputs if o.carries or (program.mechanisms and found is None and o.receivers)}
    return Agreement(
        purpose=purpose,
        records=held,
        reports={},
        trainings=trainings(made),
        measures=measures(made),
        reveals=frozenset(reveals_of(program)) | bare,
        per_run=found,
        total=found,
    )
