"""`check`: what is planted is found and nothing else; k and l against counts by hand; what each rule means."""

from __future__ import annotations

import time
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.contracts import SOURCE
from support.planted import RULES, plant

from runtime import api
from runtime.data.deidentify import rules as reading
from runtime.data.deidentify.check import Checked, check
from runtime.data.deidentify.outliers import outliers
from runtime.data.deidentify.persons import Persons
from runtime.data.deidentify.rules import Rules
from runtime.data.errors import InputError
from runtime.data.load import mapped, records_table
from runtime.data.specs import DatasetSpec, FieldSpec, Kind
from runtime.data.table import Column, Part, Table
from runtime.data.tables import open_table
from runtime.party.sources import specs

Cells = list[list[str]]


def table_of(columns: dict[str, list[str]]) -> Table:
    """As a file of text has it."""
    cells = list(columns.values())
    rows = range(2, 2 + len(cells[0]))
    part = Part(rows, dict(enumerate(cells)))
    return Table("t.csv", "text", tuple(Column(n, i) for i, n in enumerate(columns)), lambda _: iter([part]))


def rules(**keys: Any) -> Rules:
    return reading.read({key.replace("_", "-"): value for key, value in keys.items()}, "policy.toml")


def failing(checked: Checked) -> dict[tuple[str, str, tuple[str, ...]], tuple[int, tuple[int, ...]]]:
    return {(f.check, f.what, f.columns): (f.count, f.rows) for f in checked.findings if f.fails}


def all_planted_is_found(path: Path, rows: int) -> None:
    planted = plant(path, rows)
    found = failing(check(open_table(str(path)), reading.read(RULES, "policy.toml")))
    assert found == {key: (len(of), tuple(sorted(of)[:10])) for key, of in planted.found.items()}


def test_all_that_is_planted_is_found_and_nothing_else(tmp_path: Path) -> None:
    all_planted_is_found(tmp_path / "planted.csv", 600)


def test_numbers_and_days_of_a_parquet_file_are_what_they_are_in_a_text(tmp_path: Path) -> None:
    plant(tmp_path / "a.csv", 600)
    pa.parquet.write_table(pa.csv.read_csv(tmp_path / "a.csv"), tmp_path / "a.parquet")
    asked = reading.read(RULES, "policy.toml")
    text, columns = (check(open_table(str(tmp_path / f"a.{ending}")), asked) for ending in ("csv", "parquet"))
    rows = {key: (count, tuple(row - 1 for row in of)) for key, (count, of) in failing(text).items()}
    assert failing(columns) == rows and (text.k, text.persons) == (columns.k, columns.persons)


@pytest.mark.slow
def test_in_100_000_rows_of_20_columns_in_20_seconds(tmp_path: Path) -> None:
    path = tmp_path / "planted.csv"
    all_planted_is_found(path, 100_000)
    before = time.process_time()
    check(open_table(str(path)), reading.read(RULES, "policy.toml"))
    assert time.process_time() - before < 20


few = st.sampled_from(["a", "b", "7", ""])


@given(st.lists(st.tuples(few, few, few), min_size=1, max_size=40), st.integers(1, 6), st.integers(1, 4))
def test_k_and_l_are_what_counting_says(rows: list[tuple[str, str, str]], k: int, l: int) -> None:  # noqa: E741 - its name
    columns = {name: [row[i] for row in rows] for i, name in enumerate(("p", "q", "s"))}
    asked = rules(quasi_identifiers=["p", "q"], sensitive=["s"], k=k, l=l)
    found = check(table_of(columns), asked)
    groups = Counter((p, q) for p, q, _ in rows)
    values = {group: {s for p, q, s in rows if (p, q) == group and s} for group in groups}
    small = [i + 2 for i, (p, q, _) in enumerate(rows) if groups[p, q] < k]
    alike = [i + 2 for i, (p, q, _) in enumerate(rows) if len(values[p, q]) < l]
    told = {f.check: (f.count, list(f.rows)) for f in found.findings if f.check in ("k-anonymity", "l-diversity")}
    expected = {"k-anonymity": small, "l-diversity": alike}
    assert told == {name: (len(of), of[:10]) for name, of in expected.items() if of}
    assert (found.k, found.diversity) == (min(groups.values()), min(map(len, values.values())))


