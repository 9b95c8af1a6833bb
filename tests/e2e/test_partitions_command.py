"""Records in many files, by the command: one budget and one contract with the file they were cut from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as parquet
import pytest
from support.command import call, result
from support.contracts import ROWS
from support.room import Room

import ccr

SEED = ("--seed", "3")


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """With the same records as `part-*.parquet`."""
    room = Room(tmp_path)
    table = pyarrow.csv.read_csv(room.records)
    for number, (start, stop) in enumerate(((0, 7), (7, 8), (8, ROWS))):
        parquet.write_table(table.slice(start, stop - start), tmp_path / f"part-{number}.parquet")
    return room


def parts(room: Room) -> Path:
    return room.folder / "part-*.parquet"


def simulated(room: Room, records: Path) -> Any:
    given = ("--input", f"records={records}", "--input", f"w0={room.weights}")
    return room.told("simulate", str(room.program), *given, *SEED)["outputs"]


def test_the_outputs_are_those_of_one_file(room: Room) -> None:
    assert simulated(room, parts(room)) == simulated(room, room.records)
    program = ccr.compile(room.program)
    w0 = np.array([0.5, -0.25])
    assert program.simulate(records=parts(room), w0=w0, seed=3)["w"].tolist() == simulated(room, room.records)["w"]


def test_one_budget_and_one_contract_whatever_the_files(room: Room) -> None:
    """Granted and agreed on for one file, run with the others; cut in another way it is the same data set again."""
    room.grant("1", "1e-4")
    cost = room.agree()["cost"]
    room.records = parts(room)
    assert [result(party)["contract"] for party in room.meet()] == [
        room.told("contract", "show", room.contract)["digest"]
    ] * 2
    assert room.charged() == cost
    for file in room.folder.glob("part-*.parquet"):
        file.rename(file.with_name(f"other-{9 - int(file.stem[-1])}.parquet"))
    shown = room.told("budget", "show", str(room.folder / "other-*.parquet"), *room.ledger)
    assert [each["charged"] for each in shown["data_sets"]] == [cost]


def test_a_report_of_many_files_is_one_of_the_records(room: Room) -> None:
    """Whatever file the contract then is made from."""
    policy, report = room.folder / "policy.toml", room.folder / "report.json"
    policy.write_text('[deidentification]\nquasi-identifiers = ["y"]\nk = 2\n')
    given = ("--policy", str(policy), "--report", str(report), *room.keys("hospital"))
    assert room.told("data", "check", str(parts(room)), *given)["records"] == ROWS
    assert room.agree("--epsilon", "1", "--report", f"records={report}")["digest"]


def test_what_is_said_of_them(room: Room) -> None:
    shown = call("data", "show", str(parts(room)), str(room.program))
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout.splitlines()[0] == f"{parts(room)}: Parquet, 3 files, 3 columns, for `records` by name"
    assert shown.stdout.splitlines()[-1] == f"{ROWS} records, all of which can be used"
    parquet.write_table(pa.table({"x[0]": [0.0], "x[1]": [9.0], "y": [0]}), room.folder / "part-1.parquet")
    error = room.refused("data", "show", str(parts(room)), str(room.program), status=2)
    assert (Path(error["file"]).name, error["row"], error["column"]) == ("part-1.parquet", 1, "x[1]")


def test_many_files_are_masked_one_by_one(room: Room) -> None:
    policy = room.folder / "policy.toml"
    policy.write_text('[deidentification.mask."x[0]"]\nhow = "drop"\n')
    output = ("-o", str(room.folder / "masked.parquet"))
    error = room.refused("data", "mask", str(parts(room)), "--policy", str(policy), *output, status=2)
    assert "one is masked at a time" in error["message"]
    assert json.loads(
        call("data", "mask", str(room.folder / "part-0.parquet"), "--policy", str(policy), *output, "--json").stdout
    )
