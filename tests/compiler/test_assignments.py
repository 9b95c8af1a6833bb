"""What an assignment under a private condition costs: a choice for each element written, whatever it is an element of.

Everything is the evaluator's, so that nobody computes it alone, and conditions are inputs: all that costs is choices.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from support.agreement import circuits_agree, words_agree

from compiler.functions.order import decoded
from compiler.pipeline import compile
from compiler.program import and_gates
from compiler.words.builder import Builder
from compiler.words.evaluate import NoSources, evaluate
from compiler.words.ir import Type
from lang.source import Source

WORD = 16
HEAD = """party alice; party bob;
input c: bit from bob; input d: bit from bob; input e: bit[2] from bob;
input a: uint<16>[1000] from bob; input b: uint<16> from bob;
input g: uint<16>[20, 10] from bob;
"""
A, M = "var v = a;", "var m = g;"
SET = "fn written(p: uint<16>[1000], q: uint<16>) -> uint<16>[1000] { var r = p; r[7] = q; r }"

COUNTS: dict[str, tuple[str, int]] = {
    "an element": (f"{A} if c {{ v[0] = b; }} output reveal(v) to bob;", WORD),
    "a slice": (f"{A} if c {{ v[10..15] = b; }} output reveal(v) to bob;", 5 * WORD),
    "slices that overlap": (f"{A} if c {{ v[10..15] = b; v[12..18] = a[1]; }} output reveal(v) to bob;", 8 * WORD),
    "an element twice": (f"{A} if c {{ v[3] = b; v[3] = a[9]; }} output reveal(v) to bob;", WORD),
    "a column": (f"{M} if c {{ m[:, 3] = b; }} output reveal(m) to bob;", 20 * WORD),
    "a block": (f"{M} if c {{ m[2..5, 1..3] = b; }} output reveal(m) to bob;", 6 * WORD),
    "a column and a row": (f"{M} if c {{ m[:, 3] = b; m[1] = b; }} output reveal(m) to bob;", 29 * WORD),
    "a field": ("var t = (a, g); if c { t.1[0, 0] = b; } output reveal(t) to bob;", WORD),
    "a whole variable": ("var n = a[1]; if c { n = b; } output reveal(n) to bob;", WORD),
    "an element of a whole one": (
        f"{A} if c {{ v = a; v[1] = b; }} else {{ v = a; v[2] = b; }} output reveal(v) to bob;",
        2 * WORD,
    ),
    "the same in both arms": (f"{A} if c {{ v[0] = b; }} else {{ v[0] = a[9]; }} output reveal(v) to bob;", WORD),
    "another in each arm": (f"{A} if c {{ v[0] = b; }} else {{ v[5] = a[9]; }} output reveal(v) to bob;", 2 * WORD),
    "conditions in each other": (f"{A} if c {{ if d {{ v[0] = b; }} }} output reveal(v) to bob;", WORD + 1),
    "a condition after other elements": (
        f"{A} if c {{ v[0] = b; v[2..4] = a[5]; if d {{ v[1] = b; }} }} output reveal(v) to bob;",
        4 * WORD + 1,
    ),
    "four of them": (
        f"{A} if c {{ if d {{ if e[0] {{ if e[1] {{ v[0] = b; }} }} }} }} output reveal(v) to bob;",
        WORD + 3,
    ),
    "one after the other": (
        f"{A} if c {{ v[0] = b; }} else if d {{ v[1] = b; }} else {{ v[2] = b; }} output reveal(v) to bob;",
        3 * WORD + 2,
    ),
    "a whole tensor, conditions in each other": (
        f"{M} if c {{ if d {{ m = b; }} }} output reveal(m) to bob;",
        200 * WORD + 1,
    ),
    "in a loop": (
        f"{A} if c {{ for i in 0..10 {{ v[2 * i] = b; v[2 * i + 1] = i; }} }} output reveal(v) to bob;",
        20 * WORD,
    ),
    "of a function's result": ("let v = if c { written(a, b) } else { a }; output reveal(v) to bob;", WORD),
    "of a function's results": (
        f"{A} if c {{ v = written(v, b); }} if d {{ v = written(v, a[0]); }} output reveal(v) to bob;",
        2 * WORD,
    ),
}


@pytest.mark.parametrize("name", COUNTS)
def test_what_is_written_is_chosen(name: str) -> None:
    body, count = COUNTS[name]
    assert ands(f"{HEAD}{SET}\n{body}") == count


# i: the loop's index, n: how many elements
LOOP = """party alice; party bob;
input y: uint<16> from bob; input c: bit[1000] from bob; input p: uint<10>[1000] from bob;
var v: uint<16>[{n}] = {start};
for i in 0..1000 {{ if c[i] {{ {body} }} }}
output reveal(v) to bob;
"""
SORT = """party alice; party bob;
input x: uint<16>[50] from bob;
var v = x;
for i in 0..49 {{ for j in 0..{last} {{ if v[j] > v[j + 1] {{ let h = v[j]; v[j] = v[j + 1]; v[j + 1] = h; }} }} }}
output reveal(v) to bob;
"""


def test_in_a_loop_at_its_index() -> None:
    assert ands(LOOP.format(n=1000, start=3, body="v[i] = y;")) == 1000 * WORD


def test_in_a_loop_at_a_private_index() -> None:
    """Of each element: is it the one (the index is decoded once), is it that under the condition, and its bits."""
    once = ands(LOOP.format(n=1024, start=3, body="v[p[i]] = y;"))
    assert once == 1000 * (1013 + 1024 + 1024 * WORD) <= 1000 * 1024 * 2 * WORD
    both = LOOP.format(n=1024, start=3, body="v[p[i]] = y; } else { v[p[i]] = 7;")
    assert ands(both) == once - 1000 * 1024 + 1000 * WORD


@pytest.mark.parametrize(("last", "pairs"), [("49 - i", 49 * 50 // 2), ("49", 49 * 49)])
def test_bubble_sort_compares_and_swaps(last: str, pairs: int) -> None:
    """A comparison, and one word's choice for both elements: what goes up is what comes down."""
    assert ands(SORT.format(last=last)) == pairs * 2 * WORD


@pytest.mark.parametrize("body", ["v[p % 5] = y; v[0] = 2;", "v[p % 5] += y; x = v[p % 4];"])
def test_at_a_private_index(body: str) -> None:
    text = f"""party alice; party bob;
    input p: uint<3> from alice; input y: uint<4> from bob; input c: bit from bob;
    var v: uint<4>[5] = [1, 2, 3, 4, y]; var x: uint<4> = 0;
    if c {{ {body} }} else {{ v[p % 3] -= 1; }}
    output out = reveal(v) to bob; output end = reveal(x) to bob;"""
    circuits_agree(*words_agree(text), garbled=True)


@pytest.mark.parametrize("size", [*range(1, 10), 100, 4096, 4097, 9000])
def test_a_decoded_index(size: int) -> None:
    for last in range(size) if size < 10 else (size - 1, size // 2):
        b = Builder([Type((), Fraction(1), 0, last)])
        block = b.block([decoded(b, 0, size)])
        for index in range(0, last + 1, max(1, last // 9)):
            [hot] = evaluate(block, [np.asarray(index)], NoSources())
            assert hot.tolist() == [int(place == index) for place in range(size)]


def ands(text: str) -> int:
    return and_gates(compile(Source("assigning.ccr", text)).plan)