@given(st.lists(st.sampled_from(["ada", "bob", ""]), max_size=30), st.integers(1, 4), st.integers(0, 30))
def test_persons_have_their_first_rows(persons: list[str], most: int, cut: int) -> None:
    expected = [bool(p) and persons[:i].count(p) >= most for i, p in enumerate(persons)]
    counted = Persons(most)
    assert counted.beyond(persons[:cut]) + counted.beyond(persons[cut:]) == expected
    for person in ("ada", "bob"):  # what others are has no part in it
        assert Persons(most).beyond([p for p in persons if p == person]) == [
            beyond for p, beyond in zip(persons, expected, strict=True) if p == person
        ]


def unique(column: str, cells: list[str], **keys: Any) -> bool:
    found = failing(check(table_of({column: cells}), rules(**keys)))
    return ("direct identifiers", "a value that no other row has", (column,)) in found


def test_what_is_unique() -> None:
    names = [f"name {chr(97 + i)}" for i in range(20)]
    assert unique("a", names) and not unique("a", names[:19])
    assert unique("a", [*names, *names[:6]]) and not unique("a", [*names, *names[:10]])
    assert unique("a", [*names, "", ""])
    whole = [str(100 + i) for i in range(20)]
    assert unique("a", whole) and unique("a", [f"{cell}.0" for cell in whole]) and not unique("a", [*whole, "100"])
    assert not unique("a", [f"{i}.5" for i in range(100)])
    assert not unique("a", [*(f"{i}.5" for i in range(95)), *("n/a " + "x" * i for i in range(5))])
    # what the policy names is known to be what it is
    assert not unique("a", names, quasi_identifiers=["a"], k=1)
    assert not unique("a", [f"{i:030x}" for i in range(20)], mask={"a": {"how": "hash"}})
    assert unique("a", [f"{i:032x}" for i in range(20)])


def test_unique_numbers_of_arrays(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz", id=np.arange(5000), x=np.arange(5000) / 8, y=np.arange(5000) % 4999, z=np.arange(5000.0)
    )
    found = failing(check(open_table(str(tmp_path / "a.npz")), Rules()))
    assert {columns for _, what, columns in found if what == "a value that no other row has"} == {("id",), ("z",)}


def test_names_of_columns_are_compared_loosely() -> None:
    columns = {"Patient_ID": ["1", ""], "age": ["30", "31"]}
    found = failing(check(table_of(columns), rules(direct=["patient-id", "phone"])))
    assert found == {("direct identifiers", "named by the policy", ("Patient_ID",)): (1, (2,))}


def test_masks_have_been_applied_or_not() -> None:
    mask = {
        "name": {"how": "drop"},
        "id": {"how": "hash"},
        "age": {"how": "generalise", "step": 10, "top": 75},
        "zip": {"how": "generalise", "prefix": 2},
    }
    raw = {"name": ["", ""], "id": ["f" * 32, "f" * 30], "age": ["40.0", "75"], "zip": ["10", "101"], "x": ["1", "2"]}
    found = failing(check(table_of(raw), rules(mask=mask)))
    assert {key[2][0]: rows for key, (_, rows) in found.items() if key[0] == "masks"} == {
        "name": (2, 3),
        "id": (2,),
        "age": (3,),  # 75 is clamped and then rounded down, to 70
        "zip": (3,),
    }


def test_duplicates_are_told_and_do_not_fail() -> None:
    found = check(table_of({"a": ["1", "2", "1", "1"], "b": ["x", "x", "x", "y"]}), Rules())
    assert [(f.check, f.rows, f.fails) for f in found.findings] == [("duplicates", (4,), False)] and found.passed


