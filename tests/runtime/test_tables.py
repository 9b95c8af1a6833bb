"""How files are written: separators, decimal commas, marks, kinds, gaps; and that all that is bad is counted."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as parquet
import pytest
from numpy.lib.recfunctions import repack_fields

from runtime.data.columnar import block_of
from runtime.data.errors import InputError
from runtime.data.load import load_dataset
from runtime.data.marks import marks
from runtime.data.specs import DatasetSpec, FieldSpec, Kind
from runtime.data.table import ROWS
from runtime.data.tables import open_table
from runtime.data.text import dialect

FEATURE, BIT = Kind(9, 8, True), Kind(1, 0, False)
RECORDS = DatasetSpec("records", (FieldSpec("x", FEATURE, (2,)), FieldSpec("y", BIT, ())))
WANTED = [[128, -64], [1, 0]], [1, 0]


def loaded(path: Path, **columns: list[str]) -> tuple[list[list[int]], list[int]]:
    fields = load_dataset(RECORDS, str(path), columns)
    return fields["x"].tolist(), fields["y"].tolist()


def wrong(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        load_dataset(RECORDS, str(path))
    assert caught.value.help and caught.value.file == str(path)
    return caught.value


PLAIN = "x0,x1,y\n0.5,-0.25,1\n0.00390625,0,0\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", PLAIN, "text, separated by commas"),
        ("A.CSV", PLAIN, "text, separated by commas"),
        ("a.csv", PLAIN.replace("\n", "\r"), "text, separated by commas"),
        ("a.csv", "\ufeff\n\n" + PLAIN.replace("\n", "\r\n\r\n"), "text, separated by commas"),
        ("a.csv", PLAIN.replace(",", ";"), "text, separated by semicolons"),
        ("a.csv", PLAIN.replace(",", ";").replace(".", ","), "text, separated by semicolons"),
        ("a.tsv", PLAIN.replace(",", "\t"), "text, separated by tabs"),
        ("a.csv", PLAIN.replace(",", "\t").replace(".", ","), "text, separated by tabs"),
        ("a.csv", PLAIN.replace(",", "|"), "text, separated by bars"),
        ("a.csv", '"x0", "x1", "y"\n"0,5", "-0,25", "1"\n"0,00390625",0,"0"\n', "text, separated by commas"),
        ("a.csv", "x[0];x[1];y\n0,5;-0,25;1\n0,00390625;0;0\n", "text, separated by semicolons"),
        ("a.csv", PLAIN.replace("1\n", "True\n").replace("0\n", "false\n"), "text, separated by commas"),
        ("a.csv", PLAIN.replace("1\n", "1.0\n").replace("0\n", "0e0\n"), "text, separated by commas"),
    ],
)
def test_text_is_read_however_it_is_written(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_bytes(text.encode())
    assert loaded(tmp_path / name) == WANTED
    assert str(dialect(str(tmp_path / name))) == said


def test_what_a_spreadsheet_calls_unicode_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(PLAIN.replace(",", "\t").encode("utf-16"))
    assert loaded(path) == WANTED and str(dialect(str(path))) == "text, separated by tabs, UTF-16"


@pytest.mark.parametrize("cell", ["1,234", "1.234,5", "1,234.5", "1 000", "0,5,5"])
def test_what_may_be_thousands_is_refused(tmp_path: Path, cell: str) -> None:
    """A comma is decimal where semicolons separate, or where it can be nothing else."""
    path = tmp_path / "a.csv"
    path.write_text(f"x0\tx1\ty\n0\t{cell}\t1\n")
    error = wrong(path)
    assert f"`{cell}` is not a number" in error.what and "nothing between thousands" in error.help
    assert (error.row, error.column) == (2, "x1")


@pytest.mark.parametrize(
    ("rows", "bad"),
    [
        (["0,5;1.234;1", "0;0;1"], ["`1.234` may be a fraction or thousands, beside `0,5` in line 2"]),
        (["0;1.234;1", "0;0;1"] * ROWS + ["0,5;0;1"], ["`1.234`", f"beside `0,5` in line {2 * ROWS + 2}"]),
        (["0;-1.234;1", "0,001;0;1"], ["`-1.234` may be a fraction or thousands, beside `0,001` in line 3"]),
        (["1,234;0.5;1"], ["`1,234` may be a fraction or thousands, beside `0.5` in line 2"]),
        (['"0,5"\t1.234\t1'], ["`1.234` may be", "beside `0,5` in line 2"]),
    ],
)
def test_a_file_has_one_decimal_mark(tmp_path: Path, rows: list[str], bad: list[str]) -> None:
    """Whether the other one stands before or behind, in this column or another."""
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["x0\tx1\ty" if "\t" in rows[0] else "x0;x1;y", *rows]) + "\n")
    error = wrong(path)
    assert all(said in error.what for said in bad) and "one decimal mark" in error.help
    assert (error.row, error.column) == (2, "x0" if rows[0].startswith("1") else "x1")


@pytest.mark.parametrize("text", ["0.5;0,25;1", "0,5;0.25;1", "0.500;0.25;1", '"0,5"\t0.25\t1', "0,500;,25;1"])
def test_what_can_be_nothing_else_is_read_beside_the_other_mark(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(("x0\tx1\ty" if "\t" in text else "x0;x1;y") + f"\n{text}\n")
    assert loaded(path) == ([[128, 64]], [1])


def test_a_quote_that_is_not_closed_is_told_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('x0,x1,y\n0,0,1\n0,"0,1\n0,0,1\n0,0,0\n')
    error = wrong(path)
    assert (error.place, error.what) == (f"{path}, line 3", "this is not a CSV text: unexpected end of data")


def test_all_bad_cells_are_counted_and_ten_are_shown(tmp_path: Path) -> None:
    """By rows, over pieces of the file, whatever is wrong with them."""
    bad = {ROWS - 1: "0,x,1", ROWS: "nan,,2", ROWS + 1: "0,2,0.5", 2 * ROWS: "7,7,7"} | dict.fromkeys(
        range(2 * ROWS + 1, 2 * ROWS + 101), "0,-9,1"
    )
    rows = [bad.get(i, "0,0,1") for i in range(2 * ROWS + 200)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["x0,x1,y", *rows]) + "\n")
    error = wrong(path)
    first, *lines = error.what.splitlines()
    assert (error.row, error.column, first) == (ROWS + 1, "x1", "`x` is not a number")
    where = [line.split(":")[0].strip() for line in lines[:-1]]
    assert where == [
        f'line {ROWS + 2}, column "x0"',
        f'line {ROWS + 2}, column "x1"',
        f'line {ROWS + 2}, column "y"',
        f'line {ROWS + 3}, column "x1"',
        f'line {ROWS + 3}, column "y"',
        f'line {2 * ROWS + 2}, column "x0"',
        f'line {2 * ROWS + 2}, column "x1"',
        f'line {2 * ROWS + 2}, column "y"',
        f'line {2 * ROWS + 3}, column "x1"',
    ]
    assert lines[-1] == "  109 cells cannot be used, of which these are the first 10"


def test_rows_beyond_their_bound_are_counted_too(tmp_path: Path) -> None:
    spec = DatasetSpec("r", (FieldSpec("x", FEATURE, (2,), 1),))
    np.savez(tmp_path / "a.npz", x=np.array([[0.9, 0.9], [0, 0], [0.8, 0.8]]))
    with pytest.raises(InputError) as caught:
        load_dataset(spec, str(tmp_path / "a.npz"))
    assert caught.value.row == 1 and 'row 3, column "x": norm2(x) is' in caught.value.what
    assert "2 cells cannot be used" in caught.value.what


MIXED = np.array([(0.5, -0.25, True), (1 / 256, 0, False)], dtype=[("x0", "f4"), ("x1", "f8"), ("y", "?")])
NESTED = np.array([([0.5, -0.25], 1.0), ([1 / 256, 0], 0.0)], dtype=[("x", "f4", (2,)), ("y", "f2")])
TABLE = np.array([[0.5, -0.25, 1.0], [1 / 256, 0, 0.0]])


@pytest.mark.parametrize("array", [MIXED, repack_fields(MIXED[["y", "x1", "x0"]]), NESTED, TABLE, TABLE.astype("f4")])
def test_an_array_of_mixed_kinds(tmp_path: Path, array: Any) -> None:
    np.save(tmp_path / "a.npy", array)
    assert loaded(tmp_path / "a.npy") == WANTED
    np.savez(tmp_path / "b.npz", array)  # under no name
    if array.dtype.names is None:
        assert loaded(tmp_path / "b.npz") == WANTED
        assert open_table(str(tmp_path / "b.npz")).named is False


@pytest.mark.parametrize(
    "label", [np.array([1.0, 0.0]), np.array([True, False]), np.array(["1", "0"]), np.array([1, 0])]
)
def test_a_bit_in_arrays(tmp_path: Path, label: Any) -> None:
    np.savez(tmp_path / "a.npz", x=TABLE[:, :2], y=label)
    assert loaded(tmp_path / "a.npz") == WANTED


def test_arrays_of_other_names_are_listed(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", features=TABLE[:, :2], target=TABLE[:, 2], more=np.zeros(7))
    error = wrong(tmp_path / "a.npz")
    assert error.what.startswith("there is no array for `x`") and "`features[0]`" in error.what
    assert loaded(tmp_path / "a.npz", x=["features"], y=["target"]) == WANTED


# -- Parquet and Arrow

Write = Callable[[pa.Table, Path], object]


def stream(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


COLUMNAR: dict[str, Write] = {
    "a.parquet": parquet.write_table,
    "A.PARQUET": lambda table, path: parquet.write_table(table, path, row_group_size=1),
    "a.feather": lambda table, path: feather.write_feather(table, str(path)),
    "plain.feather": lambda table, path: feather.write_feather(table, str(path), compression="uncompressed"),
    "a.arrow": stream,
}
GOOD: dict[str, dict[str, Any]] = {
    "columns": {"name": ["Ada", None], "y": [True, False], "x1": [-0.25, 0.0], "x0": [0.5, 1 / 256], "x0.more": [1, 2]},
    "lists": {"x": [[0.5, -0.25], [1 / 256, 0.0]], "more": [[1], [2]], "y": [1.0, 0.0]},
    "fixed": {"y": [1, 0], "x": pa.FixedSizeListArray.from_arrays(pa.array([0.5, -0.25, 1 / 256, 0.0]), 2)},
    "texts": {"x0": ["0.5", "0.00390625"], "x1": pa.array(["-0.25", "0"]).dictionary_encode(), "y": ["True", "0"]},
    "narrow": {
        "x0": pa.array(np.float16([0.5, 1 / 256])),
        "x1": pa.array([-0.25, 0], "f4"),
        "y": pa.array([1, 0], "i1"),
    },
}


@pytest.mark.parametrize("name", COLUMNAR)
@pytest.mark.parametrize("given", GOOD)
def test_columns_of_parquet_and_arrow(tmp_path: Path, name: str, given: str) -> None:
    COLUMNAR[name](pa.table(GOOD[given]), tmp_path / name)
    assert loaded(tmp_path / name) == WANTED


@pytest.mark.parametrize(
    ("given", "row", "column", "said"),
    [
        ({"x0": [0.5, None], "x1": [0.0, 0.0], "y": [1, 0]}, 2, "x0", "the cell is empty"),
        ({"x0": [0.5, 0.0], "x1": [0.0, 9.0], "y": [1, 0]}, 2, "x1", "9.0 is out of range"),
        ({"x0": [0.5, 0.0], "x1": ["0", "?"], "y": [1, 0]}, 2, "x1", "`?` is not a number"),
        ({"x": [[0.5, 0.0], [0.0]], "y": [1, 0]}, 2, "x", "a list of 1 value where the first row has 2"),
        ({"x": [["a", "b"]], "y": [1]}, None, "x", "its lists hold string, no numbers"),
        ({"x0": [{"u": 0.5}], "x1": [0.0], "y": [1]}, None, "x0", "neither numbers nor text"),
        ({"x0": [b"\xff"], "x1": [0.0], "y": [1]}, None, "x0", "its bytes are no UTF-8"),
        ({"x0": pa.array([1], pa.timestamp("ns")), "x1": [0.0], "y": [1]}, None, "x0", "finer than a microsecond"),
        ({"x0": [0.5], "x1": [0.0]}, None, None, "there is no column for `y`"),
        (
            {"x0": pa.array([], "f8"), "x1": pa.array([], "f8"), "y": pa.array([], "i1")},
            None,
            None,
            "there are no rows",
        ),
    ],
)
@pytest.mark.parametrize("name", ["a.parquet", "a.feather"])
def test_what_is_bad_in_parquet_and_arrow(
    tmp_path: Path, name: str, given: dict[str, Any], row: int | None, column: str | None, said: str
) -> None:
    COLUMNAR[name](pa.table(given), tmp_path / name)
    error = wrong(tmp_path / name)
    assert said in error.what and (error.row, error.column) == (row, column)


@pytest.mark.parametrize(
    ("type", "said"),
    [
        (pa.timestamp("ns"), "1970-01-02 00:00:00"),
        (pa.timestamp("ns", tz="UTC"), "1970-01-02 00:00:00+00:00"),
        (pa.duration("ns"), "1 day, 0:00:00"),
    ],
)
def test_times_are_written_alike_whether_or_not_pandas_is_installed(type: pa.DataType, said: str) -> None:
    """The ledger knows records by this text."""
    day = pa.array([86_400 * 10**9, None], pa.int64()).cast(type)
    assert block_of("a.parquet", "t", day, None, range(2)) == [said, ""]


def test_two_columns_of_one_name_in_parquet(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    feather.write_feather(table, str(tmp_path / "a.feather"))
    assert "two columns are called `x`" in wrong(tmp_path / "a.feather").what


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.feather"])
@pytest.mark.parametrize("content", [b"", b"PAR1", b"ARROW1\0\0", b"x0,x1,y\n0,0,1\n", b"PAR1" + bytes(100) + b"PAR1"])
def test_what_is_no_parquet_or_arrow(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert "this is no whole" in wrong(tmp_path / name).what


def test_a_parquet_file_whose_middle_is_gone(tmp_path: Path) -> None:
    """It opens, and fails where its rows are read."""
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"x0": np.arange(9e3), "x1": np.arange(9e3), "y": np.zeros(9000)}), path)
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + bytes(50_000) + whole[50_004:])
    assert open_table(str(path)).names() == ["x0", "x1", "y"] and "this is no whole Parquet file" in wrong(path).what


@pytest.mark.parametrize("missing", ["pyarrow", "pyarrow.parquet"])
def test_the_extra_is_named_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    for name, form in (("a.parquet", "Parquet"), ("a.feather", "Arrow")):
        (tmp_path / name).write_bytes(b"")
        error = wrong(tmp_path / name)
        assert error.what == f"reading a {form} file needs the package `pyarrow`, which is not installed"
        assert error.help.startswith("pip install 'ccr-lang[parquet]'")


@pytest.mark.parametrize("name", ["a.parquet", "a.feather"])
def test_a_large_table_is_read_a_piece_at_a_time(tmp_path: Path, name: str) -> None:
    """Only the columns that are asked for, at most so many rows at once."""
    rows = 5 * ROWS // 2
    columns = {"x0": np.zeros(rows), "x1": np.arange(rows) % 7 / 8, "y": np.ones(rows), "text": ["a"] * rows}
    COLUMNAR[name](pa.table(columns), tmp_path / name)
    table = open_table(str(tmp_path / name))
    parts = list(table.parts(frozenset({1})))
    assert [len(part.rows) for part in parts] == [ROWS, ROWS, ROWS // 2]
    assert [part.rows[0] for part in parts] == [1, ROWS + 1, 2 * ROWS + 1]
    assert all(part.blocks.keys() == {1} for part in parts)
    assert load_dataset(RECORDS, str(tmp_path / name))["x"][:, 1].tolist() == [i % 7 * 32 for i in range(rows)]


def test_marks_do_not_tell_formats_apart(tmp_path: Path) -> None:
    """With text, gaps and truths, too."""
    (tmp_path / "a.csv").write_text("x0,x1,y,name\n0.5,-0.25,True,Ada\n0.00390625,,false,\n")
    table = pa.table({"name": ["Ada", None], "y": [True, False], "x1": [-0.25, None], "x0": [0.5, 1 / 256]})
    found = {marks(str(tmp_path / "a.csv"), b"key")}
    for name, write in COLUMNAR.items():
        write(table, tmp_path / name)
        found.add(marks(str(tmp_path / name), b"key"))
    np.savez(tmp_path / "a.npz", x=[[0.5, -0.25], [1 / 256, np.nan]], y=[1, 0], name=["Ada", ""])
    assert len({*found, marks(str(tmp_path / "a.npz"), b"key")}) == 1


@pytest.mark.parametrize("type", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()], ids=str)
@pytest.mark.parametrize("name", COLUMNAR)
def test_marks_do_not_tell_text_from_its_bytes(tmp_path: Path, name: str, type: Any) -> None:
    (tmp_path / "a.csv").write_text("name,x\nZoë,1\nBob,2\n", encoding="utf-8")
    texts = pa.array(["Zoë", "Bob"]).cast(type), pa.array(["1", "2"]).cast(type)
    COLUMNAR[name](pa.table({"x": texts[1], "name": texts[0]}), tmp_path / name)
    assert marks(str(tmp_path / name), b"key") == marks(str(tmp_path / "a.csv"), b"key")


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_records_within_records_have_no_marks(tmp_path: Path, name: str) -> None:
    """Were they known by their text, the same numbers in another order would have another budget."""
    COLUMNAR[name](pa.table({"a": [{"u": 1, "v": 2}], "b": [3]}), tmp_path / name)
    with pytest.raises(InputError, match="neither numbers nor text"):
        marks(str(tmp_path / name), b"key")


def test_bytes_of_an_array_are_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,x\nZoë,1\nBob,2\n", encoding="utf-8")
    np.save(tmp_path / "a.npy", np.array([("Zoë".encode(), 1), (b"Bob", 2)], dtype=[("name", "S4"), ("x", "i4")]))
    np.save(tmp_path / "b.npy", np.array([[b"1", b"\xff"]]))
    assert marks(str(tmp_path / "a.npy"), b"key") == marks(str(tmp_path / "a.csv"), b"key")
    with pytest.raises(InputError, match="are no UTF-8"):
        marks(str(tmp_path / "b.npy"), b"key")
