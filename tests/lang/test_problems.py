"""Every problem has a program that shows it and the text that it gives."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from conftest import Golden

from compiler.lowering.understand import FORMATS
from lang.checker.check import check
from lang.problems.draw import as_json, draw
from lang.problems.problem import Problem, Rejected
from lang.source import Source
from lang.syntax.load import read

HERE = Path(__file__).parent / "problems"
PROGRAMS = sorted(HERE.glob("*.ccr"))
FOUND_LATER = {
    "added-stepwise",
    "leaks-data",
    "leaks-input",
    "leaks-step",
    "step-place",
    "step-start",
    "loss-flat",
    "loss-ignores",
    "noise-known",
    "range-too-wide",
    "result-too-wide",  # by the compiler
    "within-unmet",
    "too-many-gates",
    "nothing-to-run",
    "no-output",
    "quotient-kind",
    "not-yet",
}
FOUND_ELSEWHERE = {"file-missing", "not-utf8"}  # test_load.py


@cache
def problems_of(path: Path) -> list[Problem]:
    """All problems and warnings; a first line `// -D NAME=VALUE ...` overrides params."""
    text = path.read_text()
    overrides = dict(re.findall(r"(\w+)=(\S+)", text.split("\n")[0])) if text.startswith("// -D ") else {}
    try:
        checked = check(Source(path.name, text), overrides, lambda name: Source(name, read(HERE / name).text), FORMATS)
    except Rejected as rejected:
        return rejected.problems
    return list(checked.warnings)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_problem(path: Path, golden: Golden) -> None:
    problems = problems_of(path)
    assert problems
    assert all(as_json(problem)["title"] for problem in problems)
    golden.check(path.with_suffix(".err"), "\n\n".join(map(draw, problems)) + "\n")


def test_every_code_is_shown() -> None:
    shown = {problem.code for path in PROGRAMS for problem in problems_of(path)}
    assert codes(Problem) - FOUND_LATER - FOUND_ELSEWHERE == shown


def codes(of: type[Problem]) -> set[str]:
    return {code for kind in of.__subclasses__() for code in {kind.code} | codes(kind)}


@pytest.mark.parametrize(
    ("statement", "lines"),
    [("u = nothing(a,\nmissing);", [3, 4]), ("nowhere +=\nmissing;", [3, 4])],
    ids=["arguments of an unknown function", "value for an unknown variable"],
)
def test_what_stands_in_something_wrong_is_checked_too(statement: str, lines: list[int]) -> None:
    text = f"party p; party q; input a: uint<8> from p;\nvar u = a;\n{statement}\noutput u to p;\n"
    with pytest.raises(Rejected) as caught:
        check(Source("main.ccr", text), formats=FORMATS)
    assert [problem.span.line for problem in caught.value.problems] == lines
