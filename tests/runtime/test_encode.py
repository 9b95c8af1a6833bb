"""Encoding is floor(x 2^F + 1/2) on exact numbers, from floats, integers and text alike."""

from fractions import Fraction
from math import floor, isfinite

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lang.numerals import spelled
from runtime.data.bounds import above, sum_of_squares
from runtime.data.encode import BadValue, encode_floats, encode_integers, encode_text
from runtime.data.specs import Kind

FEATURE = Kind(9, 8, True)
WIDE = Kind(63, 20, True)
BYTE, BIT = Kind(8, 0, False), Kind(1, 0, False)
KINDS = [FEATURE, WIDE, Kind(16, 10, True), BYTE, Kind(52, 50, True), Kind(53, 52, True), BIT]


def meaning(value: Fraction, kind: Kind) -> int | None:
    """The grid integer, or None if the kind refuses the value."""
    if kind.fraction == 0 and value.denominator != 1:
        return None
    integer = floor(value * 2**kind.fraction + Fraction(1, 2))
    return integer if kind.low <= integer <= kind.high else None


@settings(deadline=None, max_examples=300)
@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(KINDS))
@example(0.49999999999999994 / 256, FEATURE)  # + 1/2 rounds it up in float64
@example(-1e-300, FEATURE)
@example(5e-324, FEATURE)
@example(1.7e308, WIDE)
@example(-1.0, FEATURE)
@example(1 - 1 / 512, FEATURE)  # rounds to 256, one above the greatest
@example(2.0**42, WIDE)
def test_floats(value: float, kind: Kind) -> None:
    wanted = meaning(Fraction(value), kind)
    if wanted is None:
        with pytest.raises(BadValue):
            encode_floats(np.array([value]), kind)
    else:
        assert encode_floats(np.array([value]), kind).tolist() == [wanted]


def _pointed(k: int) -> str:
    """k half-units of fix<9, 8>, with a point."""
    digits = spelled(Fraction(k, 1 << 9))
    return digits if "." in digits else digits + "."


numerals = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-300, max_value=300, places=30).map(str),
    st.builds(lambda k, tail: _pointed(k) + tail, st.integers(-700, 700), st.sampled_from(["", "00", "0" * 25 + "1"])),
    st.integers(-300, 300).map(str),
    st.sampled_from(["1e-3", "+.5", "2.", "1E2", " 0.25 ", "-0", "-0.0"]),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(numerals, min_size=1, max_size=4), st.sampled_from(KINDS))
@example(["0.001953124999999999999999999999999"], FEATURE)  # just below half a unit; its float64 is not below
@example(["0.001953125"], FEATURE)
@example(["5.0000000000000000000000001"], BYTE)  # no integer, though its float64 is one
def test_text(cells: list[str], kind: Kind) -> None:
    wanted = [meaning(Fraction(cell.strip()), kind) for cell in cells]
    if None in wanted:
        with pytest.raises(BadValue) as caught:
            encode_text(cells, kind)
        assert list(caught.value.indices) == [i for i, value in enumerate(wanted) if value is None]
    else:
        assert encode_text(cells, kind).tolist() == wanted


@given(st.integers(-(2**62), 2**62), st.sampled_from(KINDS))
def test_integers(value: int, kind: Kind) -> None:
    wanted = meaning(Fraction(value), kind)
    if wanted is None:
        with pytest.raises(BadValue, match="out of range"):
            encode_integers(np.array([value]), kind)
    else:
        assert encode_integers(np.array([value]), kind).tolist() == [wanted]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("abc", "`abc` is not a number"),
        ("", "the cell is empty"),
        ("1_0", "`1_0` is not a number"),
        ("0x1", "`0x1` is not a number"),
        ("٣", "`٣` is not a number"),
        ("1e99999", "`1e99999` is not a number"),
        ("nan", "nan is not a finite number"),
        ("-Infinity", "-Infinity is not a finite number"),
        ("1e400", "1e400 is out of range of `fix<9, 8>`, which holds -1 to 0.99609375"),
        ("1", "1 is out of range"),
        ("9" * 5000, "is not a number"),
    ],
)
def test_what_is_said_of_a_cell(cell: str, said: str) -> None:
    with pytest.raises(BadValue) as caught:
        encode_text(["0", cell, "oops"], FEATURE)
    assert said in caught.value.what and caught.value.index == 1 and caught.value.help


def test_true_is_one() -> None:
    cells = ["True", "false", " TRUE ", "1.0", "0", "1e0"]
    for kind in (BIT, BYTE, WIDE):
        assert encode_text(cells, kind).tolist() == [value << kind.fraction for value in (1, 0, 1, 1, 0, 1)]
    with pytest.raises(BadValue, match="`yes` is not a number"):
        encode_text(["yes"], BIT)


@settings(deadline=None)
@given(st.lists(st.floats(), min_size=1, max_size=6), st.sampled_from(KINDS))
def test_every_bad_float_is_found(values: list[float], kind: Kind) -> None:
    bad = [i for i, v in enumerate(values) if not isfinite(v) or meaning(Fraction(v), kind) is None]
    if not bad:
        encode_floats(np.array(values), kind)
        return
    with pytest.raises(BadValue) as caught:
        encode_floats(np.array(values), kind)
    assert list(caught.value.indices) == bad
    assert [caught.value.why(i).help for i in bad]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_only_finite_floats(value: float) -> None:
    with pytest.raises(BadValue, match="not a finite number"):
        encode_floats(np.array([0.0, value]), FEATURE)


@given(st.integers(-(2**70), 2**70), st.integers(0, 60))
def test_a_spelled_number_is_exact(integer: int, fraction: int) -> None:
    assert Fraction(spelled(Fraction(integer, 2**fraction))) == Fraction(integer, 2**fraction)


def test_the_bound_is_met_with_equality_and_not_beyond() -> None:
    """3-4-5: norm 5/8 exactly."""
    kind = Kind(9, 3, True)
    rows = np.array([[3, 4], [3, 5]])
    assert above(rows, kind, Fraction(5, 8)) == [1]
    assert above(rows[:1], kind, Fraction(5, 8)) == []
    assert above(rows[:1], kind, Fraction(4999, 8000)) == [0]


def test_squares_do_not_wrap() -> None:
    rows = np.array([[2**40, 2**40], [1, 0]])
    assert sum_of_squares(rows).tolist() == [2**81, 1]
    assert above(rows, Kind(63, 0, True), Fraction(2**40)) == [0]


def test_the_wide_minimum_does_not_wrap() -> None:
    assert sum_of_squares(np.array([[-(2**63)]])).tolist() == [2**126]
