"""Loops of no iterations: their bodies are checked for everything but the values that never arise."""

from __future__ import annotations

import pytest
from support.agreement import words_agree

from lang.checker.check import check
from lang.problems.problem import Rejected
from lang.source import Source

HEAD = (
    "party p; party q; input x: uint<4>[{n}] from p; input y: fix<8, 4> from q; param N = {n};\nvar t: uint<12> = 0;\n"
)
OUT = "\noutput total = reveal(t + y) to p;\n"


def told(n: int, text: str) -> list[str]:
    """Codes of problems, else of warnings."""
    text = HEAD.format(n=n) + text + ("" if "x" in text else "t = x[0];") + OUT
    try:
        return [p.code for p in check(Source("n.ccr", text)).warnings]
    except Rejected as rejected:
        return [p.code for p in rejected.problems]


RIGHT = {
    "pairs": "for i in 0..N { for j in i + 1..N { t += x[i] * x[j]; } }",
    "pairs the other way round": "for i in 0..N { for j in 0..i { t += x[i - 1] * x[j]; } }",
    "all but the first": "for i in 1..N { t += x[i] - x[i - 1]; }",
    "three deep": "for i in 0..N { for j in i + 1..N { for k in j + 1..N { t += x[i] * x[j] * x[k]; } } }",
    "a slice": "for i in 0..N { for j in i + 1..N { t += sum(x[i..j]) + sum(x[j..N]); } }",
    "a condition": "for i in 0..N { for j in 0..i { if j > 0 { t += x[j - 1]; } else { t += x[i - 1]; } } }",
    "a let": "for i in 0..N { for j in 0..i { let k = i - 1 - j; t += x[k]; } }",
    "a remainder": "for i in 0..N { for j in 0..i { t += j % i; } }",
    "a function": "fn f(v: uint<4>[N], k: uint<8>) -> uint<12> { v[k % N] }\nfor i in 1..N { t += f(x, i); }",
    "an arm that is not taken": "if N > 1 { for i in 1..N { t += x[i]; } t += x[N - 1] - x[N - 2]; }",
    "in such an arm": "if N == 99 { for i in 0..5000 { t += x[9 * i]; if i > 4 { t += x[0..i][1]; } } }",
}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("n", [1, 2, 4])
def test_what_is_out_of_bounds_only_where_nothing_runs_is_right(n: int, name: str) -> None:
    assert told(n, RIGHT[name]) == []
    words_agree(HEAD.format(n=n) + RIGHT[name] + OUT)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("for i in 1..N { t += x[i + 1]; }", "index-range"),
        ("for i in 0..N { for j in i + 1..N { t += x[i] * x[j + 1]; } }", "index-range"),
        ("for i in 0..N { for j in 0..i { t += x[j - 1]; } }", "index-range"),
        ("for i in 0..N { for j in 0..i { t += sum(x[j..i + 2]); } }", "slice-range"),
        ("for i in 0..N { for j in 0..i { let k: uint<4> = 99; t += k; } }", "clamped"),
    ],
)
def test_what_is_wrong_where_something_runs_is_found(text: str, code: str) -> None:
    assert told(4, text) == [code]
    assert told(1, text) == []


@pytest.mark.parametrize("around", ["for i in 1..N {{ {} }}", "for i in 0..N {{ for j in i + 1..N {{ {} }} }}"])
@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("t += nobody;", "unknown-name"),
        ("t += nobody(i);", "unknown-function"),
        ("t += x[i] & y;", "bits-of-fix"),
        ("t += x[y];", "integers-only"),
        ("let s: uint<4>[3] = [1, 2];", "wrong-shape"),
        ("let s = [1, 2, 3] + [1, 2];", "shapes-differ"),
        ("if y { t += 1; }", "condition-kind"),
        ("N = 1;", "not-assignable"),
        ("if t > 1 { x[i] } else { 0 }", "unused-value"),
    ],
)
def test_what_is_wrong_whatever_runs_is_found(around: str, inside: str, code: str) -> None:
    assert told(1, around.format(inside)) == [code]
    assert told(4, around.format(inside)) == [code]


def test_no_loop_is_unrolled_for_what_never_runs() -> None:
    """A slice by the index of the loop around would unroll it, if it ever arose."""
    assert told(1, "for i in 0..5000 { for j in N..N { t += sum(x[0..i]); } t += 1; }") == []
    assert told(1, "for i in 0..5000 { if N == 2 { t += sum(x[0..i]); } t += 1; }") == []


@pytest.mark.parametrize("bounds", ["1..0", "N..0", "i + 1..0"])
def test_bounds_that_run_backwards_are_wrong(bounds: str) -> None:
    assert told(1, f"for i in 0..1 {{ for j in {bounds} {{ t += 1; }} }}") == ["slice-backwards"]
