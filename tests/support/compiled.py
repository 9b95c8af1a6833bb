"""The examples, each compiled once however many tests look at it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from compiler import pipeline
from compiler.program import Compiled
from lang.syntax.load import read

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.ccr"))


@cache
def example(path: Path) -> Compiled:
    return pipeline.compile(read(path))
