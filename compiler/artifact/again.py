"""The text of an artifact, compiled again: what makes the rest of it true.

The compiler is loaded where it is called: who reads an artifact that this machine has compiled itself, as each party's
process does, needs nothing of it, and it takes longer to load than all that reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.artifact.bounds import made_gates
from compiler.artifact.sealed import ArtifactError
from compiler.artifact.typed import fraction
from compiler.artifact.write import encode
from compiler.gates.limits import TooManyGates
from compiler.program import Compiled, owner, products
from lang.problems.problem import Rejected

if TYPE_CHECKING:
    from compiler.lowering.understand import Meaning

SAID = {  # of a program, by the field that says it
    "parties": "parties are",
    "owners": "owners are",
    "garbler": "roles are",
    "evaluator": "roles are",
    "taken_for": "trust in the evaluator is",
    "parameters": "params are",
    "inputs": "inputs are",
    "datasets": "data sets are",
    "disjoint": "data sets without a person in common are",
    "mechanisms": "mechanisms are",
    "approximations": "approximations are",
    "outputs": "outputs are",
    "passes": "passes are",
    "plan": "plan is",
    "lines": "list of costs is",
    "files": "list of files is",
}
FORGED = "it was forged, or compiled by another version of ccr: compile the text"


def meaning(program: Compiled, party: str = "") -> Meaning:
    """What the text means, under the artifact's params, also to another `party` of it; no other file is read.

    Raises ArtifactError for a text that is not a program.
    """
    from compiler.lowering import understand

    if not program.files:
        raise ArtifactError("the artifact has no text to compare its plan with: compile the .ccr file again")
    try:
        given = {name: fraction(value) for name, value in program.parameters}
        return understand.again(program.files, given, party or owner(program))
    except Rejected as rejected:
        first = rejected.problems[0]
        raise ArtifactError(f"the artifact's text does not compile: {first.span}: {first.code}") from None
    except ValueError as error:
        raise ArtifactError(f"the artifact's params are none: {error}") from None


def compiled(program: Compiled) -> Compiled:
    """What the text that `program` was read with compiles to; raises ArtifactError and TooManyGates.

    No more gates are made than the artifact states, which the size of the file bounds.
    """
    from compiler import pipeline

    return pipeline.build(meaning(program), products(program.plan), program.taken_for, made_gates(program))


def check(program: Compiled, data: bytes) -> None:
    """Raises ArtifactError unless `data` is, byte for byte, what the text that `program` was read with compiles to."""
    try:
        made = compiled(program)
    except TooManyGates:
        raise ArtifactError(
            f"the artifact's passes are not those of its text, which takes more gates: {FORGED}"
        ) from None
    if encode(made) == data:
        return
    for name, said in SAID.items():
        if getattr(made, name) != getattr(program, name):
            raise ArtifactError(f"the artifact's {said} not what its text makes: {FORGED}")
    raise ArtifactError(f"the artifact is not spelled as its text is compiled: {FORGED}")
