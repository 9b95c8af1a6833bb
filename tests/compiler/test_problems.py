"""Problems that the compiler finds: golden pairs, rewritten only by `pytest --bless`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import Golden

from compiler.pipeline import compile, understand
from lang.problems.draw import draw
from lang.problems.problem import Problem, Rejected
from lang.source import Source
from lang.syntax.load import read

FOLDER = Path(__file__).parent / "problems"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ccr")), ids=lambda p: p.stem)
def test_problem(path: Path, golden: Golden) -> None:
    source = Source(path.name, read(path).text)
    problems: Sequence[Problem]
    try:
        compile(source)  # which finds what the gates are too many for, too
        problems = understand(source).checked.warnings
    except Rejected as rejected:
        problems = rejected.problems
    assert problems
    golden.check(path.with_suffix(".err"), "".join(draw(p) + "\n" for p in problems))
