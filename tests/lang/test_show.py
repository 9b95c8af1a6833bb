"""Text shown for a tree gives that tree again, and showing again changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from support.syntax_trees import file

from lang.source import Source
from lang.syntax import tree
from lang.syntax.parse import parse
from lang.syntax.show import lines

PROGRAMS = [
    *sorted((Path(__file__).parent / "programs").glob("*.ccr")),
    *sorted((Path(__file__).parents[2] / "examples").glob("*/*.ccr")),
]


def show(program: tree.File) -> str:
    return "".join(f"{line.text}\n" for line in lines(program))


def survives(program: tree.File) -> None:
    text = show(program)
    again = parse(Source("shown.ccr", text))
    assert again == program
    assert show(again) == text


@given(file)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_trees_survive_their_text(program: tree.File) -> None:
    survives(program)


@pytest.mark.slow
@given(file)
@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
def test_more_trees_survive_their_text(program: tree.File) -> None:
    survives(program)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_programs_survive_their_text(path: Path) -> None:
    program = parse(Source(path.name, path.read_text()))
    text = show(program)
    assert parse(Source(path.name, text)) == program
    assert max(map(len, text.splitlines())) < 200


def test_parentheses_are_only_where_they_are_needed() -> None:
    text = "let x = (a + b) * c - (d - e) - f ** (-g) ** h;\nlet y = -(a ** 2) + (-a) ** 2;\nlet z = (a == b) == c;\n"
    assert show(parse(Source("p.ccr", text))) == (
        "let x = (a + b) * c - (d - e) - f ** (-g) ** h;\nlet y = -a ** 2 + (-a) ** 2;\nlet z = (a == b) == c;\n"
    )
