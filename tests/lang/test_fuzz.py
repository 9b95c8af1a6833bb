"""Damaged programs give diagnostics or pass; nothing else comes out, whatever was done to them."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from compiler.lowering.understand import FORMATS
from lang.checker.check import check
from lang.problems.draw import as_json, draw
from lang.problems.problem import Rejected
from lang.source import Source
from lang.syntax.load import read

HERE = Path(__file__).parent
PROGRAMS = [*sorted((HERE / "programs").glob("*.ccr")), *sorted(HERE.parents[1].glob("examples/*/*.ccr"))]
TOKEN = re.compile(r'//[^\n]*|"[^"\n]*"|[A-Za-z_]\w*|\d[\w.]*|\.\.|[-+*/=<>!&|]+|\s+|.')


def damaged(random_: random.Random) -> str:
    text = random_.choice(PROGRAMS).read_text()
    tokens = TOKEN.findall(text)
    for _ in range(random_.choice((1, 1, 2, 5))):
        i, j = random_.randrange(len(tokens)), random_.randrange(len(tokens))
        match random_.randrange(5):
            case 0:
                tokens[i] = ""
            case 1:
                tokens[i], tokens[j] = tokens[j], tokens[i]
            case 2:
                tokens[i] = tokens[j]
            case 3:
                tokens = tokens[: i + 1]
                break
            case _:
                tokens[i] = bytes(random_.randrange(256) for _ in range(random_.randrange(1, 9))).decode("latin-1")
    return "".join(tokens)


def survives(text: str) -> None:
    try:
        check(Source("mutant.ccr", text), loader=lambda name: read(HERE / "programs" / name), formats=FORMATS)
    except Rejected as rejected:
        assert rejected.problems
        for problem in rejected.problems:
            assert draw(problem).startswith("error[")
            assert as_json(problem)["code"] == problem.code


@pytest.mark.parametrize("seed", range(60))
def test_damaged_programs(seed: int) -> None:
    survives(damaged(random.Random(seed)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60, 360))
def test_more_damaged_programs(seed: int) -> None:
    survives(damaged(random.Random(seed)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "}",
        "\0\x1b",
        "\ufeff",
        "// only a comment",
        "{" * 3000,
        "(" * 3000 + "1",
        "let x = " + "(" * 3000 + "1" + ")" * 3000 + ";",
        "let x = " + "1 + " * 3000 + "1;",
        "let x = a" + "[0]" * 500 + ";",
        "let x: " + "(" * 300 + "bit, bit" + ")" * 300 + " = 1;",
        "let x = if 1 { 1 } " + "else if 1 { 1 } " * 300 + "else { 2 };",
        "if 1 { " * 500 + "}" * 500,
        "let x = " + "9" * 5000 + ";",
        "param N = 2 ** 64 ** 64 ** 64;",
        "param N = 0.1 ** 64 ** 8;",
        "let x = 1 << 1 << 1000 << 1000;",
        "for i in 0..100000000000000000000 { }",
        "for i in 0..4000 { for j in 0..4000 { if i + j > 1 { } } }",
        "type A = bit[9999]; let x: A[9999] = 1;",
        "let x = [[[[1]]]]; let y = x @ x;",
        "let x = 0; let y = sum(x, axis = 0);",
        "let x = [1, 2][0..1][0][0];",
        "fn f() -> bit { f() }",
        "fn f<N>() -> bit { 1 } let x = f();",
    ],
    ids=lambda text: text[:20],
)
def test_extreme_programs(text: str) -> None:
    survives(text)
