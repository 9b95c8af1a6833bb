"""What is told where the packages of the extras are not installed: every help, and which extra a command needs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from support.command import MILLIONAIRES, ROOT, TUMOUR

from runtime.cli.commands import COMMANDS, Command

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
# By package, what is imported of it; a package that an extra names stands here.
MODULES = {
    "build": "build",
    "distributed": "distributed",
    "joblib": "joblib",
    "matplotlib": "matplotlib",
    "mkdocs-material": "material",
    "onnx": "onnx",
    "pandas": "pandas",
    "pyarrow": "pyarrow",
    "pygls": "pygls",
    "python-sat": "pysat",
    "scikit-learn": "sklearn",
}
EVERY = [
    words
    for row in COMMANDS
    for words in ([(row.name,)] if isinstance(row, Command) else [(row.name, one.name) for one in row.commands])
]
RUN = """
import contextlib, io, json, sys
blocked, calls = json.loads(sys.argv[1])
for module in blocked:
    sys.modules[module] = None
from runtime.cli.app import app
told = []
for call in calls:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            app(call)
        except SystemExit as ended:
            told.append((ended.code or 0, out.getvalue(), err.getvalue()))
print(json.dumps(told))
"""


def names(extra: str) -> set[str]:
    """The packages of an extra."""
    return {re.split(r"[\[<>=]", requirement)[0] for requirement in EXTRAS[extra]}


def told(*calls: tuple[str, ...]) -> Any:
    """Of each call in an interpreter without the extras: exit status and what it wrote to either stream."""
    blocked = [MODULES[name] for extra in EXTRAS for name in names(extra) if extra != "dev"]
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps([blocked, calls])],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_every_help() -> None:
    for words, (status, out, err) in zip(EVERY, told(*((*words, "--help") for words in EVERY)), strict=True):
        assert (status, err) == (0, ""), words
        assert f"Usage: ccr {' '.join(words)} " in out or f" {words[-1]} [OPTIONS]" in out, out


def test_a_command_says_which_extra_it_needs(tmp_path: Path) -> None:
    circuit, table = tmp_path / "and.txt", tmp_path / "rows.parquet"
    circuit.write_text("1 3\n2 1 1\n1 1\n\n2 1 0 1 2 AND\n")
    table.write_bytes(b"PAR1")
    calls = {
        "lsp": ("lsp",),
        "plot": ("privacy", TUMOUR, "--records", "455", "--plot", str(tmp_path / "plot.png")),
        "sat": ("circuit", "minimize", str(circuit), "-o", str(tmp_path / "out.txt"), "-O", "2"),
        "parquet": ("data", "show", str(table), TUMOUR),
        "cluster": ("run", TUMOUR, "--cluster", "local", "--workers", "2"),
    }
    for extra, (status, _, err) in zip(calls, told(*calls.values()), strict=True):
        assert status == 2 and f"pip install 'ccr-lang[{extra}]'" in err, (extra, err)


def test_what_needs_no_extra_runs_without(tmp_path: Path) -> None:
    """Also in the report, which has no plots."""
    page = str(tmp_path / "report.html")
    calls = [("check", MILLIONAIRES), ("inspect", TUMOUR, "--html", page), ("doctor",)]
    assert [status for status, _, _ in told(*calls)] == [0, 0, 0]


def test_what_runs_the_tests_is_in_one_extra() -> None:
    """`.[dev]` has what the tests of every other extra need, in the same versions."""
    missing = {
        extra: [one for one in needed if one not in EXTRAS["dev"]] for extra, needed in EXTRAS.items() if extra != "dev"
    }
    assert {extra: needed for extra, needed in missing.items() if needed} == {}


@pytest.mark.parametrize("extra", [extra for extra in EXTRAS if extra != "dev"])
def test_a_package_of_an_extra_is_blocked_in_these_tests(extra: str) -> None:
    assert names(extra) <= MODULES.keys()
