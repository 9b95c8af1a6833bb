"""Lanes of words against what the words mean."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given, settings
from support.lanes import Growing, assert_agrees, block, every_vector, lanes, number, vectors, whole

from compiler.cells.expand import Unsupported, expand
from compiler.gates.verify import verify
from compiler.words.ir import Block, Loop, Value, full_range
from compiler.words.operations import Concat, Constant, Dot, Entry, Linear, Mul, Put, Round, Strided, View, Xor

BIT = number(0, 1)


def computes(lane: Block) -> None:
    circuit = expand(lane)
    verify(circuit)
    assert_agrees(circuit, lane, vectors(lane.params, 40))


@settings(max_examples=100)
@given(lanes())
def test_a_lane_computes_what_its_words_mean(lane: Block) -> None:
    computes(lane)


@pytest.mark.slow
@settings(max_examples=1000)
@given(lanes())
def test_more_lanes_compute_what_their_words_mean(lane: Block) -> None:
    computes(lane)


@settings(deadline=None, max_examples=60)
@given(lanes(4, width=3))
def test_every_value_of_small_scalars(lane: Block) -> None:
    rows = iter(every_vector([p for p in lane.params if p.shape == ()]))
    count = prod(p.hi - p.lo + 1 for p in lane.params if p.shape == ())
    others = iter(vectors([p for p in lane.params if p.shape], count))
    assert_agrees(expand(lane), lane, [next(others) if p.shape else next(rows) for p in lane.params])


@pytest.mark.parametrize("width", [63, 64, 100])
def test_words_wider_than_a_machine_word(width: int) -> None:
    g = Growing([whole(width, True), whole(width, False)])
    product = g.of(Mul(), 0, 1)
    g.of(Round(3, 2**width, *full_range(width, True)), product)
    lane = g.finish(product, product + 1)
    assert_agrees(expand(lane), lane, vectors(lane.params, 20))


def test_a_constant_fills_its_shape() -> None:
    vector = number(0, 7, 3)
    lane = block(
        [vector],
        Value(Constant((5,)), (), number(5, 5, 3)),
        Value(Linear((1, 1)), (0, 1), number(5, 12, 3)),
    )
    assert_agrees(expand(lane), lane, vectors(lane.params, 20))


def test_wiring_makes_no_gates() -> None:
    matrix = number(-4, 3, 2, 3)
    index = Value(Constant((1,)), (), number(1, 1))
    lane = block(
        [matrix],
        index,
        Value(View(Strided(0, (1, 3))), (0,), number(-4, 3, 3, 2)),  # transposed
        Value(View(Strided(0, (1,), (3,))), (0, 1), number(-4, 3, 3)),  # row 1
        Value(Put(Strided(-3, (1,), (3,))), (0, 3, 1), matrix),  # into row 0
        Value(Concat(), (0, 4), number(-4, 3, 4, 3)),
        results=(2, 3, 4, 5),
    )
    circuit = expand(lane)
    assert circuit.gates == ()
    assert_agrees(circuit, lane, vectors(lane.params, 20))


def test_a_sum_of_products_is_one_compressor() -> None:
    """Merged, the adder after the dot product and the rounding's half cost one full adder a bit, or nothing."""
    terms = [whole(8, True, 8), whole(8, True, 8)]
    dot = Value(Dot(1), (0, 1), number(-(2**17), 2**17))
    alone = block(terms, dot)
    rounded = block(terms, dot, Value(Round(1, 16, -(2**15), 2**15 - 1), (2,), number(-(2**13), 2**13)))
    assert expand(rounded).and_gates <= expand(alone).and_gates + 1
    added = block(
        [*terms, whole(16, True)],
        Value(Dot(1), (0, 1), number(-(2**17), 2**17)),
        Value(Linear((1, -1)), (3, 2), number(-(2**18), 2**18 - 1)),
    )
    assert expand(added).and_gates <= expand(alone).and_gates + 19


def test_a_number_read_twice_is_added_up_once() -> None:
    pair = [whole(8, True)] * 2
    total = Value(Linear((1, 1)), (0, 1), number(-256, 254))
    once = block(pair, total, Value(Xor(), (2, 0), whole(9, True)))
    twice = block(
        pair, total, Value(Xor(), (2, 0), whole(9, True)), Value(Xor(), (2, 1), whole(9, True)), results=(3, 4)
    )
    assert expand(twice).and_gates == expand(once).and_gates == 8


def test_what_no_result_needs_is_not_built() -> None:
    lane = block([whole(8, True)] * 2, Value(Mul(), (0, 1), number(-(2**14), 2**14)), results=(0,))
    assert expand(lane).gates == ()


@pytest.mark.parametrize(
    ("lane", "why"),
    [
        (block([BIT], Loop(2, (), block([BIT]))), "is a loop"),
        (
            block([number(0, 7, 8), number(0, 7)], Value(View(Strided(0, (), (1,))), (0, 1), number(0, 7))),
            "not a constant",
        ),
        (block([], Value(Entry("x", "p"), (), BIT)), "`input`, which is not work of one lane"),
    ],
)
def test_what_is_not_one_lane_is_named(lane: Block, why: str) -> None:
    with pytest.raises(Unsupported, match=why):
        expand(lane)


def test_a_wrap_needs_a_whole_kind() -> None:
    lane = block([whole(8, True)], Value(Round(1, 1, 0, 9, wrap=True), (0,), number(0, 9)))
    with pytest.raises(ValueError, match=r"0\.\.9 is not a whole kind"):
        expand(lane)


def test_a_sum_read_by_two_sums_is_added_up_once() -> None:
    g = Growing([whole(8, True)] * 6)
    total = g.of(Linear((1, 1, 1, 1)), 0, 1, 2, 3)
    alone = expand(g.finish(total)).and_gates
    first, second = (g.of(Linear((1, 1)), total, other) for other in (4, 5))
    assert expand(g.finish(first, second)).and_gates == alone + 2 * 10


def test_a_product_knows_that_its_high_bits_are_dropped() -> None:
    """32 low bits are cheapest from digits alone (558 ANDs); all 64 from halves (665 if the low ones are then kept)."""
    g = Growing([whole(32, False)] * 3)
    total = g.of(Linear((1, 1)), g.of(Mul(), 0, 1), 2)
    low = g.of(Round(1, 1, *full_range(32, False), wrap=True), total)
    assert expand(g.finish(low)).and_gates <= 558 + 32
