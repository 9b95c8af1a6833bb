"""Values that no machine word holds: read from every format, computed with, told and saved, to the last digit."""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from support.command import call

from compiler.program import Released
from compiler.words.integers import as_array
from compiler.words.ir import Type
from lang.numerals import decimal
from runtime.data.content import content
from runtime.data.errors import InputError
from runtime.data.load import load_dataset, load_tensor
from runtime.data.marks import marks
from runtime.data.references import Reference
from runtime.data.save import Member, check_output, save
from runtime.data.specs import DatasetSpec, FieldSpec, Kind, TensorSpec
from runtime.report import saved, values
from runtime.report.saved import File

U64, LONG, FINE = Kind(64, 0, False), Kind(1024, 0, False), Kind(1024, 1024, True)
TOP = 2**64 - 1


@pytest.mark.parametrize("kind", [U64, Kind(65, 0, True), LONG, Kind(128, 100, True), FINE, Kind(64, 64, True)])
def test_the_ends_of_a_kind_are_read_from_decimals(tmp_path: Path, kind: Kind) -> None:
    ends = np.array([kind.low, kind.high, kind.low + 1, kind.high // 3], dtype=object)
    path = str(tmp_path / "a.csv")
    save(path, {Member("a", kind, (4,)): ends})
    assert load_tensor(TensorSpec("a", kind, (4,)), path).tolist() == ends.tolist()
    np.save(tmp_path / "a.npy", np.array(Path(path).read_text().split()[1:]))  # text, which needs no pickle
    assert load_tensor(TensorSpec("a", kind, (4,)), str(tmp_path / "a.npy")).tolist() == ends.tolist()


def test_a_literal_that_is_longer_than_the_name_of_a_file() -> None:
    assert load_tensor(TensorSpec("a", LONG, ()), str(2**1024 - 1)) == 2**1024 - 1


@pytest.mark.parametrize("kind", [U64, Kind(65, 0, False), LONG])
@pytest.mark.parametrize("ending", ["npy", "npz", "safetensors"])
def test_an_array_of_uint64(tmp_path: Path, ending: str, kind: Kind) -> None:
    path, array = tmp_path / f"a.{ending}", np.array([0, 1, 2**63, TOP], np.uint64)
    match ending:
        case "npy":
            np.save(path, array)
        case "npz":
            np.savez(path, a=array)
        case _:
            safetensors.numpy.save_file({"a": array}, path)
    assert load_tensor(TensorSpec("a", kind, (4,)), str(path)).tolist() == [0, 1, 2**63, TOP]


def test_floats_and_integers_fill_a_wide_fix(tmp_path: Path) -> None:
    kind = Kind(200, 100, True)
    np.save(tmp_path / "f.npy", np.array([-0.1, 2.0**98]))
    want = [-(0.1).as_integer_ratio()[0] * 2**100 // (0.1).as_integer_ratio()[1], 2**198]
    assert load_tensor(TensorSpec("a", kind, (2,)), str(tmp_path / "f.npy")).tolist() == want
    np.save(tmp_path / "i.npy", np.array([-3, 2**62]))
    assert load_tensor(TensorSpec("a", kind, (2,)), str(tmp_path / "i.npy")).tolist() == [-3 << 100, 2**162]


@pytest.mark.parametrize(("kind", "text"), [(U64, str(2**64)), (Kind(65, 0, True), str(2**64)), (LONG, "-1")])
def test_what_a_wide_kind_does_not_hold(kind: Kind, text: str) -> None:
    with pytest.raises(InputError, match="out of range"):
        load_tensor(TensorSpec("a", kind, ()), text)


def test_a_numeral_that_is_too_long_to_be_read() -> None:
    with pytest.raises(InputError, match=r"`1{40}\.\.\.` is not a number"):
        load_tensor(TensorSpec("a", LONG, ()), "1" * 5000)


def test_records_of_wide_fields(tmp_path: Path) -> None:
    """Whatever file they come from, what a contract is about is the same, and so is what the ledger knows them by."""
    fields = (FieldSpec("x", LONG, (2,)), FieldSpec("y", Kind(100, 80, True), (), Fraction(1)))
    path, top = tmp_path / "r.csv", 2**1024 - 1
    path.write_text(f"x[0],x[1],y\n{top},{TOP},-0.5\n0,{2**63},1\n")
    spec, table = DatasetSpec("r", fields), str(tmp_path / "r.npy")
    read = load_dataset(spec, str(path))
    assert read["x"].tolist() == [[top, TOP], [0, 2**63]] and read["y"].tolist() == [-(2**79), 2**80]
    np.save(table, np.array([[str(top), str(TOP), "-.5"], ["0", str(2**63), "1.0"]]))
    named = {"x": ["0", "1"], "y": ["2"]}
    assert content(spec, read) == content(spec, load_dataset(spec, table, named))
    assert marks(str(path), b"key") == marks(table, b"key")
    path.write_text("x[0],x[1],y\n0,0,1\n0,0,1.5\n")
    with pytest.raises(InputError, match=r"norm2\(y\) is 1.5 after rounding"):
        load_dataset(DatasetSpec("r", fields), str(path))


def test_a_norm_beyond_float64(tmp_path: Path) -> None:
    field = FieldSpec("x", Kind(1024, 0, True), (4,), Fraction(1))
    (tmp_path / "r.csv").write_text("x[0],x[1],x[2],x[3]\n" + ",".join([str(2**1023 - 1)] * 4) + "\n")
    with pytest.raises(InputError, match=r"is about 2\^10"):
        load_dataset(DatasetSpec("r", (field,)), str(tmp_path / "r.csv"))


# -- outputs


def output(kind: str, type: Type) -> Released:
    return Released("o", type, kind, ("a",), False, ())


def told(numbers: Any, scale: Fraction, lo: int, hi: int) -> Any:
    array = np.array(numbers, dtype=object)
    type = Type(array.shape, scale, lo, hi)
    return json.loads(json.dumps(values.numbers(as_array(array, type), type)))


def test_numbers_of_json() -> None:
    assert told([2**53, -(2**53), 2**53 + 1], Fraction(1), -(2**60), 2**60) == [2**53, -(2**53), str(2**53 + 1)]
    assert told(2**61, Fraction(100), 0, 2**61) == str(100 * 2**61)  # int64 wraps here
    assert told([[1, -3]], Fraction(1, 4), -4, 4) == [[0.25, -0.75]]
    assert told([2**53 + 1, 2**54], Fraction(1, 4), 0, 2**60) == ["2251799813685248.25", 2**52]
    assert told(1, Fraction(1, 3), 0, 3) == 1 / 3  # no decimals end it
    assert told(2**60 + 1, Fraction(1, 3), 0, 2**61) == f"{2**60 + 1}/3"
    assert told(1, Fraction(1, 2**1100), 0, 1) == values.exact(Fraction(1, 2**1100))
    assert told([], Fraction(1), 0, 1) == []


@pytest.mark.parametrize("digits", [1, 600, 601, 4300, 4301, 20000])
def test_digits_of_any_number(digits: int) -> None:
    """Python's own limit stays where it is."""
    limit = sys.get_int_max_str_digits()
    assert decimal(10**digits - 1) == "9" * digits and decimal(-(10**digits)) == "-1" + "0" * digits
    n = 7**digits
    text = decimal(n)
    assert sum(int(d) for d in text) % 9 == n % 9 and text[-1] == str(n % 10)
    assert n // 10 ** (len(text) - 1) == int(text[0])
    assert sys.get_int_max_str_digits() == limit


@pytest.mark.parametrize("ending", ["npy", "npz", "csv"])
@pytest.mark.parametrize(
    ("type", "numbers", "kind"),
    [
        (Type((2,), Fraction(1), 0, TOP), [TOP, 1], U64),
        (Type((2,), Fraction(100), 0, 2**50), [2**50, 1], Kind(57, 0, False)),
        (Type((2,), Fraction(3, 4), -8, 7), [-8, 5], Kind(6, 2, True)),
        (Type((2,), Fraction(1), -(2**63), 2**63 - 1), [-(2**63), 2**63 - 1], Kind(64, 0, True)),
    ],
)
def test_an_output_is_read_back(tmp_path: Path, ending: str, type: Type, numbers: list[int], kind: Kind) -> None:
    path = str(tmp_path / f"o.{ending}")
    saved.write(File(path, ((output("", type), Reference(path)),)), {"o": as_array(numbers, type)})
    want = [n * type.scale for n in numbers]
    assert [Fraction(int(n), 1 << kind.fraction) for n in load_tensor(TensorSpec("o", kind, (2,)), path)] == want


@pytest.mark.parametrize("ending", ["npy", "npz"])
@pytest.mark.parametrize(
    ("kind", "said"),
    [(Kind(65, 0, False), "an array of integers has 64 bits"), (Kind(60, 4, True), "float64 does not")],
)
def test_what_no_array_holds_is_refused_before_the_run(tmp_path: Path, ending: str, kind: Kind, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        check_output(str(tmp_path / f"o.{ending}"), [Member("o", kind, (2,))])
    assert caught.value.help == "save it as .csv"


# -- whole programs


def ccr(*arguments: str | Path) -> str:
    done = call(*map(str, arguments))
    assert done.exit_code == 0, done.output
    return done.stdout


def told_by(*arguments: str | Path) -> Any:
    return json.loads(ccr(*arguments, "--json"))["outputs"]


INPUTS = "party alice; party bob; input a: {0} from alice; input b: {0} from bob;"
N = 2**32 - 1
PROGRAMS: dict[str, tuple[str, str, tuple[int, int], int | str]] = {
    "a product of two words": ("uint<32>", "a * b", (N, N), str(N * N)),
    "a sum times a number": ("uint<60>", "(a + b) * 100", (2**60 - 1, 2**60 - 1), str((2**61 - 2) * 100)),
    "a remainder of a long one": ("int<64>", "(a - b * 0) % 5", (-(2**63), 1), -(2**63) % 5),
    "a remainder of a product": ("uint<32>", "(a * b) % 5", (N, N - 1), N * (N - 1) % 5),
    "a known zero times much": ("uint<8>", "a * 0 * 18446744073709551616 + (b - b) * 2 ** 64 + b", (7, 9), 9),
    "a shift far to the left": ("uint<32>", "(a + b) << 1024", (7, N), str((7 + N) << 1024)),
    "a narrow word of long ones": (
        "uint<64>",
        "(4 * (a | 9223372036854775808) - 36893488147419103232) + b",
        (3, 1),
        13,
    ),
    "long ones next to short": (
        "uint<64>",
        "min(a, 5) + max(b, 18446744073709551610) - 18446744073709551610",
        (9, 1),
        5,
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_once_wrong(name: str, tmp_path: Path) -> None:
    kind, expression, given, want = PROGRAMS[name]
    path = tmp_path / "p.ccr"
    path.write_text(f"{INPUTS.format(kind)} output o = reveal({expression}) to alice, bob;")
    assert told_by("simulate", path, *(f"--input={n}={v}" for n, v in zip("ab", given, strict=True))) == {"o": want}


def test_a_run_ends_with_the_exact_product(tmp_path: Path) -> None:
    path, given = tmp_path / "p.ccr", (f"--input=a={N}", f"--input=b={N}")
    path.write_text(f"{INPUTS.format('uint<32>')} output o = reveal([a * b, a]) to alice, bob;")
    assert told_by("run", path, "--quiet", *given) == {"o": [str(N * N), N]}
    ccr("run", path, "--quiet", *given, f"--output=o={tmp_path / 'o.npy'}")
    assert np.load(tmp_path / "o.npy").tolist() == [N * N, N]


def test_more_digits_than_python_prints(tmp_path: Path) -> None:
    """15 368 bits, and Python's `str` stops at 4 300 digits."""
    path, shifted, given = tmp_path / "p.ccr", "a + b", ("--input=a=7", "--input=b=5")
    for _ in range(15):
        shifted = f"({shifted}) << 1024"
    path.write_text(
        f"{INPUTS.format('uint<8>')} output o = reveal({shifted}) to alice, bob; output p = reveal(a) to bob;"
    )
    want = decimal(12 << 15360)
    assert len(want) > 4301
    assert told_by("run", path, "--quiet", *given) == {"o": want, "p": 7}
    assert f"o = {want}" in ccr("simulate", path, *given)
    assert "about 2^15" in ccr("inspect", path, "--ranges", "--words", "--plan")
