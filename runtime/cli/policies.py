"""`ccr policy`: what an officer allows, in words, and whether a program keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from compiler.program import Compiled
from runtime.cli.drafting import purpose as checked
from runtime.cli.faults import faults
from runtime.cli.given import compiled
from runtime.cli.options import Define, Evaluator, Json, Products, Runnable, positive
from runtime.cli.row_counts import KnownRecords, counted
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
    records: KnownRecords,
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
        policy, built = read(file), compiled(program, define, products, evaluator)
        of, found = dict[str, dict[str, object]](), dict[str, list[str]]()
        for owner, (own, n) in counted(built, records).items():
            if n is not None:  # of whom nothing is said nothing is looked at
                at = default_delta([n]) if delta is None else positive("--delta", delta)
                proposed = _proposed(own, n, checked(purpose), _cost(own, n, at))
                broken = list(breaches(policy, proposed, now()))
                of[owner] = report.check_json(policy, proposed.per_run, broken)
                found[owner] = report.broken(policy, broken)
        told = of[max(of, key=lambda owner: len(found[owner]))]
        result(told | ({"owners": of} if built.owners else {}), "\n".join(_said(f"{program}: {policy}", found)), json)
        if any(found.values()):
            raise typer.Exit(REFUSED)


def _said(whole: str, found: Mapping[str, list[str]]) -> list[str]:
    """The rules that are broken, of each owner where they are not those of all."""
    first, *others = found.values()
    if all(other == first for other in others):
        return first or [f"{whole} allows it"]
    return [f"{owner}: {line}" for owner, lines in found.items() for line in lines or [f"{whole} allows it"]]


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
