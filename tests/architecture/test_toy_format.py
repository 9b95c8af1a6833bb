"""A new format of files is one line in a table for reading and one for writing: nothing else knows the formats."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from runtime.data import formats, save
from runtime.data.errors import InputError
from runtime.data.formats import Named, Single, Text
from runtime.data.load import load_dataset, load_tensor
from runtime.data.marks import marks
from runtime.data.specs import DatasetSpec, FieldSpec, Kind, TensorSpec
from runtime.data.text import Line

FEATURE, BIT = Kind(9, 8, True), Kind(1, 0, False)
RECORDS = DatasetSpec("records", (FieldSpec("x", FEATURE, (2,), Fraction(1)), FieldSpec("y", BIT, ())))
WEIGHTS = TensorSpec("w", Kind(16, 10, True), (2, 2))
ROWS = [[0.5, -0.25, 1.0], [0.00390625, 0.0, 0.0]]


def read_words(file: str) -> Iterator[Line]:
    """Words with spaces between them."""
    yield from ((number, line.split()) for number, line in enumerate(Path(file).read_text().splitlines(), 1))


def read_doubles(file: str) -> np.ndarray:
    """Three float64 a record, as they stand in memory."""
    return np.frombuffer(Path(file).read_bytes(), dtype="<f8").reshape(-1, 3)


def read_folder(file: str) -> dict[str, np.ndarray]:
    """A folder of .npy files."""
    return {path.stem: np.load(path) for path in Path(file).iterdir()}


def write_words(file: save.BinaryIO, arrays: save.Arrays) -> None:
    ((member, integers),) = arrays.items()
    rows = integers.reshape(-1, integers.shape[-1])
    name, unit = member.name, 1 << member.kind.fraction
    lines = [[f"{name}_{i}" for i in range(rows.shape[1])], *(map(str, row / unit) for row in rows)]
    file.write("\n".join(" ".join(line) for line in lines).encode())


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The documented steps: a reader and its line in `formats.FORMATS`; a writer and its line in `save.FORMATS`."""
    monkeypatch.setitem(formats.FORMATS, ".words", Text(read_words))
    monkeypatch.setitem(formats.FORMATS, ".f64", Single(read_doubles))
    monkeypatch.setitem(formats.FORMATS, ".arrays", Named(read_folder))
    monkeypatch.setitem(save.FORMATS, ".words", save.Format(write_words, exact=True))


def words(path: Path, rows: list[list[float]]) -> str:
    path.write_text("\n".join(["x0 x1 y", *(" ".join(f"{x:g}" for x in row) for row in rows)]))
    return str(path)


def written(folder: Path) -> list[str]:
    """The same records in the three toy formats and in a .csv."""
    (folder / "records.csv").write_text((Path(words(folder / "records.words", ROWS))).read_text().replace(" ", ","))
    (folder / "records.f64").write_bytes(np.array(ROWS).tobytes())
    (folder / "records.arrays").mkdir()
    np.save(folder / "records.arrays" / "x.npy", np.array(ROWS)[:, :2])
    np.save(folder / "records.arrays" / "y.npy", np.array(ROWS)[:, 2].astype(np.int64))
    return [str(folder / f"records{ending}") for ending in (".words", ".arrays", ".csv")]


def test_a_data_set_is_loaded(tmp_path: Path) -> None:
    for path in written(tmp_path):
        fields = load_dataset(RECORDS, path)
        assert fields["x"].tolist() == [[128, -64], [1, 0]] and fields["y"].tolist() == [1, 0]


def test_a_data_set_is_told_by_its_records_whatever_the_format(tmp_path: Path) -> None:
    found = {marks(path, b"key") for path in [*written(tmp_path), str(tmp_path / "records.f64")]}
    assert len(found) == 1


def test_a_single_array_fills_the_fields(tmp_path: Path) -> None:
    written(tmp_path)
    spec = DatasetSpec("records", (FieldSpec("x", FEATURE, (2,), Fraction(1)), FieldSpec("y", Kind(9, 4, True), ())))
    fields = load_dataset(spec, str(tmp_path / "records.f64"))
    assert fields["x"].tolist() == [[128, -64], [1, 0]] and fields["y"].tolist() == [16, 0]


def test_errors_count_lines_in_a_text_and_records_in_arrays(tmp_path: Path) -> None:
    rows = [ROWS[0], [0.9, 0.9, 1.0]]
    with pytest.raises(InputError, match=r"records\.words, line 3, column \"x\": norm2\(x\) is 1\.27"):
        load_dataset(RECORDS, words(tmp_path / "records.words", rows))
    written(tmp_path)
    np.save(tmp_path / "records.arrays" / "x.npy", np.array(rows)[:, :2])
    with pytest.raises(InputError, match=r"records\.arrays, row 2, column \"x\": norm2\(x\) is 1\.27"):
        load_dataset(RECORDS, str(tmp_path / "records.arrays"))


def test_an_output_is_saved_and_read_back(tmp_path: Path) -> None:
    path = str(tmp_path / "w.words")
    integers = np.array([[1, -2], [3, 1024]], dtype=np.int64)
    save.save(path, {save.Member("w", WEIGHTS.kind, WEIGHTS.shape): integers})
    assert load_tensor(WEIGHTS, path).tolist() == integers.tolist()


def test_the_formats_are_told_where_a_file_has_none_of_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.feather, \.words, \.f64 or \.arrays"):
        load_dataset(RECORDS, str(tmp_path / "records.docx"))
    with pytest.raises(InputError, match=r"\.csv, \.safetensors or \.words"):
        save.save(str(tmp_path / "w.docx"), {save.Member("w", WEIGHTS.kind, (2,)): np.zeros(2, dtype=np.int64)})
