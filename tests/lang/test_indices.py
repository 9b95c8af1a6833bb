"""Public indices and slices: allowed where all of them lie inside the axis, else a problem at their place."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lang.checker.check import check
from lang.problems.problem import Rejected
from lang.source import Source

HEAD = "party a; party b; input x: uint<4>[6] from a; input m: uint<4>[6, 6] from b;\n"
OUT = "\noutput t = reveal(sum(x) + sum(m)) to a;"
AXIS = 6
# programs with the index in place of @, read and assigned, alone and after other places
USES = {
    "read": "let r = x[@];",
    "in a matrix": "let r = m[:, @];",
    "beside an index": "let r = m[2, @];",
    "of a slice": "let r = m[:, 0..6][3, @];",
    "of a public vector": "let r = c[@] + x[0];",
    "assigned": "v[@] = 1;",
    "added to": "v[@] += x[0];",
    "assigned beside an index": "w[2, @] = 1;",
    "assigned in a slice": "w[1..3][1, @] = 1;",
    "in an arm": "if x[0] > 3 { v[@] = 1; }",
    "in a let": "let n = @; let r = x[n];",
}


def said(text: str) -> list[tuple[str, str]]:
    """Codes, each with the text that it points at."""
    source = Source(
        "i.ccr", f"{HEAD}let c = [1, 2, 3, 4, 5, 6]; var v: uint<4>[6] = x; var w: uint<4>[6, 6] = m;\n{text}{OUT}"
    )
    try:
        check(source)
    except Rejected as rejected:
        return [
            (p.code, source.line(p.span.line)[p.span.column - 1 : p.span.end_column - 1]) for p in rejected.problems
        ]
    return []


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("index", ["-1", "2 - 3", "6"])
def test_a_literal_index_outside_is_said_at_its_place(use: str, index: str) -> None:
    assert said(USES[use].replace("@", index)) == [("index-range", index if "let n" not in USES[use] else "n")]


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from([*USES]), st.integers(-3, 3).filter(bool), st.integers(-7, 9), st.integers(0, 4), st.integers(1, 4)
)
def test_an_index_that_moves_with_a_loop(use: str, factor: int, offset: int, start: int, turns: int) -> None:
    index = f"{factor} * i + {offset}" if factor > 0 else f"{offset} - {-factor} * i"
    inside = all(0 <= factor * i + offset < AXIS for i in range(start, start + turns))
    found = said(f"for i in {start}..{start + turns} {{ {USES[use].replace('@', index)} }}")
    assert found == ([] if inside else [("index-range", index if "let n" not in USES[use] else "n")])


@settings(deadline=None, max_examples=100)
@given(st.integers(-2, 2), st.integers(-2, 2), st.integers(-4, 8), st.integers(1, 3), st.integers(1, 3))
def test_an_index_that_moves_with_two_loops(first: int, second: int, offset: int, rows: int, columns: int) -> None:
    inside = all(0 <= first * i + second * j + offset < AXIS for i in range(rows) for j in range(columns))
    index = f"i * {first} + j * {second} + {offset}"
    found = said(f"for i in 0..{rows} {{ for j in 0..{columns} {{ v[{index}] = 1; }} }}")
    assert found == ([] if inside else [("index-range", index)])


@pytest.mark.parametrize("use", ["let r = x[@];", "let r = m[2, @];", "v[@] = 1;", "w[@, 2] = 1;"])
def test_a_slice(use: str) -> None:
    for start, end in product(range(-3, 8), repeat=2):
        code = "slice-backwards" if start >= end else "slice-range" if start < 0 or end > AXIS else ""
        bounds = f"{start}..{end}"
        assert said(use.replace("@", bounds)) == ([(code, bounds)] if code else [])