def test_duplicates_of_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([[0.5, 1], [0.5, 1], [1, 0.5]]), y=np.array(["a", "a", "a"]))
    (finding,) = check(open_table(str(tmp_path / "a.npz")), Rules()).findings
    assert finding.rows == (2,)


def test_outliers_are_counted_by_column_and_their_values_not_told() -> None:
    kind = Kind(9, 8, signed=True)
    spec = DatasetSpec("d", (FieldSpec("x", kind, (2,), norm_bound=Fraction(1)), FieldSpec("y", Kind(1, 0, False), ())))
    columns = {
        "x0": ["0.5", "high", "0.9", "0.5", "77.125"],
        "x1": ["0.5", "0.25", "0.9", "", "0.5"],
        "y": ["1", "2", "0", "1", "1"],
    }
    table = table_of(columns)
    found = {f.columns[0]: f.rows for f in outliers(table, spec.fields, mapped(spec, table))}
    assert found == {"x0": (3, 6), "x1": (5,), "y": (3,), "x": (4,)}  # line 4 is too long


def test_outliers_of_what_a_where_compares(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n3,2\nx,1\n5,4\n")
    text = SOURCE.replace("x: Feature[2] where norm2(x) <= 1.0; y: bit;", "a: uint<3>; b: uint<3> where a <= b;")
    program = tmp_path / "p.ccr"
    program.write_text(text.replace("loss logistic(dot(w, row.x), row.y);", "grad w = [row.a as Feature, 0.5];"))
    (spec,) = (s for s in specs(api.compile(program).compiled, frozenset({"hospital"})) if isinstance(s, DatasetSpec))
    table = records_table(spec, str(path))
    found = {f.columns[0]: f.rows for f in outliers(table, spec.fields, mapped(spec, table))}
    assert found == {"a": (3, 4, 5)}


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        (
            {"quasi_identifiers": ["agee"], "k": 2},
            "there is no column `agee`, which the policy has as a quasi-identifier",
        ),
        ({"person": "Age"}, "there is no column `Age`, which is to tell persons apart"),
        ({"quasi_identifiers": ["twice"], "k": 2}, "2 columns are called `twice`"),
    ],
)
def test_columns_that_are_not_there(tmp_path: Path, keys: dict[str, Any], what: str) -> None:
    (tmp_path / "a.csv").write_text("age,twice,twice\n1,2,3\n")
    with pytest.raises(InputError, match=what) as error:
        check(open_table(str(tmp_path / "a.csv")), rules(**keys))
    assert error.value.help in ("did you mean `age`?", "rename all but one")


def test_one_row_and_none(tmp_path: Path) -> None:
    asked = rules(quasi_identifiers=["age"], k=2)
    found = check(table_of({"age": ["1"]}), asked)
    assert (found.k, found.records, found.passed) == (1, 1, False)
    (tmp_path / "a.csv").write_text("age\n")
    with pytest.raises(InputError, match="there are no rows below the header"):
        check(open_table(str(tmp_path / "a.csv")), asked)


def test_a_quasi_identifier_may_be_an_array(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([[1, 2], [1, 2], [1, 3]]), y=np.array([1.5, 2.5, 2.5]))
    found = check(open_table(str(tmp_path / "a.npz")), rules(quasi_identifiers=["x"], k=2))
    assert failing(found) == {("k-anonymity", "in 1 groups of fewer than 2 rows", ("x[0]", "x[1]")): (1, (3,))}


def test_a_mask_whose_name_is_misspelled_passes_nothing() -> None:
    """A policy may mask columns that another file has; one that is nearly called so is meant."""
    table = table_of({"zip": ["10115", "10117"], "age": ["30", "40"]})
    with pytest.raises(InputError, match="no column `zipcode`, which the policy masks") as caught:
        check(table, rules(mask={"zipcode": {"how": "generalise", "prefix": 3}}))
    assert caught.value.help == "did you mean `zip`?"
    assert check(table, rules(mask={"diagnosis": {"how": "drop"}})).passed
