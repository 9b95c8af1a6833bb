"""What a public condition excludes: neither warnings of values nor problems of values are told of it."""

from __future__ import annotations

import pytest

from lang.checker.check import check
from lang.problems.problem import Rejected
from lang.source import Source

HEAD = "party p; party q; input x: uint<4> from p; input y: uint<4> from q; param TAKEN = 1;\n"
OUT = "\noutput reveal(x + y) to p;\n"
WARNED = "let k: uint<4> = 99;"
PLACES = {
    "then": "if TAKEN == {} {{ @ }}",
    "else": "if TAKEN != {} {{ }} else {{ @ }}",
    "else if": "if TAKEN != {} {{ }} else if x > 3 {{ @ }}",
    "a value": "let r = if TAKEN == {} {{ @ x }} else {{ y }};",
    "a value's else": "let r = if TAKEN != {} {{ y }} else {{ @ x }};",
    "a loop inside": "if TAKEN == {} {{ for i in 0..2 {{ @ }} }}",
    "an unrolled loop": "for i in 0..2 {{ if i == {} {{ for j in 0..1 {{ @ }} }} }}",
}


def told(text: str) -> list[str]:
    """Codes of problems, else of warnings."""
    try:
        return [p.code for p in check(Source("u.ccr", HEAD + text + OUT)).warnings]
    except Rejected as rejected:
        return [p.code for p in rejected.problems]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("inside", "said"), [(WARNED, "clamped"), ("let k = [1, 2][2];", "index-range")])
def test_values_are_judged_where_they_arise(place: str, inside: str, said: str) -> None:
    assert told(PLACES[place].format(1).replace("@", inside)) == [said]
    assert told(PLACES[place].format(2).replace("@", inside)) == []


@pytest.mark.parametrize("place", PLACES)
def test_names_are_judged_wherever_they_stand(place: str) -> None:
    assert told(PLACES[place].format(2).replace("@", "let k = nobody;")) == ["unknown-name"]


def test_a_warning_before_an_excluded_arm_stays() -> None:
    assert told(f"let n: uint<4> = 77; if TAKEN == 2 {{ {WARNED} }}") == ["clamped"]


def test_a_function_of_sizes_that_nothing_calls_is_not_warned_of_its_made_up_sizes() -> None:
    assert told("fn f<N>(v: bit[N]) -> uint<1> { let k: uint<1> = N; k }") == []
