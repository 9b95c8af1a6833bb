"""A compiled program as the bytes of an artifact."""

from __future__ import annotations

from compiler.artifact import bounds
from compiler.artifact.circuits import circuit_bytes
from compiler.artifact.plain import plain, text
from compiler.artifact.sealed import ArtifactError, fits, framed, seal
from compiler.gates.circuit import Circuit
from compiler.program import Compiled


def encode(program: Compiled) -> bytes:
    """The last 32 bytes are the digest.  Raises ArtifactError for a program that is too large to be read again."""
    try:
        bounds.check(program)
    except bounds.TooLarge as error:
        raise ArtifactError(f"the program cannot be written as an artifact: {error}") from None
    circuits: list[Circuit] = []
    header = text(plain(program, circuits))
    notes = text([plain(program.lines, []), [[file.name, file.text] for file in program.files]])
    fits(header, notes)
    return seal(framed(header, b"".join(map(circuit_bytes, circuits))), notes)
