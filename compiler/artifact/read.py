"""The bytes of an artifact as the program that its text compiles to.

What it says is read within bounds and held to the rules of a plan first, which tells damage from a lie and costs less
than compiling; then its text is compiled, and has to give the same bytes.  So nothing is believed but the text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from compiler.artifact import again, bounds, declared
from compiler.artifact.circuits import Circuits
from compiler.artifact.sealed import ArtifactError, parts
from compiler.artifact.typed import typed
from compiler.program import Compiled, Line, outside
from compiler.schedule import knowledge, shares
from compiler.schedule.knowledge import KnowledgeError
from compiler.schedule.shares import ShareError
from compiler.schedule.verify import PlanError, verify
from lang.collecting import paused
from lang.source import Source


def decode(data: bytes) -> Compiled:
    """The program; raises ArtifactError for anything but what `encode` of this version makes of the text inside."""
    program = decode_known(data)
    again.check(program, data)
    return program


def decode_known(data: bytes) -> Compiled:
    """As `decode`, for bytes that this machine has compiled itself: the text is not compiled again."""
    program = _read(*parts(data))
    try:
        bounds.check(program)
    except bounds.TooLarge as error:
        raise ArtifactError(f"the artifact is no program that runs: {error}") from None
    _none(declared.wrong(program))
    try:
        verify(program.plan, outside(program))
        noisy = any(mechanism.noise_multiplier > 0 for mechanism in program.mechanisms)
        shares.verify(program.plan, program.garbler, program.evaluator, noisy)
        knowledge.verify(program.plan, program.garbler)
    except (PlanError, KnowledgeError, ShareError) as error:
        raise ArtifactError(f"the artifact's plan is not one to run: {error}; compile it again") from None
    _none(declared.otherwise(program))
    return program


def _none(wrong: Iterator[str]) -> None:
    """Raises ArtifactError for the first of them."""
    for first in wrong:
        raise ArtifactError(f"the artifact {first}: compile it again")


def _read(header: bytes, body: bytes, notes: bytes) -> Compiled:
    """Raises ArtifactError for what is no program's."""
    try:
        with paused():
            circuits = Circuits(body)
            program = typed(Compiled, json.loads(header), circuits)
            circuits.finish()
            assert isinstance(program, Compiled)
            lines, files = json.loads(notes)
            return replace(program, lines=typed(tuple[Line, ...], lines, circuits), files=tuple(map(_file, files)))
    except (ValueError, TypeError, KeyError, RecursionError, ZeroDivisionError) as error:
        raise ArtifactError(f"the artifact does not describe a program: {error}") from None


def _file(data: Any) -> Source:
    name, text = data
    if not (isinstance(name, str) and isinstance(text, str)):
        raise ValueError("a file is a name and a text")
    return Source(name, text)
