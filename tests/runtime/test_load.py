"""Inputs from files: what is read, and each way to be refused with a place and a remedy."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from runtime.data.errors import InputError
from runtime.data.load import load_dataset, load_inputs, load_tensor
from runtime.data.specs import DatasetSpec, FieldSpec, Kind, TensorSpec

FEATURE, BIT, UINT = Kind(9, 8, True), Kind(1, 0, False), Kind(32, 0, False)
RECORDS = DatasetSpec("records", (FieldSpec("x", FEATURE, (2,), Fraction(1)), FieldSpec("y", BIT, ())))
WEIGHTS = TensorSpec("w0", Kind(16, 10, True), (3,))
GOOD = "x0,x1,y\n0.5,-0.25,1\n0.0039,0,0\n"


def refused(spec: DatasetSpec | TensorSpec, value: Path | str) -> InputError:
    with pytest.raises(InputError) as caught:
        load_inputs([spec], {spec.name: str(value)})
    error = caught.value
    assert error.what and error.help and "= help: " in str(error)
    return error


def csv(folder: Path, text: str | bytes, name: str = "records.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("text", [GOOD, "\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), GOOD + "\n\n", GOOD[:-1]])
def test_a_csv_fills_the_fields(tmp_path: Path, text: str) -> None:
    fields = load_dataset(RECORDS, str(csv(tmp_path, text)))
    assert fields["x"].tolist() == [[128, -64], [1, 0]] and fields["y"].tolist() == [1, 0]
    assert all(field.dtype == np.int64 for field in fields.values())


@pytest.mark.parametrize(
    "text",
    [
        "x[0],x[1],y\n0.5,-0.25,1\n0.0039,0,0\n",
        "y,x[1],x[0]\n1,-0.25,0.5\n0,0,0.0039\n",  # in another order
        "id, y ,x[1],age,x[0]\n7,1,-0.25,99,0.5\n8,0,0,12,0.0039\n",  # of a wider table
    ],
)
def test_columns_are_found_by_the_names_of_fields(tmp_path: Path, text: str) -> None:
    fields = load_dataset(RECORDS, str(csv(tmp_path, text)))
    assert fields["x"].tolist() == [[128, -64], [1, 0]] and fields["y"].tolist() == [1, 0]


def test_a_place_in_a_wider_table_is_called_by_its_name(tmp_path: Path) -> None:
    error = refused(RECORDS, csv(tmp_path, "y,age,x[1],x[0]\n1,3,0,0\n1,3,7,0\n"))
    assert (error.row, error.column) == (3, "x[1]")


def test_named_axes_are_in_the_order_of_the_array(tmp_path: Path) -> None:
    spec = DatasetSpec("d", (FieldSpec("image", UINT, (2, 2)),))
    rows = load_dataset(spec, str(csv(tmp_path, '"image[1, 1]","image[0, 0]","image[1, 0]","image[0, 1]"\n4,1,3,2\n')))
    assert rows["image"].tolist() == [[[1, 2], [3, 4]]]


def test_fields_keep_their_shapes(tmp_path: Path) -> None:
    spec = DatasetSpec("d", (FieldSpec("image", UINT, (2, 2)),))
    header = "image_0_0,image_0_1,image_1_0,image_1_1"
    rows = load_dataset(spec, str(csv(tmp_path, f"{header}\n1,2,3,4\n5,6,7,8\n")))
    assert rows["image"].tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]


@pytest.mark.parametrize(
    ("text", "row", "column", "said"),
    [
        ("x0,x1,y\n0.5,abc,1\n", 2, "x1", "`abc` is not a number"),
        ("x0,x1,y\n0.5,0,1\n0.5,nan,1\n", 3, "x1", "not a finite number"),
        ("x0,x1,y\n0.5,0,1\n\n0.5,1.5,1\n", 4, "x1", "1.5 is out of range of `fix<9, 8>`"),
        ("x0,x1,y\n0.5,0,2\n", 2, "y", "2 is out of range of `bit`, which holds 0 to 1"),
        ("x0,x1,y\n0.5,0,0.5\n", 2, "y", "0.5 is no integer"),
        ("x0,x1,y\n0.5,,1\n", 2, "x1", "the cell is empty"),
        ("x0,x1,y\n0.9,0.9,1\n", 2, "x", "norm2(x) is 1.27058"),
        ("x0,x1,y\n0.5,0,1\n0.5,0\n", 3, None, "2 cells where the header has 3"),
        ("x0,x1,y\n0.5,0,1,1\n", 2, None, "4 cells where the header has 3"),
        ("x0,y\n0.5,1\n", None, None, "`x` has no column `x[1]`"),
        ("0.1,0.2,1\n0.5,0,1\n", 1, None, "all numbers"),
        ("x0,x1,y\n", None, None, "no rows"),
        ("", None, None, "empty"),
        (b"x0,x1,y\n\xff\xfe,0,1\n", 2, None, "the byte 0xff is not UTF-8"),
        ('x0,x1,y\n"0.5"x,0,1\n', 2, None, "not a CSV text"),
    ],
)
def test_a_bad_csv(tmp_path: Path, text: str | bytes, row: int | None, column: str | None, said: str) -> None:
    path = csv(tmp_path, text)
    error = refused(RECORDS, path)
    assert (error.file, error.row, error.column) == (str(path), row, column)
    assert said in error.what


def test_a_place_reads_well(tmp_path: Path) -> None:
    path = csv(tmp_path, "x0,x1,y\n0.5,abc,1\n")
    assert str(refused(RECORDS, path)).startswith(f'{path}, line 2, column "x1": `abc` is not a number\n')


def test_a_bad_row_far_below(tmp_path: Path) -> None:
    """Beyond the first chunk of rows the line is still the file's."""
    path = csv(tmp_path, "x0,x1,y\n" + "0.5,0,1\n" * 9000 + "0.5,oops,1\n")
    assert refused(RECORDS, path).row == 9002


