"""Records on workers' shelves: what one machine has that reads all files, and errors that name the worker."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as parquet
import pytest
from support import memory_channel
from support.contracts import ROWS, program, write_records
from support.launchers import Threads
from support.loopback import tls_pair

from compiler.words.integers import Array
from runtime import api
from runtime.cluster import shelf
from runtime.cluster.shelf import Ask
from runtime.cluster.shelves import Limits, Shelves, _Shelf, in_many_files, shelved
from runtime.data.columns import NONE
from runtime.data.content import content
from runtime.data.errors import InputError
from runtime.data.load import load_records, whole
from runtime.data.marks import marks
from runtime.data.memory import Input
from runtime.data.partitions import files_of
from runtime.data.rows import Numbers, Packed, Spooled
from runtime.data.specs import DatasetSpec
from runtime.data.table import Table
from runtime.net.channel import Channel
from runtime.party.run import Report, prepare, run
from runtime.party.sources import specs
from runtime.privacy.randomness import RunSecret
from runtime.session.errors import WorkerLost

KEY = b"key"
CUTS = [0, 3, 4, 11, 15, ROWS]
(SPEC,) = (s for s in specs(program().compiled, frozenset({"hospital"})) if isinstance(s, DatasetSpec))


@pytest.fixture
def pattern(tmp_path: Path) -> str:
    """The records in five files; `records.csv` has them in one."""
    table = pyarrow.csv.read_csv(write_records(tmp_path / "records.csv"))
    for number, (start, stop) in enumerate(pairwise(CUTS)):
        parquet.write_table(table.slice(start, stop - start), tmp_path / f"part-{number}.parquet")
    return str(tmp_path / "part-*.parquet")


@contextmanager
def on_shelves(pattern: str, workers: int, rows: float = 20.0) -> Generator[Shelves]:
    """`rows`: seconds for a worker to hand some out."""
    launcher, given = Threads(workers), {"records": pattern}
    with shelved(launcher, program(), "hospital", given, NONE, Limits(20.0, rows, 60.0)) as inputs:
        found = inputs["records"]
        assert isinstance(found, Shelves)
        assert len(launcher.threads) == min(workers, len(CUTS) - 1)
        yield found
    for thread in launcher.threads:
        thread.join(20.0)
        assert not thread.is_alive()


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_what_they_have_is_what_one_machine_reads(pattern: str, workers: int, tmp_path: Path) -> None:
    here = load_records(SPEC, str(tmp_path / "records.csv"))
    with on_shelves(pattern, workers) as shelves:
        there = load_records(SPEC, shelves)
        assert there.store is shelves and shelves.count == ROWS
        assert {n: f.tolist() for n, f in whole(there).items()} == {n: f.tolist() for n, f in whole(here).items()}
        numbers = np.array([19, 0, 3, 3, 12])
        assert there["x"][numbers].tolist() == here["x"][numbers].tolist()
        assert content(SPEC, there) == content(SPEC, here)
        assert marks(shelves, KEY) == marks(str(tmp_path / "records.csv"), KEY)


def test_a_run_from_shelves_gives_the_same_outputs(pattern: str, tmp_path: Path) -> None:
    weights = tmp_path / "w0.csv"
    weights.write_text("w\n0.5\n-0.25\n")
    ends: dict[str, Channel] = dict(zip(("hospital", "vendor"), tls_pair(20.0), strict=True))

    def side(name: str, own: dict[str, Input]) -> Report:
        return run(program(), name, prepare(program(), name, own, RunSecret.from_seed(3)), ends[name])

    with on_shelves(pattern, 2) as shelves, ThreadPoolExecutor() as pool:
        given: dict[str, dict[str, Input]] = {"hospital": {"records": shelves}, "vendor": {"w0": str(weights)}}
        told = {name: pool.submit(side, name, given[name]) for name in ends}
        reports = {name: each.result() for name, each in told.items()}
    one = {"records": str(tmp_path / "records.csv"), "w0": str(weights)}
    assert np.array_equal(reports["vendor"].outputs["w"], api.simulate(program(), one, seed=3)["w"])
    assert reports["hospital"].records == {"records": ROWS}


def refused(pattern: str, workers: int = 2) -> InputError:
    with pytest.raises(InputError) as caught, on_shelves(pattern, workers):
        pass
    return caught.value


def test_a_bad_record_is_told_with_its_file_and_worker(pattern: str, tmp_path: Path) -> None:
    bad = pa.table({"x[0]": [0.0, 0.0], "x[1]": [0.0, 9.0], "y": [1, 0]})
    parquet.write_table(bad, tmp_path / "part-3.parquet")
    error = refused(pattern)
    assert error.file == f"{tmp_path}/part-3.parquet (worker 2)"
    assert (error.row, error.column) == (2, "x[1]") and "9.0 is out of range" in error.what


@pytest.mark.parametrize("number", [1, 4])
def test_files_that_differ_are_told_whoever_reads_them(pattern: str, tmp_path: Path, number: int) -> None:
    other = pa.table({"x[0]": [0.0], "x[1]": [0.0], "y": [True]})
    parquet.write_table(other, tmp_path / f"part-{number}.parquet")
    error = refused(pattern, 5)
    assert f"part-{number}.parquet" in error.file and "it has `y`: bool where" in error.what


def test_files_that_change_are_told_when_they_are_read_again(pattern: str, tmp_path: Path) -> None:
    with on_shelves(pattern, 2) as shelves:
        parquet.write_table(pa.table({"x[0]": [0.0], "x[1]": [0.0], "y": [1]}), tmp_path / "part-4.parquet")
        with pytest.raises(InputError, match="was changed while it was read") as caught:
            marks(shelves, KEY)
        assert caught.value.file.endswith("part-4.parquet (worker 2)")


def test_a_worker_that_goes_is_named(pattern: str) -> None:
    with on_shelves(pattern, 2) as shelves:
        found = load_records(SPEC, shelves)
        shelves._shelves[1].channel.abort()
        for row in (0, ROWS - 1):
            with pytest.raises(WorkerLost, match="worker 2 of this party's cluster is gone") as caught:
                found["x"][np.array([row])]
            assert (caught.value.number, caught.value.name) == (1, "worker 2")


def test_a_worker_that_stalls_is_named_while_the_peer_still_waits(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with on_shelves(pattern, 2, rows=0.2) as shelves:
        found = load_records(SPEC, shelves)
        packed = Spooled.packed

        def slow(store: Spooled, numbers: Numbers) -> Packed:
            time.sleep(2.0)
            return packed(store, numbers)

        monkeypatch.setattr(Spooled, "packed", slow)
        start = time.monotonic()
        with pytest.raises(WorkerLost, match=r"worker 1 .*0\.2 s"):
            found["x"][np.array([0])]
        assert time.monotonic() - start < 1.5


def test_which_rows_are_drawn_does_not_show_in_what_passes(pattern: str) -> None:
    """Each worker is asked for as many, and hands out as many."""
    few, all_of_one, all = [19, 0, 3, 12], [0, 0, 0, 0], list(range(ROWS))
    with on_shelves(pattern, 3) as shelves:
        found, here = load_records(SPEC, shelves), whole(load_records(SPEC, pattern))
        passed: list[list[tuple[int, int]]] = []
        for numbers in (few, all_of_one, all, all[::-1]):
            before = [(s.channel.sent_bytes, s.channel.received_bytes) for s in shelves._shelves]
            assert found["x"][np.array(numbers)].tolist() == here["x"][np.array(numbers)].tolist()
            after = [(s.channel.sent_bytes, s.channel.received_bytes) for s in shelves._shelves]
            passed.append([(s - t, r - q) for (s, r), (t, q) in zip(after, before, strict=True)])
        counts = [shelf.count for shelf in shelves._shelves]
    assert passed[0] == passed[1] and passed[2] == passed[3]
    width = shelves._form.width
    assert [received - 5 for _, received in passed[0]] == [width * min(4, count) for count in counts]
    assert [received - 5 for _, received in passed[2]] == [width * count for count in counts]


def test_files_that_change_while_they_are_read_are_told(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker hands out later is what the contract was held against, or nothing is."""
    parts, files = shelf.encoded_parts, files_of(pattern) or []

    def changing(table: Table, *given: Any) -> Iterator[list[Array]]:
        yield from parts(table, *given)
        parquet.write_table(pa.table({"x[0]": [0.0], "x[1]": [0.0], "y": [1]}), files[0])

    monkeypatch.setattr(shelf, "encoded_parts", changing)
    with pytest.raises(InputError, match="was changed while it was read"):
        shelf.Shelf.filled(SPEC, shelf.Part("records", "hospital", pattern, files, NONE))


