"""`ccr check`: what is wrong with programs.  It loads no more of the compiler than finds that."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from compiler.lowering.understand import examine
from lang.numerals import counted
from lang.problems.draw import as_json
from lang.problems.problem import Problem, Rejected
from lang.source import Source
from lang.syntax.load import decode, read, whole
from runtime.cli.faults import faults, warn
from runtime.cli.options import Define, Evaluator, Json, Products, pairs
from runtime.cli.program_files import STDIN, source_only
from runtime.cli.screen import result


def check(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", show_default=False, help=".ccr programs; - reads one from standard input."),
    ],
    define: Define = None,
    products: Products = None,
    evaluator: Evaluator = None,
    json: Json = False,
) -> None:
    """Say what is wrong with programs, all of it, with places.

    --products and --evaluator make no difference to that.
    """
    with faults(json):
        overrides, found, wrong, lines = pairs("-D", define), list[Problem](), False, list[str]()
        for file in files:
            try:
                warnings = examine(_source(file), overrides).warnings
            except Rejected as rejected:
                found += rejected.problems
                wrong = True
            else:
                found += warnings
                said = f", {counted(len(warnings), 'warning')}" if warnings else ""
                lines.append(f"{file}: no errors{said}")
        found = list(dict.fromkeys(found))  # two programs may import one file
        if wrong:
            raise Rejected(found)
        warn(found)
        result({"problems": [as_json(problem) for problem in found]}, "\n".join(lines), json)


def _source(file: str) -> Source:
    """Raises Rejected and UsageError."""
    if file == STDIN:
        return decode("<stdin>", whole("<stdin>", sys.stdin.buffer))
    source_only(file)
    return read(file)
