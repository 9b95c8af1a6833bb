"""`ccr fmt` and `ccr explain`, within this process."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from support.command import EXAMPLES, call
from typer.testing import CliRunner

from lang.problems.explain import problems
from runtime.cli.app import app

UNTIDY = "party  a;party b; // two\ninput x:uint<8>  from a;\n\n\n// out\noutput x to a;"
TIDY = "party a;\nparty b;  // two\ninput x: uint<8> from a;\n\n// out\noutput x to a;\n"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "untidy.ccr"
    path.write_text(UNTIDY)
    return path


def test_format_in_place(program: Path) -> None:
    program.chmod(0o640)
    done = call("fmt", str(program))
    assert (done.exit_code, done.stdout, program.read_text()) == (0, f"{program}: formatted\n", TIDY)
    assert program.stat().st_mode & 0o777 == 0o640
    assert list(program.parent.iterdir()) == [program]
    again = call("fmt", str(program))
    assert (again.exit_code, again.stdout, program.read_text()) == (0, f"{program}: no change\n", TIDY)


def test_a_link_stays_a_link(program: Path) -> None:
    link = program.with_name("link.ccr")
    link.symlink_to(program)
    assert call("fmt", str(link)).exit_code == 0
    assert link.is_symlink() and program.read_text() == TIDY


def test_check_changes_nothing(program: Path) -> None:
    tidy = program.with_name("tidy.ccr")
    tidy.write_text(TIDY)
    done = call("fmt", "--check", str(program), str(tidy))
    assert done.exit_code == 1 and program.read_text() == UNTIDY
    assert done.stdout == f"{program}: would change\n{tidy}: no change\n"
    assert call("fmt", "--check", str(tidy)).exit_code == 0
    told = call("fmt", "--check", "--json", str(program), str(tidy))
    assert told.exit_code == 1 and json.loads(told.stdout) == {"changed": [str(program)]}


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_are_made_plain(program: Path, end: str) -> None:
    program.write_bytes(TIDY.replace("\n", end).encode())
    assert call("fmt", "--check", str(program)).exit_code == 1
    assert call("fmt", str(program)).exit_code == 0 and program.read_bytes() == TIDY.encode()


def test_standard_input() -> None:
    done = CliRunner().invoke(app, ["fmt", "-"], input=UNTIDY)
    assert (done.exit_code, done.stdout) == (0, TIDY)
    assert CliRunner().invoke(app, ["fmt", "--check", "-"], input=UNTIDY).exit_code == 1
    assert CliRunner().invoke(app, ["fmt", "--check", "-"], input=TIDY).exit_code == 0
    told = CliRunner().invoke(app, ["fmt", "-", "--json"], input=UNTIDY)
    assert json.loads(told.stdout) == {"changed": ["-"], "text": TIDY}
    wrong = CliRunner().invoke(app, ["fmt", "-"], input="let x = ;")
    assert wrong.exit_code == 2 and "<stdin>:1:9" in wrong.stderr and not wrong.stdout


def test_wrong_files_are_all_told_and_none_is_touched(program: Path) -> None:
    wrong, binary = program.with_name("wrong.ccr"), program.with_name("binary.ccr")
    wrong.write_text("let x = ;\n")
    binary.write_bytes(b"\xff")
    done = call("fmt", str(program), str(wrong), str(binary), str(program.with_name("nowhere.ccr")))
    assert done.exit_code == 2 and program.read_text() == UNTIDY
    assert all(f"error[{code}]" in done.stderr for code in ("unexpected-word", "not-utf8", "file-missing"))


def test_a_folder_that_cannot_be_written(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    done = call("fmt", str(program))
    assert done.exit_code == 1 and "No space left" in done.stderr and program.read_text() == UNTIDY


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/*.ccr")), ids=lambda path: path.stem)
def test_examples_format_to_themselves_in_meaning(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / path.name
    copy.write_text(path.read_text())
    assert call("fmt", str(copy)).exit_code == 0
    assert call("fmt", "--check", str(copy)).exit_code == 0


def test_explain_lists_every_code() -> None:
    done = call("explain")
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(problems())
    told = json.loads(call("explain", "--json").stdout)["codes"]
    assert {
        "code": "unused",
        "severity": "warning",
        "summary": "An input or data set is declared and never read. (A warning.)",
    } in told


def test_explain_one() -> None:
    done = call("explain", "leaks-data")
    assert done.exit_code == 0 and done.stdout.startswith("# leaks-data\n") and "```ccr right" in done.stdout
    told = json.loads(call("explain", "leaks-data", "--json").stdout)
    assert told["code"] == "leaks-data" and "noise = 0" in told["wrong"] and "noise = 1.0" in told["right"]


def test_an_unknown_code() -> None:
    done = call("explain", "leak-data")
    assert done.exit_code == 2 and "did you mean `leaks-data`" in done.stderr and not done.stdout
    assert "did you mean `leaks-data`" in call("explain", "LEAKS_DATA").stderr
    assert "lists them all" in call("explain", "E0308").stderr
    assert json.loads(call("explain", "nothing", "--json").stdout)["error"]["code"] == "usage"


@pytest.mark.parametrize("group", ["", "keys", "contract", "budget"])
def test_no_summary_of_a_command_is_cut(group: str) -> None:
    _, commands = call(*group.split(), "--help").stdout.split("Commands:")
    assert commands.strip() and "..." not in commands
