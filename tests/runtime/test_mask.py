"""Masking: a row becomes what it becomes whatever the others are, in every format; what cannot be masked is refused."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from runtime.data.deidentify.cells import columns_of
from runtime.data.deidentify.check import check
from runtime.data.deidentify.mask_file import Masked, mask_file
from runtime.data.deidentify.masking import masked, masker
from runtime.data.deidentify.masks import Generalise, Hash
from runtime.data.deidentify.pseudonyms import new_key, pseudonym, read_key
from runtime.data.deidentify.rules import Rules, read
from runtime.data.encode import Wrong
from runtime.data.errors import InputError
from runtime.data.tables import open_table

KEY = bytes(range(32))
MASK = {
    "name": {"how": "drop"},
    "patient": {"how": "hash"},
    "age": {"how": "generalise", "bins": [0, 18, 40, 65]},
    "dose": {"how": "generalise", "step": 0.1, "bottom": 0, "top": 2},
    "city": {"how": "generalise", "prefix": 2},
}
Rows = list[dict[str, Any]]
ROWS: Rows = [
    {"name": "Ada", "patient": 17, "age": 36, "dose": 0.35, "city": "Berlin", "kept": 1.5},
    {"name": "Bob", "patient": 21, "age": -3, "dose": 7.5, "city": "Łódź", "kept": -2.25},
    {"name": "Cyd", "patient": 17, "age": 81, "dose": 0.3, "city": "", "kept": 0.0},
]
OUT: Rows = [
    {"age": 18, "dose": 0.3, "city": "Be", "kept": 1.5},
    {"age": 0, "dose": 2.0, "city": "Łó", "kept": -2.25},
    {"age": 65, "dose": 0.3, "city": "", "kept": 0.0},
]


def rules(mask: Mapping[str, object] = MASK, **more: object) -> Rules:
    return read({"mask": mask, **more}, "policy.toml")


def write_csv(path: Path, rows: Rows) -> None:
    names = list(rows[0])
    path.write_text("".join(",".join(line) + "\n" for line in [names, *([str(r[n]) for n in names] for r in rows)]))


def columns(rows: Rows) -> dict[str, Any]:
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def write_npz(path: Path, rows: Rows) -> None:
    np.savez(path, **columns(rows))


def write_npy(path: Path, rows: Rows) -> None:
    found = columns(rows)
    table = np.empty(len(rows), dtype=[(name, column.dtype) for name, column in found.items()])
    for name, column in found.items():
        table[name] = column
    np.save(path, table)


def write_parquet(path: Path, rows: Rows) -> None:
    pa.parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=2)


def write_arrow(path: Path, rows: Rows) -> None:
    pa.feather.write_feather(pa.Table.from_pylist(rows), path)


WRITERS: dict[str, Callable[[Path, Rows], None]] = {
    ".csv": write_csv,
    ".npz": write_npz,
    ".npy": write_npy,
    ".parquet": write_parquet,
    ".arrow": write_arrow,
}


def told(path: Path) -> list[dict[str, str]]:
    """A file's rows as text, whatever its format."""
    table = open_table(str(path))
    found: list[dict[str, str]] = []
    for part in table.whole():
        cells = [column.texts for column in columns_of(table, part, range(len(table.columns)))]
        found += [dict(zip(table.names(), row, strict=True)) for row in zip(*cells, strict=True)]
    return found


@pytest.mark.parametrize("ending", WRITERS)
def test_every_format(tmp_path: Path, ending: str) -> None:
    data, output = tmp_path / f"a{ending}", tmp_path / f"b{ending}"
    WRITERS[ending](data, ROWS)
    done = mask_file(str(data), rules(), KEY, str(output))
    assert (done.rows, done.beyond) == (3, 0)
    assert (done.dropped, done.hashed, set(done.generalised)) == (("name",), ("patient",), {"age", "dose", "city"})
    found = told(output)
    assert [row.pop("patient") for row in found] == [pseudonym(KEY, "patient", str(row["patient"])) for row in ROWS]
    assert [{k: row[k] if k == "city" else float(row[k]) for k in row} for row in found] == OUT
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert check(open_table(str(output)), rules()).passed and not check(open_table(str(data)), rules()).passed
    again = tmp_path / f"c{ending}"  # dropped columns aside, masking again changes only what is hashed
    rest = {name: mask for name, mask in MASK.items() if name not in ("name", "patient")}
    mask_file(str(output), rules(rest), KEY, str(again))
    assert told(again) == told(output)


