"""Counting ones: n bits cost n less the ones in n, however they are cut and however the program counts them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.agreement import circuits_agree, words_agree
from support.lanes import number

from compiler.joint.ones import BLOCK, GROUP, MOST, ones
from compiler.pipeline import compile
from compiler.program import and_gates
from compiler.words.builder import Builder
from compiler.words.evaluate import NoSources, evaluate
from compiler.words.integers import as_array
from compiler.words.ir import Value
from compiler.words.operations import Linear, Sum
from lang.source import Source

HAMMING = {
    "vectors": ("bit[1024]", "sum(x ^ y)"),
    "a comparison": ("bit[1024]", "sum(x != y)"),
    "a word": ("uint<1024>", "popcount((x ^ y) as uint<1024>)"),
    "words": ("uint<64>[16]", "sum(popcount((x ^ y) as uint<64>))"),
    "rows": ("bit[32, 32]", "sum(sum(x ^ y, axis = 1))"),
}


def text(kind: str, count: str) -> str:
    head = f"party alice; party bob; input x: {kind} from alice; input y: {kind} from bob;"
    return f"{head}\noutput d = reveal({count}) to bob;"


@pytest.mark.parametrize(("kind", "count"), HAMMING.values(), ids=HAMMING)
def test_a_distance_of_1024_bits(kind: str, count: str) -> None:
    meant, compiled = words_agree(text(kind, count))
    circuits_agree(meant, compiled, garbled=False)
    assert and_gates(compiled.plan) == 1023


@pytest.mark.parametrize("n", [2, 3, 7, 8, 31, 32, 33, 34, 62, 63, 64, 100, 1022, 1023, 1024, 1025, 2047, 3000, 5000])
def test_every_number_of_bits(n: int) -> None:
    compiled = compile(Source("ones.ccr", text(f"bit[{n}]", "sum(x ^ y)")))
    assert and_gates(compiled.plan) == n - n.bit_count()


def test_lanes_and_a_sum_that_is_read_twice() -> None:
    meant, compiled = words_agree(text("bit[3, 100]", "sum(x ^ y, axis = 1)"))
    circuits_agree(meant, compiled, garbled=False)
    assert and_gates(compiled.plan) == 3 * 97
    rows = "concat(sum(x ^ y, axis = 1), [sum(sum(x ^ y, axis = 1))])"
    circuits_agree(*words_agree(text("bit[3, 100]", rows)), garbled=False)


@settings(deadline=None, max_examples=60)
@given(st.integers(BLOCK + 1, 4 * BLOCK * GROUP), st.integers(0, 1 << 64), st.sampled_from([(), (2,)]))
def test_every_bit_is_counted_once(n: int, seed: int, lanes: tuple[int, ...]) -> None:
    """The declared ranges are exact: all ones, none, and some."""
    b = Builder([number(0, 1, *lanes, n)])
    counted = ones(b, 0)
    assert counted is not None and (b.type(counted).lo, b.type(counted).hi) == (0, n)
    block = b.block([counted])
    for bits in ([1] * n, [0] * n, [seed >> (i * 7 % 64) & 1 for i in range(n)]):
        values = as_array(bits * (lanes[0] if lanes else 1), block.params[0])
        [found] = evaluate(block, [values], NoSources())
        assert found.reshape(-1).tolist() == [sum(bits)] * max(1, found.size)
    assert all(isinstance(i, Value) and i.claim is None for i in b.items)


def test_what_is_cut() -> None:
    few, many = (Builder([number(0, 1, n)]) for n in (BLOCK, (MOST + 1) * BLOCK * GROUP))
    assert ones(few, 0) is None and ones(many, 0) is None
    b = Builder([number(0, 1, BLOCK * GROUP)])
    ones(b, 0)
    sums = [b.type(i.args[0]).shape for i in b.items if isinstance(i, Value) and isinstance(i.op, Sum)]
    joined = [len(i.args) for i in b.items if isinstance(i, Value) and isinstance(i.op, Linear)]
    assert sums == [(GROUP, BLOCK), (1, GROUP)] and joined == [1]
