"""ccr from Python: what goes in, and what is said of what does not fit."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import floor
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import strategies as st
from support.command import ROOT, TUMOUR
from support.python_programs import ROWS, small

import ccr
from ccr.inputs import given
from runtime.data.load import load_dataset, load_tensor
from runtime.data.marks import marks
from runtime.data.specs import DatasetSpec, TensorSpec
from runtime.party.sources import specs

BASE, RECORDS = ROOT / "examples" / "tumour" / "base.npz", ROOT / "examples" / "tumour" / "records.csv"


def loaded(program: ccr.Program, **inputs: object) -> dict[str, Any]:
    """The inputs as grid integers."""
    compiled = program.built.compiled
    brought, found = given(compiled, inputs, {}), dict[str, Any]()
    for spec in specs(compiled, frozenset(compiled.parties)):
        match spec:
            case TensorSpec():
                found[spec.name] = load_tensor(spec, brought[spec.name]).tolist()
            case DatasetSpec():
                found[spec.name] = {f: v.tolist() for f, v in load_dataset(spec, brought[spec.name]).items()}
    return found


X = ROWS[["x0", "x1"]].to_numpy()


@pytest.mark.parametrize(
    "records",
    [
        ROWS,
        pa.table(ROWS),
        ROWS.astype({"y": bool}),
        ROWS.astype({"y": "Int8", "x0": "float32"}).astype({"x0": "float64"}).assign(x0=ROWS["x0"]),
        ROWS.assign(x0=[Decimal("0.5"), -0.25, "0.2"]),
        {"x": X, "y": ROWS["y"]},
        {"x": X.tolist(), "y": (True, False, True)},
        np.column_stack([X, ROWS["y"]]),
        np.array([(*x, y) for x, y in zip(X, ROWS["y"], strict=True)], [("x0", "f8"), ("x1", "f8"), ("y", "u1")]),
    ],
    ids=["pandas", "arrow", "bool", "nullable", "objects", "arrays", "lists", "matrix", "structured"],
)
def test_records_of_every_sort(records: object) -> None:
    found = loaded(small(), records=records, w0=[0, 1], level=1)["records"]
    assert found == {"x": [[512, 256], [-256, 512], [205, 102]], "y": [1, 0, 1]}


@pytest.mark.parametrize("w0", [[0.5, -1], (Fraction(1, 2), -1), np.array([0.5, -1], np.float16), ["0.5", "-1"]])
def test_arrays_of_every_sort(w0: object) -> None:
    assert loaded(small(), records=ROWS, w0=w0, level=1)["w0"] == [128, -256]
    assert loaded(small(), records=ROWS, w0=pd.Series([0.5, -1.0]), level=1)["w0"] == [128, -256]
    assert loaded(small(), records=ROWS, w0=pd.DataFrame({"any": [0.5, -1.0]}), level=1)["w0"] == [128, -256]


@pytest.mark.parametrize("level", [3, 3.0, "3", Decimal(3), np.int64(3), np.array(3), pd.Series([3]).iloc[0]])
def test_scalars_of_every_sort(level: object) -> None:
    assert loaded(small(), records=ROWS, w0=[0, 0], level=level)["level"] == 3


def test_values_go_to_the_nearest_point_of_the_grid_half_up() -> None:
    w0 = [1.5 / 256, -1.5 / 256]
    assert loaded(small(), records=ROWS, w0=w0, level=1)["w0"] == [2, -1]
    assert loaded(small(), records=ROWS, w0=[np.nextafter(v, -9) for v in w0], level=1)["w0"] == [1, -2]


@cache
def echo(bits: int, fraction: int) -> ccr.Program:
    return ccr.compile(f"party a; party b; input x: fix<{bits}, {fraction}>[3] from a; output reveal(x) to b;")


@hypothesis.settings(max_examples=60)
@hypothesis.given(st.data(), st.sampled_from([(9, 8), (40, 20), (70, 30)]), st.sampled_from([16, 32, 64]))
def test_any_floats_come_back_as_the_nearest_points(data: st.DataObject, kind: tuple[int, int], width: Any) -> None:
    bits, fraction = kind
    most = min(2.0 ** (bits - fraction - 2), 2.0**14)
    values = data.draw(st.lists(st.floats(-most, most, width=width), min_size=3, max_size=3))
    given = np.array(values, f"f{width // 8}") if data.draw(st.booleans()) else values
    found = echo(*kind).simulate(x=given, raw=True)["x"]
    assert found.tolist() == [floor(Fraction(v) * 2**fraction + Fraction(1, 2)) for v in values]
    if bits <= 53:
        assert (echo(*kind).simulate(x=given)["x"] * 2.0**fraction).tolist() == found.tolist()


def test_the_ledger_would_know_a_frame_as_its_file(tmp_path: Path) -> None:
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    brought = given(small().built.compiled, {"records": ROWS, "w0": 0, "level": 0}, {})["records"]
    assert marks(brought, b"key") == marks(str(tmp_path / "rows.csv"), b"key")


def test_paths_are_as_on_the_command_line() -> None:
    program = ccr.compile(TUMOUR, STEPS=1)
    frame, (weights,) = pd.read_csv(RECORDS), np.load(BASE).values()
    by_path = program.simulate(w0=BASE, records=str(RECORDS), seed=4)
    in_memory = program.simulate({"w0": weights}, records=frame, seed=4)
    assert np.array_equal(by_path["w"], in_memory["w"])
    assert np.array_equal(program.simulate(w0=f"{BASE}:w0", records=RECORDS, seed=4)["w"], by_path["w"])


WRONG: dict[str, tuple[dict[str, object], str]] = {
    "missing": (
        {},
        r"^the input `w0` is missing: fix<16, 8>\[2\] from vendor\n  = help: give it by its name: w0=\.\.\.$",
    ),
    "unknown": ({"record": ROWS}, r"record: the program has no input `record`\n.*did you mean `records`\?"),
    "shape": ({"w0": [1.0]}, r"w0 \(list\): it has shape \[1\] where the program needs \[2\]"),
    "axes": ({"w0": [[1.0, 2.0]]}, r"it has shape \[1, 2\].*\n.*\.reshape\(2\)"),
    "ragged": ({"w0": [[1], [2, 3]]}, r"w0 \(list\): it is not an array of numbers: .*inhomogeneous"),
    "range": ({"w0": [128, 0]}, r'w0 \(list\), column "w0\[0\]": 128 is out of range of `fix<16, 8>`'),
    "nan": ({"w0": [np.nan, 0]}, r'column "w0\[0\]": nan is not a finite number\n  = help: give a number there$'),
    "nan of a record": (
        {"records": ROWS.assign(x0=[0.5, np.nan, 0])},
        r"nan is not a finite number\n  = help: drop the record or fill the gap with a number",
    ),
    "dtype": ({"w0": np.array([1j, 0])}, r"`w0` has dtype complex128"),
    "no number": ({"w0": [object(), 1]}, r"`<object object at 0x.*` is not a number"),
    "masked": ({"w0": np.ma.masked_less([1.0, -1.0], 0)}, r"w0 \(MaskedArray\): some of its values are masked"),
    "fraction": ({"level": 2.5}, r"level \(float\), .*2.5 is no integer, as `uint<4>` needs"),
    "text": ({"level": "high"}, r"level=high: `high` is not a number"),
    "gap": (
        {"records": ROWS.assign(y=[1, pd.NA, 0])},
        r'row 2, column "y": the cell is empty',
    ),
    "column": ({"records": ROWS.drop(columns="y")}, r"records \(DataFrame\): there is no column for `y`"),
    "twice": ({"records": pd.concat([ROWS, ROWS["y"]], axis=1)}, r"more than one column is called `y`"),
    "rows": ({"records": {"x": X, "y": [1, 0]}}, r"different numbers of rows: `x` 3, `y` 2"),
    "norm": ({"records": ROWS.assign(x0=1.5)}, r'row 1, column "x": norm2\(x\) is .*above the bound 1'),
    "few": ({"records": ROWS[:1]}, r"records \(DataFrame\): its records are fewer than one batch of 2"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_does_not_fit(wrong: str) -> None:
    inputs, said = WRONG[wrong]
    whole = {"w0": [0.5, 0.5], "level": 1, "records": ROWS} | inputs if inputs else {}
    with pytest.raises(ccr.InputError, match=said):
        small().simulate(whole)


def test_what_is_given_twice() -> None:
    with pytest.raises(ccr.InputError, match="`level` is given twice"):
        small().simulate({"level": 1}, level=1, w0=[0, 0], records=ROWS)


def test_columns_are_said_as_python_writes_them() -> None:
    renamed = ROWS.rename(columns={"y": "label", "x0": "a", "x1": "b"})
    inputs = {"w0": [0.5, 0.5], "level": 1, "records": renamed}
    columns = {"y": "label", "x": ["a", "b"]}
    found = small().simulate(inputs, seed=1, columns=columns)["w"]
    assert np.array_equal(found, small().simulate(inputs | {"records": ROWS}, seed=1)["w"])
    with pytest.raises(ccr.InputError, match=r"name it so, or list what is meant: columns=\{\"y\": \.\.\.\}$"):
        small().simulate(inputs, columns={"x": ["a", "b"]})
    with pytest.raises(ccr.InputError, match=r"columns=\{\"y\": \.\.\.\}: there is no column `labels`"):
        small().simulate(inputs, columns={"y": "labels", "x": ["a", "b"]})
