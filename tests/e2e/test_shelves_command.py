"""Records in many files with `--cluster local`: each worker reads its own, under a contract that was made without."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as parquet
import pytest
from support.command import afresh, finish, port, result
from support.contracts import ROWS
from support.room import Room

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

CLUSTER = ("--cluster", "local", "--workers", "2")


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """Its records in three files."""
    room = Room(tmp_path)
    table = pyarrow.csv.read_csv(room.records)
    for number, (start, stop) in enumerate(pairwise([0, 7, 8, ROWS])):
        parquet.write_table(table.slice(start, stop - start), tmp_path / f"part-{number}.parquet")
    return room


@pytest.mark.slow  # clusters take some ten seconds to start
def test_one_budget_and_one_contract_with_a_cluster(room: Room) -> None:
    room.grant("1", "1e-4")
    made = room.agree()
    room.records = room.folder / "part-*.parquet"
    hospital = afresh(*room.hospital(*CLUSTER))
    vendor = afresh(*room.vendor(port(hospital), *CLUSTER))
    told = [result(party) for party in (vendor, hospital)]
    assert [each["contract"] for each in told] == [made["digest"]] * 2
    assert room.charged() == made["cost"]


@pytest.mark.slow
def test_what_a_worker_finds_wrong_is_told(room: Room) -> None:
    room.agree()
    bad = pa.table({"x[0]": [0.0], "x[1]": [9.0], "y": [1]})
    parquet.write_table(bad, room.folder / "part-2.parquet")
    room.records = room.folder / "part-*.parquet"
    status, _, said = finish(afresh(*room.hospital(*CLUSTER)))
    assert status == 2 and "part-2.parquet (worker 2 (" in said and "out of range" in said and "Traceback" not in said
