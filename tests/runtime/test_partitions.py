"""Records in many files: the same data set as in one, row for row, and errors that name the file."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.data.content import content, content_of_rows
from runtime.data.errors import InputError
from runtime.data.load import Records, count, load_dataset, load_records, read_rows, whole
from runtime.data.marks import marks
from runtime.data.partitions import files_of
from runtime.data.rows import Form, Spooled
from runtime.data.specs import DatasetSpec, FieldSpec, Kind
from runtime.data.tables import open_table
from runtime.data.unchanged import unchanged

SPEC = DatasetSpec("records", (FieldSpec("x", Kind(9, 8, True), (2,)), FieldSpec("y", Kind(1, 0, False), ())))
KEY = b"key"


def table(rows: int, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    x = rng.integers(-255, 256, (rows, 2)) / 256
    return pa.table({"id": [f"p{i}" for i in range(rows)], "x1": x[:, 1], "x0": x[:, 0], "y": rng.random(rows) < 0.5})


def write(folder: Path, whole: pa.Table, cuts: list[int]) -> str:
    """The table in one file for each two cuts; the pattern of them."""
    for number, (start, stop) in enumerate(pairwise(cuts)):
        parquet.write_table(whole.slice(start, stop - start), folder / f"part-{number:02}.parquet", row_group_size=7)
    return str(folder / "part-*.parquet")


def wrong(act: Callable[[], object]) -> InputError:
    with pytest.raises(InputError) as caught:
        act()
    assert caught.value.help
    return caught.value


def of(pattern: str) -> InputError:
    return wrong(lambda: load_dataset(SPEC, pattern))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 60), st.sets(st.integers(1, 59), max_size=6), st.integers(0, 99))
def test_one_data_set_however_it_is_cut(
    tmp_path_factory: pytest.TempPathFactory, rows: int, inner: set[int], seed: int
) -> None:
    """Rows, and so draws, in the order of the files; content and marks in whatever order."""
    folder, everything = tmp_path_factory.mktemp("cut"), table(rows, seed)
    pattern = write(folder, everything, [0, *sorted(cut for cut in inner if cut < rows), rows])
    parquet.write_table(everything, folder / "one.parquet")
    one, many = load_dataset(SPEC, str(folder / "one.parquet")), load_dataset(SPEC, pattern)
    assert {name: found.tolist() for name, found in many.items()} == {name: v.tolist() for name, v in one.items()}
    turned = everything.take(np.random.default_rng(seed).permutation(rows)).select(["y", "x0", "id", "x1"])
    parquet.write_table(turned, folder / "turned.parquet")
    for other in ("one.parquet", "turned.parquet"):
        assert marks(str(folder / other), KEY) == marks(pattern, KEY)
        assert content_of_rows(SPEC, read_rows(SPEC, str(folder / other))) == content(SPEC, many)


def test_files_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, value in (("part-9", 0.25), ("part-10", 0.5), ("part-1", 0.0)):
        parquet.write_table(pa.table({"x0": [value], "x1": [0.0], "y": [True]}), tmp_path / f"{name}.parquet")
    assert load_dataset(SPEC, str(tmp_path / "part-*.parquet"))["x"][:, 0].tolist() == [0, 128, 64]


def test_a_file_whose_name_is_like_a_pattern_is_a_file(tmp_path: Path) -> None:
    for name in ("a[0].parquet", "a0.parquet"):
        parquet.write_table(table(len(name)), tmp_path / name)
    assert files_of(str(tmp_path / "a[0].parquet")) is None
    assert count(load_records(SPEC, str(tmp_path / "a[0].parquet"))) == len("a[0].parquet")
    assert files_of(str(tmp_path / "a?.parquet")) == [str(tmp_path / "a0.parquet")]


def test_arrow_files_and_what_the_table_says(tmp_path: Path) -> None:
    for name in ("a.feather", "b.feather"):
        feather.write_feather(table(5), tmp_path / name)
    found = open_table(str(tmp_path / "*.feather"))
    assert found.form == "Arrow, 2 files" and count(load_records(SPEC, str(tmp_path / "*.feather"))) == 10
    assert open_table(str(tmp_path / "a*.feather")).form == "Arrow"


def test_what_is_bad_is_told_with_its_file(tmp_path: Path) -> None:
    pattern = write(tmp_path, table(30), [0, 10, 20, 30])
    bad = pa.table({"id": ["a"] * 3, "x1": [0.0, 2.0, 0.0], "x0": [0.0, 0.0, 3.0], "y": [True] * 3})
    parquet.write_table(bad, tmp_path / "part-01.parquet")
    parquet.write_table(bad, tmp_path / "part-02.parquet")
    error = of(pattern)
    assert error.file.endswith("part-01.parquet") and (error.row, error.column) == (2, "x1")
    told = str(error).splitlines()
    assert told[1].startswith('  row 3, column "x0"')
    assert told[2].startswith(f'  {tmp_path}/part-02.parquet, row 2, column "x1"') and "4 cells" in told[4]


def test_a_bad_first_row_is_told_with_its_file(tmp_path: Path) -> None:
    pattern = write(tmp_path, table(20), [0, 10, 20])
    bad = pa.table({"id": ["a"], "x1": [2.0], "x0": [0.0], "y": [True]})
    parquet.write_table(bad, tmp_path / "part-01.parquet")
    error = of(pattern)
    assert error.file.endswith("part-01.parquet") and error.row == 1


def test_columns_that_differ_are_refused(tmp_path: Path) -> None:
    pattern, first = write(tmp_path, table(20), [0, 10, 20]), f"{tmp_path}/part-00.parquet"
    other = tmp_path / "part-01.parquet"
    for changed, said in (
        (table(9).drop_columns(["id"]), f"it has `x1`: double where {first} has `id`: string"),
        (table(9).append_column("z", pa.array([1] * 9)), f"it has `z`: int64 where {first} has no more columns"),
        (table(9).drop_columns(["y"]), f"it has no more columns where {first} has `y`: bool"),
        (table(9).set_column(3, "y", pa.array([1] * 9)), f"it has `y`: int64 where {first} has `y`: bool"),
        (table(9).select(["id", "x0", "x1", "y"]), f"it has `x0`: double where {first} has `x1`: double"),
    ):
        parquet.write_table(changed, other)
        for read in (lambda: load_dataset(SPEC, pattern), lambda: marks(pattern, KEY)):
            error = wrong(read)
            assert (error.file, error.what) == (str(other), said)


def test_units_of_times_that_differ_are_refused(tmp_path: Path) -> None:
    for number, unit in enumerate(("ms", "us")):
        column = pa.array([0, 1], pa.timestamp(unit))
        parquet.write_table(pa.table({"at": column}), tmp_path / f"part-{number}.parquet")
    assert "timestamp[us] where" in wrong(lambda: marks(str(tmp_path / "part-*.parquet"), KEY)).what


def test_categories_may_be_more_in_one_file(tmp_path: Path) -> None:
    for number, words in enumerate((["a"], ["b", "c"])):
        parquet.write_table(pa.table({"c": pa.array(words).dictionary_encode()}), tmp_path / f"part-{number}.parquet")
    parquet.write_table(pa.table({"c": ["a", "b", "c"]}), tmp_path / "one.parquet")
    assert marks(str(tmp_path / "part-*.parquet"), KEY) == marks(str(tmp_path / "one.parquet"), KEY)


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    pattern = write(tmp_path, table(20), [0, 10, 10, 20])
    error = of(pattern)
    assert (error.file, error.what) == (f"{tmp_path}/part-01.parquet", "it has no rows")
    assert wrong(lambda: marks(pattern, KEY)).what == "it has no rows"


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    pattern = write(tmp_path, table(20), [0, 10, 20])
    (tmp_path / "part-01.parquet").write_bytes(b"PAR1")
    error = of(pattern)
    assert error.file.endswith("part-01.parquet") and "no whole Parquet file" in error.what


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_one_file_by_two_names_is_refused(tmp_path: Path, link: Callable[[Path, Path], None]) -> None:
    pattern = write(tmp_path, table(20), [0, 10, 20])
    link(tmp_path / "part-00.parquet", tmp_path / "part-07.parquet")
    error = of(pattern)
    assert error.file.endswith("part-07.parquet") and "would count twice" in error.what


def test_what_matches_nothing_and_what_has_no_types(tmp_path: Path) -> None:
    pattern = str(tmp_path / "part-*.parquet")
    assert of(pattern).what == "no file has such a name" and of(pattern).file == pattern
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x0,x1,y\n0,0,1\n")
    assert "files are one data set, as a pattern, only if they end in .parquet" in of(str(tmp_path / "*.csv")).what
    (tmp_path / "out.parquet").mkdir()
    error = of(str(tmp_path / "out.parquet"))
    assert error.what == "cannot be read: it is a folder" and error.help.endswith(
        "'" + str(tmp_path) + "/out.parquet/*.parquet'"
    )


def test_a_file_that_changes_goes_or_comes_is_told(tmp_path: Path) -> None:
    pattern = write(tmp_path, table(20), [0, 10, 20])

    def while_read(change: Callable[[], object]) -> str:
        def act() -> None:
            with unchanged([pattern]):
                change()

        return Path(wrong(act).file).name

    assert while_read(lambda: parquet.write_table(table(10), tmp_path / "part-01.parquet")) == "part-01.parquet"
    assert while_read(lambda: parquet.write_table(table(10), tmp_path / "part-05.parquet")) == "part-05.parquet"
    assert while_read((tmp_path / "part-00.parquet").unlink) == "part-00.parquet"
    with unchanged([pattern]):
        load_dataset(SPEC, pattern)


def test_a_link_that_led_elsewhere_meanwhile_is_told(tmp_path: Path) -> None:
    """Though it leads again where it led before, to a file that nobody has touched."""
    for name in ("one", "other"):
        parquet.write_table(table(3), tmp_path / name)
    link = tmp_path / "a.parquet"
    link.symlink_to(tmp_path / "one")

    def act() -> None:
        with unchanged([str(link)]):
            for name in ("other", "one"):
                link.unlink()
                link.symlink_to(tmp_path / name)

    assert wrong(act).file == str(link)


WIDE = (
    FieldSpec("b", Kind(1, 0, False), ()),
    FieldSpec("s", Kind(20, 3, True), (2, 2)),
    FieldSpec("u", Kind(64, 0, False), (2,)),
    FieldSpec("w", Kind(200, 7, True), ()),
    FieldSpec("l", Kind(64, 0, True), ()),
)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(0, 3000), st.data())
def test_rows_come_back_as_they_were_put(rows: int, memory: int, data: st.DataObject) -> None:
    """Of every width, from memory or a file, in whatever order they are asked for."""
    put = []
    for field in WIDE:
        low, high = field.kind.low, field.kind.high
        drawn = st.integers(low, high) | st.sampled_from([low, high])
        size = rows * field.columns
        values = data.draw(st.lists(drawn, min_size=size, max_size=size))
        put.append(np.array(values, object if field.kind.bits > 64 or high >= 1 << 63 else np.int64).reshape(rows, -1))
    form = Form.of(WIDE)
    store = Spooled("records", form, memory)
    for start in range(0, rows, 7):
        store.add([found[start : start + 7] for found in put])
    records = Records(form, store)
    assert count(records) == rows and {name: f.tolist() for name, f in whole(records).items()} == {
        f.name: found.reshape(rows, *f.shape).tolist() for f, found in zip(WIDE, put, strict=True)
    }
    numbers = np.array(data.draw(st.lists(st.integers(0, rows - 1))), np.int64)
    for field, found in zip(WIDE, put, strict=True):
        asked = records[field.name][numbers]
        assert asked.tolist() == found[numbers].reshape(len(numbers), *field.shape).tolist()
        assert asked.dtype == found.dtype


def test_what_is_in_the_file_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no name, its owner alone could open it, and its bytes are not those of the rows."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    form = Form.of(SPEC.fields)
    store = Spooled("records", form, memory=100)
    rows = [np.full((500, 2), 77), np.ones((500, 1), np.int64)]
    store.add(rows)
    file = store._spool._file
    assert file is not None and list(tmp_path.iterdir()) == []
    found = os.fstat(file.fileno())
    assert (found.st_nlink, found.st_mode & 0o777, found.st_size) == (0, 0o600, 500 * form.width)
    kept = os.pread(file.fileno(), found.st_size, 0)
    assert len(set(kept)) > 200 and form.packed(rows).tobytes() not in kept
    assert store.packed(np.arange(500)).tobytes() == form.packed(rows).tobytes()
    again = Spooled("records", form, memory=100)
    again.add(rows)
    assert again._spool._file is not None and os.pread(again._spool._file.fileno(), 100, 0) != kept[:100]


@pytest.mark.parametrize("memory", [0, 1 << 20])
def test_rows_come_in_the_order_in_which_they_are_asked_for(memory: int) -> None:
    form = Form.of(SPEC.fields)
    store = Spooled("records", form, memory)
    store.add([np.arange(40).reshape(20, 2), np.zeros((20, 1), np.int64)])
    numbers = np.array([7, 3, 4, 3, 19, 0])
    assert Records(form, store)["x"][numbers].tolist() == [[2 * n, 2 * n + 1] for n in numbers]


def test_a_copy_that_was_cut_short_is_told() -> None:
    form = Form.of(SPEC.fields)
    store = Spooled("part-*.parquet", form, memory=100)
    store.add([np.full((500, 2), 77), np.ones((500, 1), np.int64)])
    assert store._spool._file is not None
    os.ftruncate(store._spool._file.fileno(), 499 * form.width)
    assert len(store.packed(np.arange(499))) == 499
    error = wrong(lambda: store.packed(np.array([3, 499])))
    assert (error.file, error.what) == ("part-*.parquet", "its copy for the run was cut short")


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "gone"))
    store = Spooled("part-*.parquet", Form.of(SPEC.fields), memory=10)
    error = wrong(lambda: store.add([np.zeros((50, 2), np.int64), np.zeros((50, 1), np.int64)]))
    assert error.file == "part-*.parquet" and "no room in" in error.what and "TMPDIR" in error.help
