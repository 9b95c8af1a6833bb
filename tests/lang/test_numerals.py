"""Exact numbers as digits: nothing is lost, and one number has one spelling."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lang.numerals import counted, exact, show_number, spelled

finite = st.builds(lambda n, twos, fives: Fraction(n, 2**twos * 5**fives), st.integers(), *[st.integers(0, 80)] * 2)


@given(finite)
def test_a_finite_decimal_is_spelled_exactly_and_without_needless_zeros(value: Fraction) -> None:
    text = spelled(value)
    assert Fraction(text) == value
    assert "e" not in text.lower() and not ("." in text and text.endswith(("0", ".")))
    assert exact(value) == text


@pytest.mark.parametrize(("value", "text"), [("1/3", "1/3"), ("-7/6", "-7/6"), ("3/20", "0.15"), ("-1/2", "-0.5")])
def test_a_number_without_an_end_stays_a_fraction(value: str, text: str) -> None:
    assert exact(Fraction(value)) == text


def test_what_has_no_end_is_not_spelled() -> None:
    with pytest.raises(ValueError, match="no finite decimal form"):
        spelled(Fraction(1, 3))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(169, 100), "1.69"),
        (Fraction(1, 3), "1/3"),
        (Fraction(2**63 - 1), str(2**63 - 1)),
        (Fraction(-(2**64)), "about -2^64"),
        (Fraction(1, 2**65), "about 2^-65"),
    ],
)
def test_a_number_is_shown_as_one_would_write_it(value: Fraction, text: str) -> None:
    assert show_number(value) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs"), (1234567, "1 234 567 runs")])
def test_one_of_a_thing_is_no_plural(number: int, text: str) -> None:
    assert counted(number, "run") == text
