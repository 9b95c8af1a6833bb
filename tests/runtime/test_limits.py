"""How large a delta may be beside the number of records."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from lang.numerals import spelled
from runtime.contract.amounts import decimal
from runtime.privacy.limits import default_delta, too_large, warning


def test_the_default() -> None:
    assert default_delta([]) == default_delta([455]) == default_delta([1, 10_000]) == Fraction(1, 10**5)
    assert default_delta([455, 10**6]) == Fraction(1, 10**7)
    assert default_delta([32_561]) == Fraction("0.0000030711587")


@given(st.integers(1, 10**12))
def test_the_default_is_an_amount_and_hardly_below_its_bound(n: int) -> None:
    found = default_delta([n])
    bound = min(Fraction(1, 10**5), Fraction(1, 10 * n))
    assert bound * (1 - Fraction(1, 10**7)) < found <= bound
    assert decimal(spelled(found)) == found
    assert not warning(found, {"d": n}) and not too_large(found, {"d": n})


def test_from_where_on_one_is_warned_and_refused() -> None:
    records = {"few": 10, "many": 1000}
    assert warning(Fraction(1, 10**4), records) == "" and too_large(Fraction(1, 10**4), records) == ""
    said = warning(Fraction(2, 10**4), records)
    assert said == "delta 0.0002 is above 1/(10 n), which is 0.0001 for the 1 000 records of `many`"
    assert too_large(Fraction(999, 10**6), records) == ""
    assert too_large(Fraction(1, 1000), records) == "many"
    assert warning(1e-3, records).endswith("from 1/n on it promises nothing")
