"""A built-in function is added by the steps of docs/architecture.md alone, in a copy of the tree."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.page_steps import ROOT, copy, take

PROGRAM = """
party vendor; party hospital;
input a: fix<8, 4>[3] from vendor;
input b: fix<8, 4>[3] from hospital;
let soft: fix<8, 6>[3] = softsign(a + b);
output soft = reveal(soft) to vendor;
"""
USES = """
from runtime.api import compile, simulate

found = simulate(compile("soft.ccr"), {"a": "a.csv", "b": "b.csv"})["soft"]
for got, x in zip(found, (2.5, -0.5, 0.0), strict=True):
    assert abs(got / 64 - x / (1 + abs(x))) <= 1 / 64, (got, x)
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("tree")
    copy(to)
    for folder in "docs", "tests/support", "tests/compiler":
        shutil.copytree(ROOT / folder, to / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", to)
    assert take("How to add a built-in", to) == [
        "lang/calls.py",
        "lang/checker/functions.py",
        "compiler/functions/operate.py",
        "compiler/functions/approximate/softsign.py",
        "compiler/functions/derivatives.py",
        "compiler/functions/inexact.py",
        "tests/support/real.py",
        "tests/compiler/test_builtins_complete.py",
        "docs/language.md",
    ]
    return to


def python(tree: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=tree, capture_output=True, text=True)
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout


def test_a_program_uses_it(tree: Path) -> None:
    (tree / "soft.ccr").write_text(PROGRAM)
    (tree / "a.csv").write_text("a\n1.5\n-1.5\n0.25\n")
    (tree / "b.csv").write_text("b\n1.0\n1.0\n-0.25\n")
    python(tree, "-c", USES)


def test_it_is_complete(tree: Path) -> None:
    """Its meaning, its gradient and its row on the page."""
    files = ["tests/compiler/test_builtins_complete.py", "tests/compiler/test_grad_functions.py"]
    said = python(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files, "-k", "softsign or table")
    assert "5 passed" in said
