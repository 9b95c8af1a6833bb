"""Artifacts (`.ccrc`): a compiled program and its text, as bytes that do not depend on the machine.

What others call; see README.md for what each file here does.
"""

from compiler.artifact.again import compiled, meaning
from compiler.artifact.plain import kernel_digest
from compiler.artifact.read import decode, decode_known
from compiler.artifact.sealed import LARGEST, ArtifactError, digest
from compiler.artifact.write import encode

__all__ = [
    "LARGEST",
    "ArtifactError",
    "compiled",
    "decode",
    "decode_known",
    "digest",
    "encode",
    "kernel_digest",
    "meaning",
]
