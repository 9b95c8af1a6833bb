"""`ccr inspect --contract`: what a program costs as parties agreed on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from runtime.api import of_each
from runtime.cli.contract_files import read_contract
from runtime.cli.options import UsageError
from runtime.cli.row_counts import counted
from runtime.contract.terms import Terms
from runtime.privacy.cost import float_below, stated
from runtime.program import Program
from runtime.report import contract as report
from runtime.report.everyone import Parts

Agreement = Annotated[
    Path | None,
    typer.Option(
        "--contract",
        metavar="C",
        show_default=False,
        help="Take the number of records, and delta, from this contract; the page has it in words.",
    ),
]


@dataclass(frozen=True, slots=True)
class Basis:
    """What epsilon is told of: programs with the rows of their data sets; and what a contract says, if one does."""

    parts: Parts
    delta: float | None
    said: Sequence[str] = ()
    allowed: float | None = None  # epsilon of one run


def basis(program: Program, records: Sequence[str] | None, delta: float | None, contract: Path | None) -> Basis:
    """As given, or as agreed.  Raises UsageError and Refused."""
    if contract is None:
        parts = [
            (own, ({} if n is None else dict.fromkeys([d.name for d in own.datasets], n)) | stated(own))
            for own, n in counted(program, records).values()
        ]
        return Basis(parts, delta)
    if records or delta is not None:
        raise UsageError("a contract says how many records there are, and delta", "leave out --records and --delta")
    read = read_contract(contract)
    terms = read.terms
    own = next((p for p in (program, *of_each(program).values()) if p.digest == terms.program), None)
    if own is None:
        raise UsageError(f"{contract} is about another program", f"its digest is {terms.program}")
    parts = [(own.compiled, {d.name: d.records for d in terms.data})]
    return Basis(parts, _delta(terms), report.lines(read), _allowed(terms))


def _delta(terms: Terms) -> float | None:
    return None if terms.privacy is None else float_below(terms.privacy.per_run.delta)


def _allowed(terms: Terms) -> float | None:
    return None if terms.privacy is None else float(terms.privacy.per_run.epsilon)
