"""The program that a FILE on the command line is."""

from __future__ import annotations

from pathlib import Path

from compiler.artifact import ArtifactError
from compiler.joint.choices import Evaluator, Products
from runtime import api
from runtime.cli.faults import NoArtifact, warn
from runtime.cli.options import UsageError, pairs
from runtime.cli.program_files import ARTIFACT, no_data
from runtime.program import Program


def compiled(
    file: str,
    define: list[str] | None,
    products: Products | None = None,
    evaluator: Evaluator | None = None,
    party: str = "",
) -> Program:
    """The program of a FILE argument, of several owners' that of the `party`; what a text is warned about is told.

    Raises Rejected, NoArtifact or UsageError.
    """
    overrides = pairs("-D", define)
    no_data(file)
    if Path(file).suffix == ARTIFACT and overrides:
        raise UsageError("an artifact's params are fixed", "give -D to `ccr compile`, or use the .ccr file")
    if Path(file).suffix == ARTIFACT and products is not None:
        raise UsageError("an artifact's products are fixed", "give --products to `ccr compile`, or use the .ccr file")
    if Path(file).suffix == ARTIFACT and evaluator is not None:
        raise UsageError(
            "an artifact's trust in the evaluator is fixed",
            "give --evaluator to `ccr compile`, or use the .ccr file",
        )
    try:
        program = api.compile(file, overrides, products, evaluator, party)
    except ArtifactError as error:
        raise NoArtifact(str(error)) from None
    warn(program.warnings)
    return program