rows_of = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["Ada", "Bob", "ä"]),
            "patient": st.integers(0, 3),
            "age": st.integers(-5, 100),
            "dose": st.decimals(-5, 5, places=3).map(float),
            "city": st.sampled_from(["Berlin", "Łódź", "", "x"]),
            "kept": st.integers(0, 9),
        }
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize("ending", WRITERS)
@settings(max_examples=20)
@given(rows=rows_of, data=st.data())
def test_a_row_is_masked_by_itself(
    tmp_path_factory: pytest.TempPathFactory, ending: str, rows: Rows, data: st.DataObject
) -> None:
    """Masking some of the rows gives these rows of the masked file, in their order."""
    folder = tmp_path_factory.mktemp("mask")
    some = sorted(data.draw(st.sets(st.integers(0, len(rows) - 1), min_size=1)))
    for name, kept in (("all", rows), ("some", [rows[i] for i in some])):
        WRITERS[ending](folder / f"{name}{ending}", kept)
        mask_file(str(folder / f"{name}{ending}"), rules(), KEY, str(folder / f"{name}-out{ending}"))
    whole = told(folder / f"all-out{ending}")
    assert len(whole) == len(rows)  # equal rows stay
    assert told(folder / f"some-out{ending}") == [whole[i] for i in some]


@pytest.mark.parametrize("ending", WRITERS)
@settings(max_examples=20)
@given(rows=rows_of)
def test_a_person_keeps_its_first_rows(tmp_path_factory: pytest.TempPathFactory, ending: str, rows: Rows) -> None:
    """And that looks at who a row is of alone: a person's rows are those that are left where there is nobody else."""
    folder = tmp_path_factory.mktemp("mask")
    asked = rules(person="patient", most=2)

    def masked_rows(name: str, rows: Rows) -> list[dict[str, str]]:
        WRITERS[ending](folder / f"{name}{ending}", rows)
        done = mask_file(str(folder / f"{name}{ending}"), asked, KEY, str(folder / f"{name}-out{ending}"))
        found = told(folder / f"{name}-out{ending}")
        assert (done.rows, done.beyond) == (len(found), len(rows) - len(found))
        return found

    whole = masked_rows("all", rows)
    kept = [row for i, row in enumerate(rows) if [r["patient"] for r in rows[:i]].count(row["patient"]) < 2]
    assert [row["kept"] for row in whole] == [str(row["kept"]) for row in kept]
    person = rows[0]["patient"]
    alone = masked_rows("one", [row for row in rows if row["patient"] == person])
    assert alone == [row for row in whole if row["patient"] == pseudonym(KEY, "patient", str(person))]


numbers = st.decimals(-1000, 1000, places=3).map(Fraction)


@given(
    st.one_of(
        st.builds(Generalise, bins=st.sets(numbers, min_size=1, max_size=5).map(lambda s: tuple(sorted(s)))),
        st.builds(
            lambda step, ends: Generalise(step=step, bottom=min(ends), top=max(ends)),
            st.one_of(st.none(), st.decimals("0.001", 100, places=3).map(Fraction)),
            st.tuples(numbers, numbers),
        ),
        st.builds(Generalise, prefix=st.integers(1, 4)),
        st.just(Hash()),
    ),
    st.one_of(numbers.map(lambda n: str(float(n))), st.just("")),
)
def test_a_masked_value_is_known_as_masked(mask: Generalise | Hash, text: str) -> None:
    """And masking it once more changes nothing."""
    once = masker("a", mask, KEY)(text)
    assert masked(mask, once)
    if isinstance(mask, Generalise):
        assert masker("a", mask, KEY)(once) == once


