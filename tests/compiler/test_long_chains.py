"""Chains of many arms, each of which writes another place: they compile in time that grows with their length."""

from __future__ import annotations

import pytest
from support.agreement import circuits_agree, words_agree

from compiler.pipeline import compile, understand
from compiler.program import and_gates
from lang.source import Source

WORD = 16


def chain(count: int, body: str, last: str = "") -> str:
    """`p` says which arm is taken, if any is."""
    arms = " else ".join(f"if p == {i} {{ {body.format(i=i)} }}" for i in range(count))
    return f"""party alice; party bob;
    input p: uint<9> from alice; input q: uint<9> from bob; input y: uint<16> from bob;
    var v: uint<16>[{count}] = 5; var s: uint<16> = y;
    {arms}{last}
    output out = reveal(v) to bob; output end = reveal(s) to bob;"""


def test_the_words_grow_with_the_arms() -> None:
    """Each arm chose all places that later ones write: twice as many arms were four times as many words."""
    short, long = (len(understand(Source("chain.ccr", chain(n, "v[{i}] = y;"))).words.block.items) for n in (100, 200))
    assert long < 2.5 * short


def test_a_place_is_chosen_once() -> None:
    assert and_gates(compile(Source("chain.ccr", chain(200, "v[{i}] = y;"))).plan) == 200 * WORD


@pytest.mark.parametrize("last", ["", " else { v[7] = 1; s = 2; }"])
@pytest.mark.parametrize(
    "body", ["v[{i}] = y;", "v[{i}] += y; if q > {i} {{ v[(5 * {i} + 1) % 20] = {i}; }}", "v[q % 20] = {i}; s += {i};"]
)
@pytest.mark.parametrize(
    "condition",
    ["p % 32 == {i}", "(p >> {i} % 9) % 2 == 1", "(if q > 9 {{ let h = p + 1; h }} else {{ p }}) % 32 == {i}"],
)
def test_they_mean_what_arms_mean(body: str, last: str, condition: str) -> None:
    text = chain(20, body, last)
    for i in range(20):
        text = text.replace(f"if p == {i} {{", f"if {condition.format(i=i)} {{")
    circuits_agree(*words_agree(text), garbled=False)
