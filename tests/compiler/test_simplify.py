"""Fewer words, the same values: a clamp for max(x, 0), and one Ring for two of the same factors."""

from __future__ import annotations

import numpy as np
import pytest
from support.in_memory import Inputs
from support.one_row import contribution, unclipped

from compiler.lowering.lower import lower
from compiler.words.evaluate import evaluate
from compiler.words.ir import Block, Loop, Value, Words
from compiler.words.operations import And, Dot, Equal, Less, Mul, Op, Or, Ring, Select, Xor
from compiler.words.prune import prune
from compiler.words.simplify import simplify
from compiler.words.verify import verify
from lang.checker.check import check
from lang.source import Source


def both(text: str) -> tuple[Words, Words]:
    """As it is lowered, and with fewer words."""
    whole = prune(lower(check(Source("a.ccr", text), {}).program))
    less = prune(simplify(whole))
    verify(less)
    return whole, less


def count(block: Block, kind: type[Op]) -> int:
    inside = sum(count(i.body, kind) for i in block.items if isinstance(i, Loop))
    return inside + sum(isinstance(i, Value) and isinstance(i.op, kind) for i in block.items)


@pytest.mark.parametrize("kind", ["fix<9, 4>", "fix<14, 9>", "fix<6, 2>", "int<5>", "fix<12, 6> wrap"])
@pytest.mark.parametrize("number", ["relu(x)", "max(x, 0)", "relu(-x)", "max(x, 0.5)", "max(x, y)"])
def test_a_kind_clamps_at_zero(kind: str, number: str) -> None:
    text = f"""party a; party b; input x: fix<12, 6>[4097] from a; input y: fix<12, 6>[4097] from b;
        let z = {number} as {kind}; output z = reveal(z) to a, b;"""
    whole, less = both(text)
    x, y = np.arange(-2048, 2049).clip(-2048, 2047), np.arange(2048, -2049, -1).clip(-2048, 2047)
    outputs = [evaluate(w.block, [], Inputs({"x": x, "y": y}))[0] for w in (whole, less)]
    assert np.array_equal(*outputs)
    clamped = "0" in number.replace("0.5", "") or "relu" in number
    assert (count(less.block, Select) == 0) == (clamped and "wrap" not in kind)


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("x * y", "y * x", Mul),
        ("dot([x, y], [y, 1])", "dot([y, 1], [x, y])", Dot),
        ("x & y", "y & x", And),
        ("x | y", "y | x", Or),
        ("x ^ y", "y ^ x", Xor),
        ("x == y", "y == x", Equal),
    ],
)
def test_either_way_round_it_is_one_word(one: str, other: str, kind: type[Op]) -> None:
    text = "party a; party b; input x: int<5> from a; input y: int<5> from b; output z = [{}, {}] to a, b;"
    assert [count(both(text.format(one, second))[0].block, kind) for second in (other, one)] == [1, 1]


@pytest.mark.parametrize("second", ["dot(w, row.x)", "(dot(w, row.x) as fix<12, 6>)"])
def test_one_ring_where_it_is_read_whole_and_rounded(second: str) -> None:
    text = f"""party a; party b; input w0: fix<12, 8>[4] from a; var w = w0;
        dataset rows from b {{ x: fix<7, 3>[4]; y: fix<6, 2>; }}
        dpsgd w on rows(batch = 2, steps = 1, clip = 1.0, noise = 1.0, rate = 1.0) as row {{
            let s: fix<12, 6> = dot(w, row.x);
            loss squared(s + {second}, row.y);
        }}
        output w to a;"""
    with unclipped():
        whole, less = both(text)
    assert count(whole.block, Ring) - count(less.block, Ring) == (second == "dot(w, row.x)")
    draw = np.random.default_rng(1)
    for _ in range(20):
        weights = {"w0": draw.integers(-2048, 2048, 4)}
        row = {"x": draw.integers(-64, 64, 4), "y": draw.integers(-32, 32)}
        [one], [other] = (contribution(w, weights, row) for w in (whole, less))
        assert np.array_equal(one, other)
    assert count(whole.block, Less) == count(less.block, Less)