def test_the_norm_is_taken_after_rounding(tmp_path: Path) -> None:
    """0.7088 rounds to 181/256: two of them stay below 1, though 0.7088 sqrt(2) does not; 0.7091 rounds to 182."""
    fields = load_dataset(RECORDS, str(csv(tmp_path, "x0,x1,y\n0.7088,0.7088,1\n")))
    assert fields["x"].tolist() == [[181, 181]]
    assert "after rounding" in refused(RECORDS, csv(tmp_path, "x0,x1,y\n0.7091,0.7091,1\n")).what


@pytest.mark.parametrize("name", ["none.csv", "none.npy", "none.npz", "none.safetensors"])
def test_a_missing_file(tmp_path: Path, name: str) -> None:
    assert "no such file" in refused(RECORDS, tmp_path / name).what


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "d.csv").mkdir()
    assert "cannot be read" in refused(RECORDS, tmp_path / "d.csv").what


@pytest.mark.parametrize("spec", [RECORDS, WEIGHTS])
def test_an_unknown_ending(tmp_path: Path, spec: DatasetSpec | TensorSpec) -> None:
    assert ".csv, .tsv, .npy, .npz" in refused(spec, csv(tmp_path, GOOD, "records.xlsx")).help


def npz(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "in.npz", **arrays)
    return folder / "in.npz"


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int8, np.uint64, bool])
def test_types_that_a_tensor_may_have(tmp_path: Path, dtype: type) -> None:
    path = npz(tmp_path, w0=np.array([0, 1, 1], dtype=dtype))
    assert load_tensor(WEIGHTS, str(path)).tolist() == [0, 1024, 1024]


def test_where_a_tensor_may_come_from(tmp_path: Path) -> None:
    values = np.array([0.5, -32, 0.00048828125])  # the last is half a grid unit: up
    np.save(tmp_path / "w.npy", values)
    safetensors.numpy.save_file({"w0": values, "other": values[:1]}, tmp_path / "w.safetensors")
    files = [
        npz(tmp_path, w0=values, other=values[:1]),
        tmp_path / "w.npy",
        tmp_path / "w.safetensors",
        csv(tmp_path, "w\n0.5\n-32\n0.00048828125\n", "w.csv"),
    ]
    for file in files:
        assert load_tensor(WEIGHTS, str(file)).tolist() == [512, -32768, 1]
    assert load_tensor(WEIGHTS, str(npz(tmp_path, alone=values))).tolist() == [512, -32768, 1]


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros(4), "shape [4] where the program needs [3]"),
        (np.zeros((3, 1)), "shape [3, 1] where the program needs [3]"),
        (np.array(["a", "b", "c"]), "`a` is not a number"),
        (np.zeros(3, complex), "dtype complex128"),
        (np.array([1, 2, None]), "never unpickled"),
        (np.array([0, np.nan, 0]), "nan is not a finite number"),
        (np.array([0, 0, 32.0]), "32.0 is out of range of `fix<16, 10>`, which holds -32 to 31.9990234375"),
        (np.array([0, 0, 2**64 - 1], np.uint64), "out of range"),
    ],
)
def test_a_bad_tensor(tmp_path: Path, array: Any, said: str) -> None:
    assert said in refused(WEIGHTS, npz(tmp_path, w0=array)).what


