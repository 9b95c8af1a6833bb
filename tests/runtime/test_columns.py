"""Which columns fill which field: by name or by a list, never by position where there are names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.data.errors import InputError
from runtime.data.load import known_columns, load_dataset, load_tensor
from runtime.data.specs import DatasetSpec, FieldSpec, Kind, TensorSpec

FEATURE, BIT, BYTE = Kind(9, 8, True), Kind(1, 0, False), Kind(8, 0, False)
RECORDS = DatasetSpec("records", (FieldSpec("x", FEATURE, (2,)), FieldSpec("y", BIT, ())))
IMAGES = DatasetSpec("images", (FieldSpec("image", BYTE, (2, 3)),))


def written(folder: Path, header: str, *rows: str) -> str:
    path = folder / "records.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return str(path)


def wrong(spec: DatasetSpec, path: str, **columns: list[str]) -> InputError:
    with pytest.raises(InputError) as caught:
        load_dataset(spec, path, columns)
    assert caught.value.help
    return caught.value


@pytest.mark.parametrize("names", ["x[0] x[1]", "x0 x1", "x_0 x_1", "x.0 x.1", "x00 x01", "x_00 x_01"])
def test_what_elements_are_called(tmp_path: Path, names: str) -> None:
    first, second = names.split()
    fields = load_dataset(RECORDS, written(tmp_path, f"y,{second},id,{first}", "1,0.25,7,0.5"))
    assert fields["x"].tolist() == [[128, 64]] and fields["y"].tolist() == [1]


@pytest.mark.parametrize("name", ['"image[{}, {}]"', "image[{}][{}]", "image_{}_{}", "image.{}.{}"])
def test_what_elements_of_an_image_are_called(tmp_path: Path, name: str) -> None:
    places = [(i, j) for j in range(3) for i in range(2)]
    path = written(tmp_path, ",".join(name.format(*at) for at in places), ",".join(f"{3 * i + j}" for i, j in places))
    assert load_dataset(IMAGES, path)["image"].tolist() == [[[0, 1, 2], [3, 4, 5]]]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(["x0", "x1", "y", "id", "name"]))
def test_the_order_of_columns_makes_no_difference(tmp_path: Path, order: list[str]) -> None:
    row = {"x0": "0.5", "x1": "-0.25", "y": "1", "id": "7", "name": "Ada"}
    fields = load_dataset(RECORDS, written(tmp_path, ",".join(order), ",".join(row[name] for name in order)))
    assert fields["x"].tolist() == [[128, -64]] and fields["y"].tolist() == [1]


@pytest.mark.parametrize(
    ("header", "what", "help"),
    [
        ("a,b,c", "there is no column for `x`", "--columns x=a,b --columns y=c, if they stand in the order"),
        ("a,b,y", "there is no column for `x`", "--columns x=a,b, if they stand in the order of the program"),
        ("X0,X1,Y", "there is no column for `x`", "--columns x=X0,X1 --columns y=Y"),
        ("x0,x1,Y,z", "there is no column for `y`: `y`", "--columns y=Y"),
        ("x1,x2,y", "`x` has no column `x[0]`", "--columns x=x1..x2 (they are counted from 1 there)"),
        ("x1,x2,id,y", "`x` has no column `x[0]`", "--columns x=x1..x2 (they are counted from 1 there)"),
        ("x0,z,y,id", "`x` has no column `x[1]`", "--columns 'x=a,b,c or a..c'"),
        ("x0,x1,y,y", "`y` has 2 columns for one element: column 3 `y` and column 4 `y`", "rename all but one"),
        ("x0,x1,x[1],y", "`x` has 2 columns for one element: column 2 `x1` and column 3 `x[1]`", "rename all but one"),
    ],
)
def test_names_that_do_not_fit_are_not_passed_over(tmp_path: Path, header: str, what: str, help: str) -> None:
    """Never by position: what was found is shown, and what to type."""
    path = written(tmp_path, header, ",".join("1" for _ in header.split(",")))
    error = wrong(RECORDS, path)
    assert error.what.startswith(what) and help in error.help and error.file == path
    assert "\n  x: fix<9, 8>[2] <- " in error.what and "\n  y: bit <- " in error.what


def test_what_is_found_is_shown(tmp_path: Path) -> None:
    error = wrong(RECORDS, written(tmp_path, "x0,x1,age,id,id", "0,0,1,2,3"))
    assert error.what.splitlines()[1:] == [
        "  x: fix<9, 8>[2] <- `x0`, `x1`",
        "  y: bit <- ?",
        "  not read: `age`, `id`, `id`",
        "  more than one column is called `id`; none of these is read",
    ]


def test_duplicates_that_nobody_reads_do_no_harm(tmp_path: Path) -> None:
    fields = load_dataset(RECORDS, written(tmp_path, "id,x0,id,x1,y", "a,0.5,b,0.25,1"))
    assert fields["x"].tolist() == [[128, 64]]


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        (["a", "c"], [128, 32]),
        (["c", "a"], [32, 128]),
        (["a..b"], [128, 64]),
        (["b..c"], [64, 32]),
        ([" c ", "b"], [32, 64]),
    ],
)
def test_a_list_of_columns(tmp_path: Path, listed: list[str], found: list[int]) -> None:
    path = written(tmp_path, "a,b,c,y", "0.5,0.25,0.125,1")
    for name in ("x", "records.x"):
        assert load_dataset(RECORDS, path, {name: listed})["x"].tolist() == [found]


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        (["a"], "it lists 1 where `x` has 2 elements"),
        (["a..c"], "it lists 3 where `x` has 2 elements"),
        (["a", "a"], "it lists `a` twice"),
        (["a", "d"], "there is no column `d`; it has `a`, `b`, `c`, `y`, `z`, `z`"),
        (["a..d"], "there is no column `d`; it has `a`, `b`, `c`, `y`, `z`, `z`"),
        (["c..a"], "`a` stands before `c` in the file"),
        (["a", "z"], "`z` stands in the file 2 times"),
    ],
)
def test_a_list_that_cannot_be(tmp_path: Path, listed: list[str], said: str) -> None:
    error = wrong(RECORDS, written(tmp_path, "a,b,c,y,z,z", "0,0,0,1,0,0"), x=listed)
    assert error.what == f"--columns x=...: {said}" and "in the order of its elements" in error.help


def test_fields_whose_names_run_into_each_other(tmp_path: Path) -> None:
    """`x1` is the field of that name, not the element of `x`; `x_10` may be either, which is asked for."""
    spec = DatasetSpec("r", (FieldSpec("x", BYTE, (2,)), FieldSpec("x1", BYTE, ())))
    fields = load_dataset(spec, written(tmp_path, "x1,x[0],x[1]", "1,2,3"))
    assert fields["x"].tolist() == [[2, 3]] and fields["x1"].tolist() == [1]
    assert wrong(spec, written(tmp_path, "x0,x1,x2", "1,2,3")).what.startswith("`x` has no column `x[1]`")
    names = [f"x_{i}" for i in range(11)]
    spec = DatasetSpec("r", (FieldSpec("x", BYTE, (11,)), FieldSpec("x_1", BYTE, (1,))))
    error = wrong(spec, written(tmp_path, ",".join(names), ",".join("1" * 11)))
    assert "`x` has no column `x[1]`" in error.what  # `x_1` is the other field
    spec = DatasetSpec("r", (FieldSpec("x", BYTE, (11,)), FieldSpec("x_1", BYTE, (1, 1))))
    error = wrong(spec, written(tmp_path, ",".join([*names, "x_1_0_0"]), ",".join("1" * 12)))
    assert "`x` has no column `x[1]`" in error.what
    spec = DatasetSpec("r", (FieldSpec("x", BYTE, (11,)), FieldSpec("x1", BYTE, (2,))))
    error = wrong(spec, written(tmp_path, ",".join([f"x{i}" for i in range(12)]), ",".join("1" * 12)))
    assert "the column `x10` may be an element of `x` or of `x1`" in error.what and "--columns" in error.help


def test_one_column_may_have_any_name(tmp_path: Path) -> None:
    bids = TensorSpec("mine", BYTE, (3,))
    assert load_tensor(bids, written(tmp_path, "bid", "1", "2", "3")).tolist() == [1, 2, 3]
    with pytest.raises(InputError, match="there is no column for `mine`"):
        load_tensor(bids, written(tmp_path, "lot,bid", "0,1", "1,2", "2,3"))
    path = written(tmp_path, "lot,bid", "0,1", "1,2", "2,3")
    assert load_tensor(bids, path, {"mine": ["bid"]}).tolist() == [1, 2, 3]


def test_an_output_saved_as_text_is_an_input_of_another_name(tmp_path: Path) -> None:
    """`w[0]`, `w[1]` and nothing else are one array, and fill `w0`."""
    weights = TensorSpec("w0", BYTE, (2, 2))
    assert load_tensor(weights, written(tmp_path, "w[0],w[1]", "1,2", "3,4")).tolist() == [[1, 2], [3, 4]]
    assert load_tensor(weights, written(tmp_path, "w1,w0", "1,2", "3,4")).tolist() == [[2, 1], [4, 3]]
    for header in ("w[0],v[1]", "w[1],w[2]", "a,b", "w0,w0"):
        with pytest.raises(InputError, match=r"there is no column for `w0`|`w0` has"):
            load_tensor(weights, written(tmp_path, header, "1,2", "3,4"))


def test_a_table_without_names_is_taken_in_order_or_by_numbers(tmp_path: Path) -> None:
    path = str(tmp_path / "r.npy")
    np.save(path, np.array([[0.5, 0.25, 1.0], [0.125, 0.0, 0.0]]))
    assert load_dataset(RECORDS, path)["x"].tolist() == [[128, 64], [32, 0]]
    fields = load_dataset(RECORDS, path, {"x": ["1", "0"], "y": ["2"]})
    assert fields["x"].tolist() == [[64, 128], [0, 32]] and fields["y"].tolist() == [1, 0]
    np.save(path, np.zeros((2, 4)))
    error = wrong(RECORDS, path)
    assert error.what == "4 columns where the program needs 3 (`x` 2, `y` 1), and they have no names"
    assert "by their numbers from 0" in error.help


def test_columns_of_what_is_not_there() -> None:
    other = DatasetSpec("more", (FieldSpec("x", FEATURE, ()),))
    known_columns([RECORDS, other], {"y": ["a"], "records.x": ["a"]})
    with pytest.raises(InputError, match="no data set has a field `z`, and no input is called so"):
        known_columns([RECORDS], {"z": ["a"]})
    with pytest.raises(InputError, match=r"more than one data set or input has a `x`[^$]*write records\.x or more\.x"):
        known_columns([RECORDS, other], {"x": ["a"]})
