"""Sorting by keys: at word level and in circuits, with payloads of any shape, for every length of a vector."""

from __future__ import annotations

import pytest
from support.agreement import circuits_agree, words_agree

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