def test_an_element_is_named(tmp_path: Path) -> None:
    assert refused(WEIGHTS, npz(tmp_path, w0=np.array([0, np.inf, 0]))).column == "w0[1]"


def test_integers_may_come_as_floats_that_are_whole(tmp_path: Path) -> None:
    spec = TensorSpec("a", UINT, (3,))
    assert load_tensor(spec, str(npz(tmp_path, a=np.array([1.0, 0.0, 2.0**32 - 1])))).tolist() == [1, 0, 2**32 - 1]
    error = refused(spec, npz(tmp_path, a=np.array([1.0, 0.5, 2.0**32])))
    assert error.column == "a[1]" and "0.5 is no integer, as `uint<32>` needs" in error.what
    assert 'column "a[2]": 4294967296.0 is out of range' in error.what and "2 cells cannot be used" in error.what


def test_a_name_that_is_not_there(tmp_path: Path) -> None:
    error = refused(WEIGHTS, npz(tmp_path, a=np.zeros(3), b=np.zeros(3)))
    assert error.what == "there is no array `w0`; it holds `a` [3], `b` [3]"


@pytest.mark.parametrize("name", ["w.npz", "w.npy", "w.safetensors"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04rubbish", b"\x93NUMPY\x01\x00rubbish", b"plain text"])
def test_a_file_that_is_something_else(tmp_path: Path, name: str, content: bytes) -> None:
    assert "this is no" in refused(WEIGHTS, csv(tmp_path, content, name)).what


def test_a_dataset_from_arrays(tmp_path: Path) -> None:
    x, y = np.array([[0.5, -0.25], [0.0039, 0]]), np.array([1, 0])
    np.save(tmp_path / "r.npy", x)
    whole = DatasetSpec("r", (FieldSpec("x", FEATURE, (1,)), FieldSpec("z", FEATURE, ())))
    fields = load_dataset(RECORDS, str(npz(tmp_path, x=x, y=y)))
    assert fields["x"].tolist() == [[128, -64], [1, 0]] and fields["y"].tolist() == [1, 0]
    fields = load_dataset(whole, str(tmp_path / "r.npy"))
    assert fields["x"].tolist() == [[128], [1]] and fields["z"].tolist() == [-64, 0]


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x": np.zeros((2, 2))}, "there is no array for `y`"),
        ({"x": np.zeros((2, 2)), "y": np.zeros(3, int)}, "different numbers of rows: `x` 2, `y` 3"),
        ({"x": np.zeros((2, 3)), "y": np.zeros(2, int)}, "shape [2, 3] where the program needs [n, 2]"),
        ({"x": np.zeros((0, 2)), "y": np.zeros(0, int)}, "no rows"),
        ({"x": np.zeros(()), "y": np.zeros((), int)}, "shape [] where the program needs [n, 2]"),
    ],
)
def test_a_bad_dataset_of_arrays(tmp_path: Path, arrays: dict[str, Any], said: str) -> None:
    assert said in refused(RECORDS, npz(tmp_path, **arrays)).what


def test_places_in_a_dataset_of_arrays(tmp_path: Path) -> None:
    x = np.zeros((3, 2))
    x[2, 1] = np.nan
    error = refused(RECORDS, npz(tmp_path, x=x, y=np.zeros(3, int)))
    assert (error.row, error.column) == (3, "x[1]") and ', row 3, column "x[1]"' in str(error)
    x[2] = 0.9
    error = refused(RECORDS, npz(tmp_path, x=x, y=np.zeros(3, int)))
    assert error.row == 3 and "above the bound 1" in error.what


@pytest.mark.parametrize(("kind", "text", "value"), [(UINT, "5", 5), (FEATURE, "-.5", -128), (UINT, "4e3", 4000)])
def test_a_literal(kind: Kind, text: str, value: int) -> None:
    loaded = load_tensor(TensorSpec("a", kind, ()), text)
    assert loaded.shape == () and int(loaded) == value


@pytest.mark.parametrize(("text", "said"), [("five", "not a number"), ("-1", "out of range"), ("1.5", "no integer")])
def test_a_bad_literal(text: str, said: str) -> None:
    error = refused(TensorSpec("a", UINT, ()), text)
    assert said in error.what and error.file == f"a={text}"


def test_inputs_are_matched_by_name() -> None:
    spec = TensorSpec("a", UINT, ())
    assert {k: int(v) for k, v in load_inputs([spec], {"a": "7"}).items() if not isinstance(v, dict)} == {"a": 7}
    with pytest.raises(InputError, match="no input `b`"):
        load_inputs([spec], {"a": "7", "b": "8"})
    with pytest.raises(InputError, match=r"^the input `a` is missing"):
        load_inputs([spec], {})
