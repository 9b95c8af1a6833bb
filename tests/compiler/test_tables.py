"""Public tables at private indices: what is found there, and what it costs."""

from __future__ import annotations

import random
from fractions import Fraction
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.aes import S_BOX
from support.agreement import circuits_agree, words_agree
from support.lanes import assert_agree, block, every_vector, number, whole

from compiler.cells.expand import expand
from compiler.functions.tables import looked_up
from compiler.pipeline import compile
from compiler.program import and_gates
from compiler.words.builder import Builder
from compiler.words.ir import Block, Value
from compiler.words.operations import Pieces
from lang.source import Source

HEAD = """party alice; party bob;
input a: uint<8> from alice; input b: uint<8> from bob;
input v: uint<4>[6] from alice; input w: uint<4>[6] from bob;
"""
LONG = [random.Random(8).randrange(-128, 128) for _ in range(4096)]
WIDE = [[random.Random(i * j).randrange(-(1 << 19), 1 << 19) for i in range(200)] for j in range(256)]
TEXTS = {
    "a vector": "let t: uint<8>[5] = [3, 200, 7, 7, 9]; output y = reveal(t[(a ^ b) % 5]) to alice;",
    "negative": "let t: int<8>[8] = [-3, 100, -128, 127, 0, 1, -1, 5]; output y = reveal(t[(a + b) % 8]) to alice;",
    "fractions": "let t: fix<8, 4>[4] = [0.5, -1.25, 3, 0]; output y = reveal(t[(a * b) % 4]) to alice;",
    "without a kind": "output y = reveal([1 / 3, 2, -5 / 7, 0][(a ^ b) % 4] * a) to alice;",
    "all alike": "let t: uint<4>[4] = 3; output y = reveal(t[(a ^ b) % 4]) to alice;",
    "rows": "let t: int<4>[3, 3] = [[1, -2, 3], [4, 5, -6], [7, -8, 0]]; output y = reveal(t[(a ^ b) % 3]) to alice;",
    "bits of rows": "let t: bit[4, 2] = [[0, 1], [1, 1], [0, 0], [1, 0]]; output y = reveal(t[(a ^ b) % 4]) to alice;",
    "a column": "let t: uint<4>[2, 3] = [[1, 2, 3], [4, 5, 6]]; output y = reveal(t[:, (a ^ b) % 3]) to alice;",
    "two indices": """let t: uint<8>[3, 5] = [[1, 2, 3, 4, 5], [6, 7, 8, 9, 0], [11, 12, 13, 14, 250]];
        output y = reveal(t[(a ^ b) % 3, (a + b) % 5]) to alice;""",
    "indices around an axis": """let t: int<4>[2, 3, 2] = [[[1, 2], [3, 4], [5, 6]], [[-1, -2], [-3, -4], [-5, -6]]];
        output y = reveal(t[(a ^ b) % 2, 1.., (a + b) % 2]) to alice;""",
    "in a loop": """let t: uint<4>[16] = [7, 1, 9, 3, 3, 3, 0, 15, 2, 8, 12, 5, 4, 10, 11, 13]; var o: uint<4>[6] = 0;
        for i in 0..6 { o[i] = t[v[i] ^ w[i]]; } output y = reveal(o) to bob;""",
    "a multiple": "let t: uint<8>[10] = [3, 9, 0, 4, 1, 5, 8, 2, 6, 7]; output y = reveal(t[a * b * 3 % 9]) to alice;",
    "an index of a table": """let t: uint<3>[8] = [3, 7, 0, 4, 1, 5, 6, 2];
        output y = reveal(t[t[t[(a ^ b) % 8]]]) to alice;""",
    "one of a row": """let t: uint<2>[2, 3] = [[1, 0, 3], [2, 2, 0]]; let row = t[(a ^ b) % 2];
        output y = reveal([5, 6, 7, 1][row[1]]) to alice;""",
    "of one party": "let t: uint<4>[4] = [1, 5, 2, 2]; output y = reveal(t[a % 4] + t[b % 4]) to alice, bob;",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_is_found(text: str) -> None:
    circuits_agree(*words_agree(HEAD + text), garbled=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        f"let t: int<8>[4096] = {LONG}; output y = reveal(t[(16 * a + b) % 4096]) to alice;",
        f"let t: int<20>[256, 200] = {WIDE}; output y = reveal(t[(a + b) % 256]) to alice;",
    ],
    ids=["a long one", "wide rows"],
)
def test_what_is_found_in_parts(text: str) -> None:
    circuits_agree(*words_agree(HEAD + text), garbled=False)


