"""A `where` of comparisons: rows that it does not hold for are refused by their place, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.pipeline import compile
from lang.kinds import Comparison, Relation
from lang.source import Source
from runtime.data.errors import InputError
from runtime.data.load import load_dataset
from runtime.data.specs import DatasetSpec, FieldSpec, Kind
from runtime.data.where import broken
from runtime.party.sources import specs

TEXT = """party vendor; party clinic;
param CLASSES = 3;
input w0: fix<12, 8>[2, CLASSES] from vendor;
dataset rows from clinic {
    x: fix<8, 6>[2] where norm2(x) <= 1.5 && x >= -0.5;
    y: uint<2> where 0 <= y && y < CLASSES;
    low: int<4> where low <= high && low != 0;
    high: fix<6, 1>;
}
var w = w0;
dpsgd w on rows(batch = 1, steps = 1, clip = 1.0, noise = 1.0, rate = 8.0) as row {
    loss cross_entropy(row.x @ w, row.y);
}
output w to vendor;
"""
RIGHT: dict[str, list[Any]] = {
    "x": [[0.5, -0.5], [1, 1], [0, 0]],
    "y": [0, 2, 1],
    "low": [-8, 3, 1],
    "high": [-7.5, 3, 1.5],
}


def asked() -> DatasetSpec:
    [spec] = specs(compile(Source("where.ccr", TEXT)), frozenset({"clinic"}))
    assert isinstance(spec, DatasetSpec)
    return spec


def saved(folder: Path, ending: str, columns: Mapping[str, list[Any]]) -> str:
    path = folder / f"rows.{ending}"
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    if ending == "npz":
        np.savez(path, **arrays)  # type: ignore[arg-type]  # NumPy's stub takes `allow_pickle` for one of them
    else:
        table = np.column_stack([a.reshape(len(a), -1) for a in arrays.values()])
        lines = ["x[0],x[1],y,low,high", "", *(",".join(f"{v:g}" for v in row) for row in table)]
        path.write_text("\n".join(lines) + "\n")
    return str(path)


@pytest.mark.parametrize("ending", ["csv", "npz"])
def test_rows_of_which_it_holds_are_read(ending: str, tmp_path: Path) -> None:
    loaded = load_dataset(asked(), saved(tmp_path, ending, dict(RIGHT)))
    assert loaded["y"].tolist() == [0, 2, 1] and loaded["high"].tolist() == [-15, 6, 3]


@pytest.mark.parametrize("ending", ["csv", "npz"])
@pytest.mark.parametrize(
    ("field", "row", "value", "column", "said"),
    [
        ("y", 1, 3, "y", "`y` is 3, and the data set's `where` says `y < 3`"),
        ("x", 2, [0, -0.53125], "x[1]", "`x` is -0.53125, and the data set's `where` says `x >= -0.5`"),
        ("low", 0, -7, "low", "`low` is -7 and `high` is -7.5, and the data set's `where` says `low <= high`"),
        ("low", 2, 0, "low", "`low` is 0, and the data set's `where` says `low != 0`"),
    ],
)
def test_the_first_other_row_is_refused_by_its_place(
    ending: str, field: str, row: int, value: object, column: str, said: str, tmp_path: Path
) -> None:
    columns = {name: [*values] for name, values in RIGHT.items()}
    columns[field][row] = value
    with pytest.raises(InputError) as caught:
        load_dataset(asked(), saved(tmp_path, ending, columns))
    assert (caught.value.what, caught.value.column) == (said, column)
    line = ("line", row + 3) if ending == "csv" else ("row", row + 1)  # a header, and a blank line
    assert (caught.value.counted, caught.value.row) == line


@given(
    st.sampled_from(Relation), st.integers(0, 3), st.integers(0, 3), st.integers(-99, 99), st.integers(1, 9), st.data()
)
def test_it_holds_where_the_numbers_are_so_related(
    relation: Relation, left: int, right: int, numerator: int, denominator: int, data: st.DataObject
) -> None:
    number, kinds = Fraction(numerator, denominator), [Kind(8, left, True), Kind(8, right, True)]
    a, b = (np.array([[data.draw(st.integers(-128, 127))]]) for _ in kinds)
    values = {"a": Fraction(int(a[0, 0]), 1 << left), "b": Fraction(int(b[0, 0]), 1 << right)}
    for other in ("", "b"):
        fields = [FieldSpec("a", kinds[0], (), None, (Comparison("a", relation, other, number),))]
        fields.append(FieldSpec("b", kinds[1], ()))
        holds = not list(broken(fields, [a, b]))
        compared = values["a"], values["b"] if other else number
        assert holds == eval(f"x {relation.value} y", {}, dict(zip("xy", compared, strict=True)))
