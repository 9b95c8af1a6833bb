"""The program that a FILE on the command line is."""

from __future__ import annotations

from pathlib import Path

from compiler.artifact import ArtifactError
from compiler.joint.choices import Evaluator, Products
from lang.syntax.load import read
from runtime import api
from runtime.cli.faults import NoArtifact, warn
from runtime.cli.options import UsageError, pairs
from runtime.cli.program_files import ARTIFACT, SOURCE, no_data
from runtime.program import Program, from_own_text, keep


def compiled_once(
    file: str,
    define: list[str] | None,
    products: Products | None,
    evaluator: Evaluator | None,
    party: str | None,
) -> Program:
    """As `compiled`; without a `party`, where all run here and nobody else must know what was compiled, a text that was
    compiled before is not compiled again."""
    if party is not None or Path(file).suffix != SOURCE:
        return compiled(file, define, products, evaluator, party or "")
    source, choices = read(file), (sorted(pairs("-D", define).items()), products, evaluator)
    found = from_own_text(source, choices)
    if found is None:
        found = compiled(file, define, products, evaluator)
        keep(found, source, choices)
    return found


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
