"""`ccr data show`, and `--columns` wherever records are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import call
from support.contracts import ROWS, SOURCE, write_records
from support.room import Room

import ccr

TURNED = ("--columns", "x=second,first", "--columns", "records.y=third")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small program, its records as records.csv, and with other names in another order as own.csv."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.ccr").write_text(SOURCE)
    _, *rows = write_records(tmp_path / "records.csv").read_text().splitlines()
    turned = [",".join([b, a, y, "Ada"]) for a, b, y in (row.split(",") for row in rows)]
    (tmp_path / "own.csv").write_text("\n".join(["first,second,third,name", *turned]) + "\n")
    np.savez(tmp_path / "w0.npz", w0=np.array([0.5, -0.25]))
    return tmp_path


def answer(*arguments: str, status: int = 0) -> Any:
    done = call(*arguments, "--json")
    assert done.exit_code == status, (done.stderr, done.exception)
    return json.loads(done.stdout)


def test_show_in_json(folder: Path) -> None:
    assert answer("data", "show", "own.csv", "small.ccr", *TURNED) == {
        "file": "own.csv",
        "name": "records",
        "records": ROWS,
        "form": "text, separated by commas",
        "how": "by --columns",
        "columns": {"x": ["second", "first"], "y": ["third"]},
        "not_read": ["name"],
    }
    error = answer("data", "show", "own.csv", "small.ccr", status=2)["error"]
    assert error["code"] == "input" and "there is no column for `x`" in error["message"]


def test_show_an_input(folder: Path) -> None:
    shown = call("data", "show", "w0.npz", "small.ccr", "--for", "w0")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines() == ["w0.npz for `w0`", "  w0: fix<12, 6>[2]", "all of it can be used"]
    (folder / "w0.csv").write_text("id,weight\n0,0.5\n1,64\n")
    error = answer("data", "show", "w0.csv", "small.ccr", "--for=w0", "--columns=w0=weight", status=2)["error"]
    assert (error["row"], error["column"]) == (3, "weight") and "64 is out of range" in error["message"]
    assert "has no `v`" in answer("data", "show", "w0.npz", "small.ccr", "--for=v", status=2)["error"]["message"]


def test_which_data_set_is_asked_for_where_there_are_two(folder: Path) -> None:
    inputs = "input s: uint<8>[2] from a; input t: uint<8>[2] from b;"
    (folder / "two.ccr").write_text(f"party a; party b; {inputs} output both = reveal(s + t) to a, b;")
    (folder / "s.csv").write_text("n\n1\n2\n")
    error = answer("data", "show", "s.csv", "two.ccr", status=2)["error"]
    assert error["code"] == "usage" and error["help"] == "--for is one of `s` and `t`"


@pytest.mark.parametrize("listed", ['x="a', "x=a\nb", "x"])
def test_a_list_that_cannot_be_read(folder: Path, listed: str) -> None:
    assert answer("data", "show", "own.csv", "small.ccr", "--columns", listed, status=2)["error"]["code"] == "usage"


def test_a_name_with_a_comma(folder: Path) -> None:
    (folder / "c.csv").write_text('"a, b",c,y\n0.5,0.25,1\n')
    found = answer("data", "show", "c.csv", "small.ccr", "--columns", 'x="a, b",c')
    assert found["columns"]["x"] == ["a, b", "c"]


def test_columns_in_the_clear_and_between_two_processes(folder: Path) -> None:
    given = ("small.ccr", "--input", "w0=w0.npz", "--seed", "3")
    plain = answer("simulate", *given, "--input", "records=records.csv")["outputs"]
    done = call("simulate", *given, "--input", "records=own.csv", *TURNED)
    assert done.stderr == "own.csv: not read: `name`\n"
    assert answer("simulate", *given, "--input", "records=own.csv", *TURNED)["outputs"] == plain
    ran = call("run", *given, "--input", "records=own.csv", *TURNED, "--json")
    assert ran.exit_code == 0 and "own.csv: not read: `name`" in ran.stderr
    assert json.loads(ran.stdout)["outputs"]["w"] == plain["w"]
    columns = {"x": ["second", "first"], "y": ["third"]}
    found = ccr.compile("small.ccr").simulate(w0="w0.npz", records="own.csv", seed=3, columns=columns)
    assert found["w"].tolist() == plain["w"]


def test_columns_in_contracts_and_budgets(folder: Path) -> None:
    """The contract is one, whatever file it was written by; the budget is for the file."""
    room = Room(folder)
    made = room.new("--epsilon", "1")
    room.records = folder / "own.csv"
    assert room.refused(*room.new("--epsilon", "1"), status=2)["code"] == "input"
    assert room.told(*room.new("--epsilon", "1", *TURNED))["contract"] == room.contract
    assert "no data set has a field `z`" in room.refused(*made, "--columns", "z=a", status=2)["message"]
    grant = ("budget", "grant", "own.csv", "--epsilon", "1", "--delta", "1e-5", *room.ledger)
    assert "--columns goes with --program" in room.refused(*grant, *TURNED, status=2)["message"]
    assert room.told(*grant, "--program", "small.ccr", *TURNED)["data_sets"][0]["data"] == 1
    assert "there is no column for `x`" in room.refused(*grant, "--program", "small.ccr", status=2)["message"]


def test_columns_where_rows_are_counted(folder: Path) -> None:
    found = answer("privacy", "small.ccr", "--input", "records=own.csv", *TURNED)
    assert found == answer("privacy", "small.ccr", "--records", str(ROWS))
