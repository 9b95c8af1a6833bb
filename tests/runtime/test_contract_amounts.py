"""Amounts of epsilon and delta in contracts: how they are spelled, bounded and charged."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import pytest
from support.contracts import (
    ROWS,
    SOURCE,
    contract,
    program,
    terms,
)

from lang.numerals import spelled
from runtime import api
from runtime.contract.amounts import Spend, decimal, epsilon_upward, typed
from runtime.contract.cost import cost
from runtime.contract.draft import Budgets
from runtime.contract.refused import Refused
from runtime.contract.terms import Contract, encode
from runtime.privacy.cost import float_below
from runtime.report import contract as report

GOOD = encode(contract())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "+1",
        "01",
        "1.0",
        "1e3",
        "nan",
        "inf",
        ".5",
        "0",
        "0.0",
        "1.",
        " 1",
        "1_0",
        "1234567890",
        "0." + "1" * 31,
        "١",
    ],
)
def test_amounts_have_one_spelling(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        decimal(text)


def test_amounts() -> None:
    assert decimal("0.00001") == Fraction(1, 10**5) == typed("1e-5")
    assert spelled(typed("2.50")) == "2.5" and spelled(Fraction(-3, 8)) == "-0.375"
    for wrong in ("nan", "inf", "-1", "0", "1e400", "1/2"):
        with pytest.raises(ValueError, match=r"number|amount"):
            typed(wrong)
    for epsilon in (float("nan"), float("inf"), 0.0, -1.0):
        with pytest.raises(ValueError, match="cannot be charged"):
            epsilon_upward(epsilon)
    assert epsilon_upward(1.0) == Fraction(1000001, 10**6)
    assert Fraction(float_below(Fraction(1, 10))) <= Fraction(1, 10)
    assert Spend(Fraction(1), Fraction(1)).within(Spend(Fraction(1), Fraction(1)))
    assert not Spend(Fraction(1), Fraction(2)).within(Spend(Fraction(9), Fraction(1)))


def test_a_total_delta_from_one_in_n_on_is_refused() -> None:
    """The total, not that of one run: each of many runs may be modest."""
    below = Fraction(1, ROWS) - Fraction(1, 10**9)
    rounded = Fraction(below.numerator * 10**9 // below.denominator, 10**9)
    one = Spend(Fraction(1), Fraction(1, 10**5))
    for total, stands in ((rounded, True), (rounded + Fraction(2, 10**9), False)):
        budgets = Budgets(one, Spend(Fraction(9), total), runs=500)
        if stands:
            assert "above 1/(10 n)" in "\n".join(report.lines(Contract(terms=terms(budgets=budgets), signatures=())))
            continue
        with pytest.raises(Refused, match=f"1/n or more for the {ROWS} records of `records`") as refused:
            terms(budgets=budgets)
        assert refused.value.reason == "delta-above-one-in-n"
    assert "1/(10 n)" not in "\n".join(report.lines(Contract(terms=terms(), signatures=())))


def test_joint_noises_own_delta_is_told_where_it_stands_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "joint.ccr"
    path.write_text(SOURCE.replace(" drawn by hospital", ""))
    with pytest.raises(Refused, match="joint noise is Gaussian only but for a delta of its own, here") as refused:
        cost(api.compile(path).compiled, {"records": ROWS}, Fraction(1, 10**9))
    assert refused.value.reason == "no-privacy" and "`drawn by`" in refused.value.help


def test_a_delta_that_is_too_small_to_certify_is_refused() -> None:
    compiled = program().compiled
    with pytest.raises(Refused, match="delta 1e-290 is too small") as refused:
        cost(compiled, {"records": ROWS}, Fraction(1, 10**290))
    assert refused.value.reason == "delta-too-small"


def test_a_run_that_delta_alone_covers_is_charged_the_least_that_there_is() -> None:
    assert cost(program().compiled, {"records": ROWS}, Fraction(1, 2)) == Spend(Fraction(1, 10**6), Fraction(1, 2))


def test_noise_that_somebody_else_knows_has_no_cost() -> None:
    compiled = program().compiled
    foreign = tuple(dataclasses.replace(m, drawn_by="vendor") for m in compiled.mechanisms)
    with pytest.raises(Refused, match="is known to `vendor`, from whom it is to hide the records") as refused:
        cost(dataclasses.replace(compiled, mechanisms=foreign), {"records": ROWS}, Fraction(1, 10**5))
    assert refused.value.reason == "unaccountable-noise"