def test_where_numbers_go() -> None:
    def of(text: str, **constants: Any) -> str:
        return masker("a", Generalise(**constants), b"")(text)

    edges = tuple(map(Fraction, (0, 18, 65)))
    assert [of(text, bins=edges) for text in ("-7", "0", "17.9", "18", "1e3")] == ["0", "0", "0", "18", "65"]
    tenth = Fraction(1, 10)
    assert [of(text, step=tenth) for text in ("0.3", "0.39", "-0.01", "3e-1")] == ["0.3", "0.3", "-0.1", "0.3"]
    assert [of(text, bottom=Fraction(2), top=Fraction(9)) for text in ("1", "5.25", "10")] == ["2", "5.25", "9"]
    with pytest.raises(Wrong, match="no number"):
        of("9" * 5000, step=tenth)
    assert [of(text, prefix=3) for text in ("10115", "1", "")] == ["101", "1", ""]


def test_a_hash_is_of_key_column_and_value() -> None:
    one = pseudonym(KEY, "a", "17")
    assert len(one) == 30 and pseudonym(KEY, "a", " 17 ") == one and pseudonym(KEY, "a", "") == ""
    assert len({one, pseudonym(bytes(32), "a", "17"), pseudonym(KEY, "b", "17"), pseudonym(KEY, "a", "18")}) == 4
    assert pseudonym(KEY, "a1", "7") != pseudonym(KEY, "a", "17")


def test_a_text_file_keeps_its_form(tmp_path: Path) -> None:
    data, output = tmp_path / "a.csv", tmp_path / "b.csv"
    data.write_bytes('\ufeffname;age;note\r\nAda;36,5;"a; ""b"""\r\n\r\nBob; 71 ;1,5\r\n'.encode())
    mask_file(str(data), rules({"name": {"how": "drop"}, "age": {"how": "generalise", "step": 10}}), b"", str(output))
    assert output.read_bytes() == '\ufeffage;note\r\n30;"a; ""b"""\r\n70;1,5\r\n'.encode()
    data.write_text("age\tname\n1\tx\n", encoding="utf-16")
    mask_file(str(data), rules({"name": {"how": "drop"}}), b"", str(output))
    assert output.read_text(encoding="utf-16") == "age\n1\n"


def test_arrays_of_more_than_one_column(tmp_path: Path) -> None:
    data, output = tmp_path / "a.npz", tmp_path / "b.npz"
    np.savez(data, x=np.array([[1, 17], [25, 3]], dtype=np.uint8), y=np.array([0.5, 1.5], dtype=np.float32))
    mask_file(str(data), rules({"x": {"how": "generalise", "step": 10}}), b"", str(output))
    found = np.load(output)
    assert found["x"].tolist() == [[0, 10], [20, 0]] and found["x"].dtype == np.int64
    assert found["y"].tolist() == [0.5, 1.5] and found["y"].dtype == np.float32
    table = pa.table({"x": pa.array([[1.25, 2], [3, 4.5]]), "y": [1, None]})
    pa.parquet.write_table(table, tmp_path / "a.parquet")
    step = {"how": "generalise", "step": 0.5}
    mask_file(str(tmp_path / "a.parquet"), rules({"x": step, "y": step}), b"", str(tmp_path / "b.parquet"))
    assert pa.parquet.read_table(tmp_path / "b.parquet").to_pydict() == {"x": [[1.0, 2], [3, 4.5]], "y": [1.0, None]}


def test_columns_without_names(tmp_path: Path) -> None:
    data, output = tmp_path / "a.npy", tmp_path / "b.npy"
    np.save(data, np.array([[1, 17], [25, 3], [26, 4]]))
    asked = rules({"1": {"how": "generalise", "step": 10}})
    mask_file(str(data), asked, b"", str(output))
    assert np.load(output).tolist() == [[1, 10], [25, 0], [26, 0]]
    with pytest.raises(InputError, match="`1` has no name but its number"):
        mask_file(str(data), rules({"1": {"how": "drop"}}), b"", str(output))


