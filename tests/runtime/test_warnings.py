"""What a program is warned about is told by whatever compiles it: once, and beside the results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command import call
from support.contracts import SOURCE
from support.room import Room

import ccr

SPARE = "input spare: bit from vendor;"


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """Its program is a text that never reads an input."""
    room = Room(tmp_path)
    room.program = tmp_path / "small.ccr"
    room.program.write_text(SOURCE.replace("var w", f"{SPARE}\nvar w"))
    return room


def commands(room: Room) -> dict[str, list[str]]:
    text, records = str(room.program), str(room.records)
    given = [f"--input=records={records}", f"--input=w0={room.weights}", "--input=spare=1"]
    return {
        "check": ["check", text],
        "compile": ["compile", text],
        "inspect": ["inspect", text],
        "privacy": ["privacy", text, "--records", "20"],
        "simulate": ["simulate", text, *given],
        "run": ["run", text, *given, "--quiet"],
        "data show": ["data", "show", records, text],
        "contract new": room.new("--epsilon", "1"),
        "budget grant": ["budget", "grant", records, "--epsilon=1", "--delta=1e-3", f"--program={text}", *room.ledger],
    }


def test_each_command_that_compiles_tells_of_them_once(room: Room) -> None:
    for name, command in commands(room).items():
        done = call(*command, "--json")
        assert done.exit_code == 0, (name, done.stderr)
        assert done.stderr.count("warning[unused]: the input `spare` is never used") == 1, name
        assert (SPARE in done.stdout, "warning[" in json.dumps(json.loads(done.stdout))) == (False, False), name


def test_a_contract_is_held_against_a_program_with_its_warnings(room: Room) -> None:
    room.agree()
    done = call("contract", "verify", room.contract, "--program", str(room.program))
    assert done.exit_code == 0 and done.stderr.count("warning[unused]") == 1, done.stderr


def test_from_python(room: Room, tmp_path: Path) -> None:
    program = ccr.compile(room.program)
    (warning,) = program.warnings
    assert str(warning).endswith("small.ccr:9:7: warning[unused]: the input `spare` is never used")
    assert repr(program).endswith(", 1 warning>")
    assert "the input <code>spare</code> is never used" in program._repr_html_()
    program.save(tmp_path / "small.ccrc")
    assert ccr.compile(tmp_path / "small.ccrc").warnings == ()


def test_a_rejection_says_what_is_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.ccr"
    wrong.write_text("party alice; party bob;\noutput x to alice;\noutput y to bob;\n")
    with pytest.raises(
        ccr.Rejected, match=r"(?s)^\nerror\[unknown-name\].*--> .*wrong.ccr:2:8\n.*\n\nerror.*wrong.ccr:3:8"
    ):
        ccr.compile(wrong)