def table(entries: tuple[int, ...]) -> Block:
    index = whole((len(entries) - 1).bit_length(), False)
    made = Pieces("table", 0, len(entries), 0, entries, (0,) * len(entries), 0, 0, Fraction(0))
    return block([index], Value(made, (0,), number(min(entries), max(entries))))


def bar(places: int, width: int) -> int:
    """ANDs of a table of 2^places words of so many bits."""
    return min((1 << k) * width - width + (1 << places - k) - (places - k) - 1 for k in range(places + 1))


def test_the_s_box_of_aes() -> None:
    """From its plain table."""
    lane = table(S_BOX)
    circuit = expand(lane)
    assert circuit.and_gates == bar(8, 8) == 81
    assert_agree(circuit, lane, every_vector(lane.params))


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 8), st.integers(1, 12), st.booleans(), st.randoms(use_true_random=False))
def test_no_table_costs_more(places: int, width: int, signed: bool, chance: random.Random) -> None:
    low = -(1 << width - 1) if signed else 0
    ends = low, low + (1 << width) - 1
    lane = table((*ends, *(chance.randint(*ends) for _ in range((1 << places) - 2))))
    circuit = expand(lane)
    assert circuit.and_gates <= bar(places, width)
    assert_agree(circuit, lane, every_vector(lane.params))


@pytest.mark.parametrize(
    ("entries", "ands"),
    [
        (tuple(1 << i for i in range(16)), 11),  # one-hot: all the products of four bits
        (tuple(range(64)), 0),
        (tuple(i & 0x15 for i in range(64)), 0),
        (tuple(i * (i >= 32) for i in range(64)), 5),  # one choice for a bit, the highest is one itself
        (tuple(~i if i >= 32 else i for i in range(64)), 0),  # of a bit and its inverse
    ],
    ids=["one hot", "itself", "some bits", "half", "inverted"],
)
def test_what_a_table_is_like(entries: tuple[int, ...], ands: int) -> None:
    lane = table(entries)
    circuit = expand(lane)
    assert circuit.and_gates == ands
    assert_agree(circuit, lane, every_vector(lane.params))


def gates(text: str) -> int:
    return and_gates(compile(Source("table.ccr", HEAD + text)).plan)


def test_cost() -> None:
    rows = [[i * j % 251 for j in range(16)] for i in range(64)]
    assert gates(f"let t: uint<8>[256] = {list(S_BOX)}; output y = reveal(t[a ^ b]) to alice;") == 81
    assert gates(f"let t: uint<8>[64, 16] = {rows}; output y = reveal(t[(a ^ b) % 64]) to alice;") == 57


@pytest.mark.parametrize(
    ("shape", "uniform"), [((1 << 16,), False), ((256, 3000), False), ((16,), True)], ids=["long", "wide", "uniform"]
)
def test_what_is_chosen_from(shape: tuple[int, ...], uniform: bool) -> None:
    """Its circuits would take longer to make than the choices to run, or there is nothing to choose."""
    b = Builder([number(0, shape[0] - 1)])
    values = [Fraction(0 if uniform else n * n % 251) for n in range(prod(shape))]
    assert looked_up(b, b.const(values, shape), {0: 0}) is None