@pytest.mark.parametrize(("kind", "size"), [(Ask.MARKS, 8), (Ask.ROWS, 7), (Ask.ROWS, 0), (99, 8)])
def test_an_answer_to_another_question_is_none(kind: int, size: int) -> None:
    here, there = memory_channel.pair()
    asked = _Shelf(0, "worker 1", here)
    for answer in (kind, bytes(size)), (Ask.ROWS, bytes(8)):
        there.send(*answer)
    with pytest.raises(WorkerLost, match=f"it answered with {size} bytes of kind {int(kind)}"):
        asked.answer(Ask.ROWS, 8)
    assert asked.answer(Ask.ROWS, 8) == bytes(8)


def test_more_records_than_a_worker_can_tell_of(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MOST_BYTES", 32 * 10)
    with pytest.raises(InputError, match="20 records, and a worker tells of 10 at most") as caught:
        shelf.Shelf.filled(SPEC, shelf.Part("records", "hospital", pattern, files_of(pattern) or [], NONE))
    assert caught.value.help == "run with more workers"


@pytest.mark.parametrize("of", ["marks_of", "digests_of"])
def test_a_worker_tells_of_each_of_its_records(pattern: str, of: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is charged, and what the contract is held against, is of as many records as are drawn from."""
    told = getattr(shelf, of)
    monkeypatch.setattr(shelf, of, lambda *given: told(*given)[:-1])
    with on_shelves(pattern, 2) as shelves, pytest.raises(WorkerLost, match="it answered with"):
        marks(shelves, KEY) if of == "marks_of" else content(SPEC, load_records(SPEC, shelves))


def test_rows_of_another_length_are_none(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with on_shelves(pattern, 1) as shelves:
        found = load_records(SPEC, shelves)
        monkeypatch.setattr("runtime.data.rows.Spooled.packed", lambda store, numbers: np.zeros(3, np.uint8))
        with pytest.raises(WorkerLost, match=f"it answered with 3 bytes of kind {Ask.ROWS.value}"):
            found["x"][np.array([0])]


def test_which_data_sets_workers_read(pattern: str, tmp_path: Path) -> None:
    one = {"records": str(tmp_path / "records.csv")}
    assert in_many_files(program(), "hospital", one) == [] and in_many_files(program(), "vendor", {}) == []
    assert in_many_files(program(), "hospital", {"records": pattern}) == [SPEC]