def test_what_a_parquet_file_says_beside_its_columns_is_left_out(tmp_path: Path) -> None:
    table = pa.table({"a": ["x"], "b": [1]}).replace_schema_metadata({"pandas": '{"creator": "Ada"}'})
    pa.parquet.write_table(table, tmp_path / "a.parquet")
    mask_file(str(tmp_path / "a.parquet"), rules({"a": {"how": "drop"}}), b"", str(tmp_path / "b.parquet"))
    assert not pa.parquet.read_schema(tmp_path / "b.parquet").metadata
    assert b"Ada" not in (tmp_path / "b.parquet").read_bytes()


REFUSED = [
    ({"nmae": {"how": "drop"}}, "there is no column `nmae`, which the policy masks", "did you mean `name`?"),
    ({name: {"how": "drop"} for name in ROWS[0]}, "nothing of it would be left", "keep what is to be learned from"),
    ({"name": {"how": "generalise", "step": 1}}, "what stands there is no number", "mend or empty the cell"),
    ({"city": {"how": "generalise", "step": 1}}, "what stands there is no number", "mend or empty the cell"),
]


@pytest.mark.parametrize(("mask", "what", "help"), REFUSED)
def test_what_cannot_be_masked(tmp_path: Path, mask: dict[str, Any], what: str, help: str) -> None:
    data, output = tmp_path / "a.csv", tmp_path / "b.csv"
    write_csv(data, ROWS)
    with pytest.raises(InputError) as error:
        mask_file(str(data), rules(mask), KEY, str(output))
    assert what in error.value.what and error.value.help == help and "Berlin" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]  # nothing is left of it


def test_of_arrays_some_masks_make_no_sense(tmp_path: Path) -> None:
    data, output = tmp_path / "a.npz", str(tmp_path / "b.npz")
    np.savez(data, x=np.ones((2, 2)), n=np.array([1, 2]))
    for mask, what in (
        ({"x[0]": {"how": "generalise", "step": 1}}, "`x` would be masked in some of its columns only"),
        ({"x": {"how": "hash"}}, "`x` is an array of more than one column"),
        ({"n": {"how": "generalise", "prefix": 2}}, "`n` holds numbers, and `prefix` is for text"),
    ):
        with pytest.raises(InputError, match=re.escape(f"{data}: {what}")):
            mask_file(str(data), rules(mask), KEY, output)
    save_file({"n": np.array([1, 2]), "x": np.ones((2, 2), np.float32)}, tmp_path / "a.safetensors")
    given = str(tmp_path / "a.safetensors"), str(tmp_path / "b.safetensors")
    with pytest.raises(InputError, match="`n` would become text, which this format has not"):
        mask_file(given[0], rules({"n": {"how": "hash"}}), KEY, given[1])
    assert mask_file(given[0], rules({"n": {"how": "generalise", "step": 2}}), b"", given[1]) == Masked(
        2, 0, (), (), ("n",)
    )
    assert [row["n"] for row in told(Path(given[1]))] == ["0", "2"]


def test_another_format_is_refused(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ROWS)
    with pytest.raises(InputError, match="it is to have the same format"):
        mask_file(str(tmp_path / "a.csv"), rules(), KEY, str(tmp_path / "b.npz"))


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "hash.key"
    key = new_key(path)
    assert read_key(path) == key and len(key) == 32 and stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(InputError, match="cannot be written: File exists"):
        new_key(path)
    path.chmod(0o640)
    with pytest.raises(InputError, match="others than its owner may read this key"):
        read_key(path)
    path.write_text("secret")
    with pytest.raises(InputError, match="this is no key of hashes"):
        read_key(path)
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_key(tmp_path / "none")
