"""docs/language.md: every program on it compiles, or has the problem that is written above it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from compiler.pipeline import understand
from lang.problems.draw import draw
from lang.problems.problem import Problem, Rejected
from lang.source import Source

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text()
FENCES: list[tuple[str, str]] = re.findall(r"^```ccr ?(\S*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
CIRCUITS: dict[str, str] = dict(re.findall(r"^```text (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
HEAD = next(text for code, text in FENCES if code == "head")
LEARNS = "output a to alice;\n"
PROGRAMS = [
    (code, (text if "party " in text else HEAD + text) + ("" if "output " in text else LEARNS)) for code, text in FENCES
]


def problems(text: str) -> list[Problem]:
    """Also warnings, but for inputs of the head that a program does not need."""
    try:
        warnings = understand(Source("leak.ccr", text), {}, lambda name: Source(name, CIRCUITS[name])).checked.warnings
        return [problem for problem in warnings if problem.code != "unused"]
    except Rejected as rejected:
        return rejected.problems


@pytest.mark.parametrize(("code", "text"), PROGRAMS, ids=[text[-40:] for _, text in PROGRAMS])
def test_program(code: str, text: str) -> None:
    assert {problem.code for problem in problems(text)} == ({code} - {"", "head"})


def test_the_message_that_is_shown() -> None:
    text = next(text for code, text in PROGRAMS if code == "leaks-input")
    (problem,) = problems(text)
    assert f"```\n{draw(problem)}\n```\n" in PAGE


def test_links_lead_somewhere() -> None:
    heads = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}
    assert set(re.findall(r"\]\(#([^)]*)\)", PAGE)) <= anchors
