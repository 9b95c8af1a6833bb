"""One data set in many files: same outputs under one seed, one contract, one budget."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as parquet
import pytest
from numpy.lib.recfunctions import unstructured_to_structured
from safetensors.numpy import save_file
from support.command import call
from support.contracts import SOURCE, content_of

from runtime.ledger.identity import identify
from runtime.ledger.store import Ledger

ROWS = 40


def table() -> np.ndarray:
    """Multiples of 1/8, as `write_records` writes them, so exact in every format."""
    i = np.arange(ROWS)
    return np.column_stack([(i % 7 - 3) / 8, (i * 3 % 5) / 8, i % 2])


def csv(order: str, separator: str = ",", point: str = ".") -> Callable[[Path], object]:
    names = ["x[0]", "x_1", "y"]

    def write(path: Path) -> None:
        rows = [[f"{row[int(place)]:g}".replace(".", point) for place in order] for row in table()]
        path.write_text("\n".join(separator.join(row) for row in [[names[int(p)] for p in order], *rows]) + "\n")

    return write


FILES: dict[str, Callable[[Path], object]] = {
    "first.csv": csv("012"),
    "second.csv": csv("210"),
    "third.csv": csv("120", ";", ","),
    "arrays.npz": lambda path: np.savez(path, y=table()[:, 2] == 1, x=table()[:, :2].astype(np.float32)),
    "table.npy": lambda path: np.save(path, table()),
    "structured.npy": lambda path: np.save(
        path, unstructured_to_structured(table()[:, [2, 0, 1]], np.dtype([("y", "i1"), ("x0", "f4"), ("x1", "f8")]))
    ),
    "arrays.safetensors": lambda path: save_file(
        {"y": table()[:, 2].astype(np.uint8), "x": np.ascontiguousarray(table()[:, :2]).astype(np.float16)}, path
    ),
    "table.parquet": lambda path: parquet.write_table(
        pa.table({"y": table()[:, 2] == 1, "x1": table()[:, 1], "x0": table()[:, 0]}), path
    ),
    "lists.feather": lambda path: feather.write_feather(
        pa.table({"x": table()[:, :2].tolist(), "y": table()[:, 2].astype(np.int8)}), str(path)
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    (folder / "small.ccr").write_text(SOURCE)
    np.savez(folder / "w0.npz", w0=np.array([0.5, -0.25]))
    for name, write in FILES.items():
        write(folder / name)
    return folder


def simulated(folder: Path, name: str) -> list[float]:
    given = ("--input", f"w0={folder / 'w0.npz'}", "--input", f"records={folder / name}")
    done = call("simulate", str(folder / "small.ccr"), *given, "--seed", "7", "--json")
    assert done.exit_code == 0, done.stderr
    outputs: list[float] = json.loads(done.stdout)["outputs"]["w"]
    return outputs


def test_the_same_outputs_under_one_seed(folder: Path) -> None:
    found = {name: simulated(folder, name) for name in FILES}
    assert len(set(map(tuple, found.values()))) == 1, found


def test_the_same_data_set_in_the_ledger_and_in_contracts(folder: Path, tmp_path: Path) -> None:
    assert len({content_of(folder / name) for name in FILES}) == 1
    with Ledger(tmp_path / "ledger.db", create=True) as ledger:
        assert len({identify(ledger, str(folder / name)).data for name in FILES}) == 1
    for name in FILES:
        amount = ("--epsilon", "2", "--delta", "1e-4", "--ledger", str(tmp_path / "ledger.db"))
        granted = call("budget", "grant", str(folder / name), *amount, "--json")
        assert granted.exit_code == 0, granted.stderr
        assert [data["data"] for data in json.loads(granted.stdout)["data_sets"]] == [1]


def test_another_ledger_has_other_names_for_records(folder: Path, tmp_path: Path) -> None:
    """They are keyed: whoever reads one ledger cannot look up the records of another, or of a guess."""
    names: set[str] = set()
    for number in range(2):
        with Ledger(tmp_path / f"{number}.db", create=True) as ledger:
            names.add(identify(ledger, str(folder / "first.csv")).data)
    assert len(names) == 2
