"""A pass over gates is added by the steps of docs/architecture.md alone, in a copy of the tree."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.page_steps import copy, edited, take

PROGRAM = """
party vendor; party hospital;
input a: uint<4> from vendor;
input b: uint<4> from hospital;
output less = reveal(a < b) to vendor;
"""
# What the pass does to gates, and that a program keeps its function: an artifact has no words, so circuits are run.
USES = """
from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.passes.absorb import ABSORB
from compiler.passes.base import run
from runtime.api import compile, simulate
from runtime.program import from_artifact

AND, XOR = GateOp.AND, GateOp.XOR
before = Circuit(2, (Gate(AND, 2, 4), Gate(AND, 2, 6), Gate(AND, 2, 7), Gate(XOR, 2, 8)), (8, 10, 12))
after, (step,) = run([ABSORB], before)
assert after == Circuit(2, (Gate(AND, 2, 4), Gate(AND, 2, 7), Gate(XOR, 2, 6)), (6, 8, 10)), after
assert (step.name, step.and_before, step.and_after) == ("absorb", 3, 2)

program = from_artifact("less.ccrc", compile("less.ccr").artifact)
for a, b in [(3, 5), (5, 3), (4, 4)]:
    assert simulate(program, {"a": str(a), "b": str(b)})["less"] == (a < b)
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("tree")
    copy(to)
    assert take("How to add a pass over gates", to) == ["compiler/passes/absorb.py", "compiler/passes/levels.py"]
    (to / "less.ccr").write_text(PROGRAM)
    return to


def python(tree: Path, code: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=tree, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return done.stdout


def test_it_does_what_it_says_and_programs_are_what_they_were(tree: Path) -> None:
    python(tree, USES)


def test_it_is_in_the_report(tree: Path) -> None:
    command = "from runtime.cli.main import main; main()"
    found = json.loads(python(tree, command, "inspect", "less.ccr", "--json"))
    assert [step["name"] for step in found["passes"]] == ["fold", "share", "absorb", "prune"]


def test_an_edit_is_made_once_or_not_at_all() -> None:
    assert edited("a\nb\nc\n", " a\n+x\n-c\n+d\n") == "a\nx\nb\nd\n"
    for text in ("b\n", "a\na\n"):
        with pytest.raises(AssertionError, match="not found"):
            edited(text, "-a\n+b\n")
