"""What somebody is told who tries the command for the first time, with files of all sorts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import MILLIONAIRES, ROOT, afresh, call, finish, start

LONG = "1" * 100_000
SOURCE = """
party alice; party bob;
input w: fix<12, 6>[3] from alice;
input n: uint<8> from alice;
dataset records from bob { x: fix<9, 8>[2]; y: bit; }
var v = w[0..2];
dpsgd v on records(batch = 2, steps = 2, clip = 1.0, noise = 4.0, rate = 1.0) as row {
    loss logistic(dot(v, row.x), row.y);
}
output v to alice;
output reveal(w[0] + n) to alice;
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.ccr").write_text(SOURCE)
    (tmp_path / "w.csv").write_text("w\n0.5\n0.25\n0\n")
    (tmp_path / "r.csv").write_text("x0,x1,y\n0.5,0.25,1\n0.5,0.25,0\n")
    return tmp_path


def told(*arguments: str, status: int = 2) -> str:
    done = call(*arguments)
    assert done.exit_code == status and isinstance(done.exception, SystemExit), done.exception
    return done.stderr


def simulated(**inputs: str) -> str:
    given = {"w": "w.csv", "n": "1", "records": "r.csv"} | inputs
    return told("simulate", "small.ccr", *(f"--input={name}={value}" for name, value in given.items()))


@pytest.mark.parametrize(
    "arguments",
    [
        ("simulate", MILLIONAIRES, "--input", f"a={LONG}", "--input", "b=1"),
        ("simulate", MILLIONAIRES, "--input", f"a{LONG}=1", "--input", "b=1"),
        ("simulate", MILLIONAIRES, "--input", "a=1", "--input", "b=1", "--output", f"{LONG}=x.npz"),
        ("run", MILLIONAIRES, "--as", LONG, "--listen", "127.0.0.1:0"),
        ("check", MILLIONAIRES, "-D", f"x{LONG}=1"),
        ("explain", LONG),
    ],
)
def test_what_is_long_is_not_repeated_whole(arguments: tuple[str, ...]) -> None:
    message = told(*arguments)
    assert "111..." in message and len(message) < 2000
    done = call(*arguments, "--json")
    assert json.loads(done.stdout) and len(done.stdout) < 2000


def test_a_long_literal_is_shown_by_its_ends(folder: Path) -> None:
    (folder / "long.ccr").write_text(f"party alice; party bob;\noutput {LONG} to alice;\n")
    assert len(told("check", f"{LONG}.ccr")) < 2000
    assert len(told("simulate", MILLIONAIRES, "--input", f"a={LONG}.csv", "--input", "b=1")) < 2000
    message = told("check", "long.ccr")
    assert "literal-range" in message and len(message) < 2000


def test_leading_zeros_are_nothing() -> None:
    assert call("simulate", MILLIONAIRES, "--input", f"a={'0' * 2000}2", "--input", "b=01").stdout == "out = 1\n"
    message = told("simulate", MILLIONAIRES, "--input", f"a={'1' * 1200}", "--input", "b=1")
    assert "not a number of at most 1100 characters: it has 1200" in message


def test_a_party_that_the_program_has_not_is_told_before_its_keys() -> None:
    message = told("run", MILLIONAIRES, "--as", "alise", "--listen", "127.0.0.1:0")
    assert "no party `alise`" in message and "keys new" not in message
    assert "its parties are `alice` and `bob`; did you mean `alice`?" in message
    assert "keys new alice" in told("run", MILLIONAIRES, "--as", "alice", "--listen", "127.0.0.1:0")


@pytest.mark.parametrize("labels", [("yes", "no"), ("-1", "1"), ("1.5", "0")])
def test_labels_of_a_bit(folder: Path, labels: tuple[str, str]) -> None:
    (folder / "l.csv").write_text("x0,x1,y\n" + "".join(f"0.5,0.25,{label}\n" for label in labels))
    message = simulated(records="l.csv")
    assert f"`{labels[0]}` is not a number" in message or f"{labels[0]} is" in message
    assert "of two labels write one as 0, the other as 1" in message and "scale" not in message


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.array([1, 2, 3j]), "np.real"),
        (np.array(["2020-01-01"] * 3, dtype="datetime64[D]"), "np.datetime64"),
        (np.array([1, 2, 3], dtype="timedelta64[s]"), "np.timedelta64"),
        (np.array([1, 2, 3], dtype="f2").astype(np.longdouble), ".astype(np.float64)"),
    ],
)
def test_arrays_of_what_are_no_numbers(folder: Path, array: Any, said: str) -> None:
    np.save("w.npy", array)
    message = simulated(w="w.npy")
    assert "has dtype" in message and said in message.splitlines()[1]
    np.savez("r.npz", x=np.zeros((3, 2)), y=array)
    if array.dtype.kind != "f":
        assert said in simulated(records="r.npz").splitlines()[1]


@pytest.mark.parametrize("given", ["5", "0.5,0.25,0", "[1, 2, 3]", "-1e3"])
def test_numbers_where_a_file_is_asked(given: str) -> None:
    assert "`w` is an array, fix<12, 6>[3], which is read from a file" in simulated(w=given)
    assert "`records` is a data set, which is read from a file" in simulated(records=given)


def test_files_that_change_places() -> None:
    assert "ccr data show r.csv small.ccr" in told("data", "show", "small.ccr", "r.csv")
    for command in ("check", "compile", "simulate", "run", "inspect"):
        assert "r.csv is a file of data, not a program" in told(command, "r.csv")


def test_the_command_is_a_module() -> None:
    command = [sys.executable, "-m", "ccr", "--version"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("ccr ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("run", "--help")])
def test_help_on_a_full_disk(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        status, _, told = finish((afresh if arguments == ("--help",) else start)(*arguments, out=full))
    assert (status, told) == (1, "error: standard output takes nothing: No space left on device\n")
