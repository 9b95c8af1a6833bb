"""ccr from Python, under the names of the command line: load, compile, simulate, run."""

from __future__ import annotations

from collections.abc import Mapping

from compiler.words.evaluate import Array, evaluate
from runtime.execute.clear import ClearBackend
from runtime.execute.walk import walk
from runtime.party.sources import PartySources, load
from runtime.privacy.randomness import RunSecret
from runtime.program import Program, compile

__all__ = ["Program", "compile", "simulate"]


def simulate(program: Program, inputs: Mapping[str, str], seed: int | None = None) -> dict[str, Array]:
    """All outputs, computed in the clear, bit for bit what a run with the same seed gives.  Raises InputError."""
    compiled = program.compiled
    everyone = frozenset(compiled.parties)
    sources = PartySources(load(compiled, everyone, inputs), RunSecret.of(seed))
    if program.meaning is None:
        return walk(compiled.plan, ClearBackend(compiled.plan.kernels), sources, everyone)
    words = program.meaning.words
    values = evaluate(words.block, [], sources)
    return {output.name: value for output, value in zip(words.outputs, values, strict=True)}
