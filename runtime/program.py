"""A compiled program as the runtime handles it: where it came from, its bytes and its identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from compiler import artifact, pipeline
from compiler.joint.shares import Products
from compiler.program import Compiled
from lang.syntax.load import read

Overrides = Mapping[str, str | Fraction]


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled program with its identity; `meaning` where it came from source text."""

    name: str  # of its file
    compiled: Compiled
    artifact: bytes
    meaning: pipeline.Meaning | None

    @property
    def digest(self) -> str:
        return artifact.digest(self.artifact)


def compile(path: str | Path, overrides: Overrides | None = None, products: Products | None = None) -> Program:
    """A `.ccr` file, compiled, or a `.ccrc` artifact, read; products go as shares unless `products` says gates.

    Raises Rejected (the program is wrong), SourceError (the file cannot be read), ArtifactError, and ValueError where
    an artifact is given overrides or `products`, which are fixed in it.
    """
    if Path(path).suffix == ".ccrc":
        if overrides:
            raise ValueError("an artifact's params are fixed: give -D to `ccr compile`, or run the .ccr file")
        if products is not None:
            raise ValueError("an artifact's products are fixed: compile the .ccr file again")
        return read_artifact(Path(path))
    meaning = pipeline.understand(read(Path(path)), overrides)
    compiled = pipeline.build(meaning, products or Products.SHARES)
    return Program(Path(path).name, compiled, artifact.encode(compiled), meaning)


def read_artifact(path: Path) -> Program:
    """Raises ArtifactError for a file that is not one."""
    try:
        if path.stat().st_size > artifact.LARGEST:
            raise artifact.ArtifactError(f"{path} is too large to be an artifact")
        data = path.read_bytes()
    except OSError as error:
        raise artifact.ArtifactError(f"cannot read {path}: {error.strerror}") from None
    return from_artifact(path.name, data)


def from_artifact(name: str, data: bytes) -> Program:
    """A program from an artifact's bytes; raises ArtifactError."""
    return Program(name, artifact.decode(data), data, None)
