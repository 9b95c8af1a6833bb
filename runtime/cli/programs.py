"""`ccr compile` and `ccr inspect`: what can be said about a program without running it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compiler.lowering.widths import widths
from compiler.schedule import show as show_plan
from compiler.words import show as show_words
from runtime import api, files
from runtime.cli.agreed import Agreement, Basis, basis
from runtime.cli.exported import Export, Folder, exported
from runtime.cli.faults import faults, has_place, save_page, saving
from runtime.cli.given import compiled
from runtime.cli.links import LinkOf, SharedBy, link, shared_by
from runtime.cli.options import (
    Define,
    Delta,
    Evaluator,
    File,
    Json,
    Products,
    Runnable,
    checked_delta,
)
from runtime.cli.program_files import ARTIFACT, source_only
from runtime.cli.row_counts import Records
from runtime.cli.screen import result
from runtime.program import Program
from runtime.report import program as report
from runtime.report import ranges as report_ranges
from runtime.report import savings as other_report
from runtime.report.attribution import attributed
from runtime.report.everyone import privacy_of
from runtime.report.html.epsilon import curve
from runtime.report.html.program import Inspected, page
from runtime.report.savings import savings
from runtime.report.wording import count, duration, size
from runtime.report.work import work

Narrower = Annotated[
    bool, typer.Option("--narrower", help="Also what each line would cost with kinds one bit narrower.")
]
Hints = Annotated[
    bool, typer.Option("--hints", help="Also what would save bytes, counted by compiling it, the most first.")
]


def compile(
    file: File,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", metavar="OUT", show_default=False, help="The artifact; FILE with the ending .ccrc if not given."
        ),
    ] = None,
    define: Define = None,
    products: Products = None,
    evaluator: Evaluator = None,
    json: Json = False,
) -> None:
    """Compile a program to an artifact for both parties.  Prints its digest.

    The artifact carries the text, comments and all: whoever reads it compiles that again.
    """
    with faults(json):
        source_only(file)
        path = out or Path(file).with_suffix(ARTIFACT)
        has_place(path, files.ARTIFACT)
        program = compiled(file, define, products, evaluator)
        owned = {owner: own.digest for owner, own in api.of_each(program).items()}
        with saving(path):
            files.replace_bytes(path, program.artifact)
        done = work(program.compiled)
        said = (
            f"{program.digest}  {path} ({count(done.and_gates)} AND gates, {size(done.bytes.total)}, "
            f"about {duration(done.seconds)} of work)"
        )
        result(
            {
                "digest": program.digest,
                **({"digests": owned} if owned else {}),
                "file": str(path),
                "bytes": len(program.artifact),
                "and_gates": done.and_gates,
                "sent_bytes": done.bytes.total,
                "seconds": done.seconds,
                "evaluator_taken_for": program.compiled.taken_for.value,
            },
            "\n".join([said, *(f"{d}  as {o} runs it" for o, d in owned.items()), *report.trust(program.compiled)]),
            json,
        )


def inspect(
    file: Runnable,
    records: Records = None,
    delta: Delta = None,
    contract: Agreement = None,
    define: Define = None,
    products: Products = None,
    evaluator: Evaluator = None,
    over: LinkOf = None,
    workers: SharedBy = None,
    ranges: Annotated[bool, typer.Option("--ranges", help="Also every expression's range and width.")] = False,
    words: Annotated[bool, typer.Option("--words", help="Also the words that the text is lowered to.")] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Also the schedule that both parties walk, step by step.")
    ] = False,
    narrower: Narrower = False,
    hints: Hints = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="PATH", show_default=False, help="Also write the report as one HTML file."),
    ] = None,
    export: Export = None,
    export_to: Folder = Path(),
    json: Json = False,
) -> None:
    """Show what a program costs, who learns what, and its epsilon.

    Costs are by source place, kernel, cell and pass.
    """
    with faults(json):
        checked_delta(delta)
        has_place(html, files.PAGE)
        connection = None if over is None else link("--link", over)
        program = compiled(file, define, products, evaluator)
        shared = shared_by(workers, connection, program.owners)
        rested = basis(program, records, delta, contract)
        told = privacy_of(rested.parts, rested.delta)
        placed = program.placed()
        done, found = work(placed), attributed(placed)
        lines = [report.text(program, done, found, told, connection, shared), *_missing(program, rested)]
        data = report.as_json(program, done, found, told, connection, shared)
        rows = widths(program.understood().checked.program) if ranges or html else ()
        if ranges:
            lines += ["", *report_ranges.lines(rows)]
            data["ranges"] = report_ranges.as_json(rows)
        other = savings(placed, narrower, hints) if narrower or hints else None
        if other:
            lines += ["", *other_report.text(other)]
            data |= other.as_json()
        for name, shown in _stages(program, words, plan).items():
            lines += ["", *shown]
            data[name] = shown
        if html:
            drawn = curve(rested.parts, told, rested.allowed)
            known = Inspected(program, done, found, told, rows, connection, other, drawn, rested.said)
            save_page(html, page(known), json)
        if export is not None:
            data["exported"] = paths = exported(program.compiled.plan, export, export_to)
            lines += ["", *paths]
        result(data, "\n".join(lines), json)


def _missing(program: Program, rested: Basis) -> list[str]:
    """What is to be given to know all of epsilon."""
    used = {m.dataset for m in program.compiled.mechanisms}
    if not any(used - known.keys() for _, known in rested.parts):
        return []
    return [f"give --records {'OWNER=N' if program.owners else 'N'} to learn epsilon"]


def _stages(program: Program, words: bool, plan: bool) -> dict[str, list[str]]:
    """What the compiler made on the way, as text, as far as it is asked for."""
    shown: dict[str, list[str]] = {}
    if words:
        shown["words"] = show_words.lines(program.understood().words)
    if plan:
        shown["plan"] = show_plan.lines(program.compiled.plan)
    return shown
