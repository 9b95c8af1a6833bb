"""Sorting by keys: at word level and in circuits, with payloads of any shape, for every length of a vector."""

from __future__ import annotations

import numpy as np
import pytest
from support.agreement import circuits_agree, words_agree

from compiler.functions.sorting import network
from compiler.pipeline import compile
from compiler.program import and_gates
from lang.checker.check import check
from lang.problems.problem import Rejected
from lang.source import Source

HEAD = "party alice; party bob;\n"


@pytest.mark.parametrize("count", range(1, 10))
def test_equal_keys_stay_in_order(count: int) -> None:
    words_agree(f"""{HEAD} input keys: int<2>[{count}] from alice; input x: fix<8, 3>[{count}, 2] from bob;
        output order = reveal(argsort(keys)) to bob;
        output rows = reveal(sort(x, keys)) to bob;
        output ends = reveal(sort(keys)) to bob;
        output first = reveal(x[argsort(keys)[0]]) to bob;""")


def exchanged(count: int) -> list[list[tuple[int, int]]]:
    """The pairs of each step."""
    return [
        [
            (i, i + at.distance)
            for g in range(at.groups)
            for i in range(at.start + g * at.apart, at.start + g * at.apart + at.each)
        ]
        for at in network(count)
    ]


@pytest.mark.parametrize("count", range(1, 13))
def test_every_vector_of_bits_is_sorted(count: int) -> None:
    """So is every other vector, then (Knuth 5.3.4, theorem Z)."""
    rows = np.arange(1 << count)[:, None] >> np.arange(count) & 1
    for pairs in exchanged(count):
        low, high = (np.array(side) for side in zip(*pairs, strict=True))
        rows[:, low], rows[:, high] = np.minimum(rows[:, low], rows[:, high]), np.maximum(rows[:, low], rows[:, high])
    assert (np.diff(rows, axis=1) >= 0).all()


@pytest.mark.parametrize("count", [*range(1, 66), 100, 127, 1000])
def test_no_step_meets_an_element_twice(count: int) -> None:
    for pairs in exchanged(count):
        met = [place for pair in pairs for place in pair]
        assert len(met) == len(set(met)) and min(met) >= 0 and max(met) < count


@pytest.mark.parametrize(("count", "pairs"), [(2, 1), (3, 3), (4, 5), (8, 19), (16, 63), (64, 543), (50, 395)])
def test_how_many_exchanges(count: int, pairs: int) -> None:
    assert sum(map(len, exchanged(count))) == pairs
    text = f"""{HEAD} input x: uint<16>[{count}] from alice; input y: uint<16>[{count}] from bob;
        output z = reveal(sort(x ^ y)) to bob;"""
    assert and_gates(compile(Source("sort.ccr", text)).plan) == 32 * pairs


def test_in_circuits() -> None:
    text = f"""{HEAD} input keys: fix<6, 2>[5] from alice; input x: int<4>[5, 2, 2] from bob;
        output order = reveal(argsort(keys * x[:, 0, 1])) to bob;
        output rows = reveal(sort(x, keys / 3)) to bob;"""
    circuits_agree(*words_agree(text), garbled=True)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("sort(x, y)", "shapes-differ"),
        ("sort(x, x[0])", "shapes-differ"),
        ("sort(x, x)", "wrong-rank"),
        ("argsort(x)", "wrong-rank"),
        ("concat(x, y)", "shapes-differ"),
        ("concat(x, x, axis = 2)", "wrong-axis"),
        ("concat(1, 2)", "wrong-axis"),
        ("concat(x)", "argument-count"),
        ("zeros(0)", "size-range"),
        ("zeros(y[0])", "private-bound"),
        ("zeros(2 ** 20, 2 ** 20)", "shape-range"),
    ],
)
def test_what_is_refused(call: str, code: str) -> None:
    text = f"{HEAD} input x: uint<8>[2, 3] from alice; input y: uint<8>[3] from bob; let r = {call};"
    with pytest.raises(Rejected) as caught:
        check(Source("wrong.ccr", text))
    assert [problem.code for problem in caught.value.problems] == [code]


def test_joined_arrays_that_are_public() -> None:
    text = f"""{HEAD} let m = concat([[1, 2], [3, 4]], [[5], [6]], zeros(2, 1), axis = -1);
        let n = concat(m, zeros(1, 4));
        output n = n to bob; output size = concat([1], [2])[1] as uint<4> to bob;"""
    words_agree(text)
