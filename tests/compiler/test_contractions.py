"""Locality and the digits of contractions change where and how a value is computed, never the value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler import pipeline
from compiler.joint.chunks import TERMS
from compiler.joint.digits import contractions
from compiler.joint.locality import Evaluator, Roles, localise, roles
from compiler.joint.shares import Products
from compiler.words.builder import Builder
from compiler.words.evaluate import Array, NoSources, evaluate
from compiler.words.ir import Block, Dataset, Loop, Output, Type, Value, Words
from compiler.words.operations import Coins, Digits, Dot, Enter, Entry, Op
from compiler.words.prune import prune
from lang.source import Source

PARTIES = ("alice", "bob")


class Given(NoSources):
    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def input(self, at: Entry, type: Type) -> Array:
        return np.asarray(self.values[at.name])


def program(b: Builder, entries: list[tuple[Entry, Type]], result: int) -> Words:
    return Words(PARTIES, tuple(entries), (), b.block([result]), (Output("out", result, PARTIES, True),))


def two_inputs(
    shape: tuple[int, ...], left: tuple[int, int], right: tuple[int, int]
) -> tuple[Builder, list[tuple[Entry, Type]]]:
    b = Builder()
    entries = [
        (Entry("a", "alice"), Type(shape, Fraction(1, 4), *left)),
        (Entry("b", "bob"), Type(shape, Fraction(1), *right)),
    ]
    for entry, type in entries:
        b.add(entry, (), type)
    return b, entries


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 3), st.integers(1, 75), st.booleans(), st.booleans(), st.sampled_from(Evaluator), st.data())
def test_dot_products_keep_their_values(
    rows: int, terms: int, signed_a: bool, signed_b: bool, taken_for: Evaluator, data: st.DataObject
) -> None:
    left = (-128, 127) if signed_a else (0, 255)
    right = (-8, 7) if signed_b else (0, 15)
    b, entries = two_inputs((terms,), left, right)
    wide = (rows, terms)
    result = b.dot(b.broadcast(0, wide), b.mul(b.broadcast(1, wide), b.broadcast(0, wide)), 1)
    words = program(b, entries, result)
    seed = data.draw(st.integers(0, 2**32))
    rng = np.random.default_rng(seed)
    values = Given({"a": rng.integers(left[0], left[1] + 1, terms), "b": rng.integers(right[0], right[1] + 1, terms)})
    who = roles(words, taken_for)
    local = localise(words, who, Products.GATES)
    ready = prune(contractions(local, who))
    expected = evaluate(words.block, [], values)[0]
    assert np.array_equal(evaluate(local.block, [], values)[0], expected)
    assert np.array_equal(evaluate(ready.block, [], values)[0], expected)
    for item in ready.block.items:
        assert isinstance(item, Value)
        if isinstance(item.op, Dot | Digits):
            assert item.type.shape[-1:] != () and args_terms(ready, item) <= TERMS


def args_terms(words: Words, item: Value) -> int:
    arg = words.block.items[item.args[0]]
    assert not isinstance(arg, Loop)
    return arg.type.shape[-1]


def test_a_value_of_one_party_is_computed_in_the_clear_if_it_is_taken_for_honest() -> None:
    b, entries = two_inputs((4,), (0, 15), (0, 15))
    squares = b.sum(b.mul(0, 0), 1)  # alice alone
    words = program(b, entries, b.add2(squares, b.sum(1, 1)))
    ready = localise(words, roles(words, Evaluator.HONEST), Products.GATES)
    entered = [i for i in ready.block.items if isinstance(i, Value) and isinstance(i.op, Enter)]
    assert [e.op for e in entered] == [Enter("alice"), Enter("bob")]
    assert all(e.type.shape == () for e in entered)  # the sums, not the vectors
    assert all((e.type.lo, e.type.hi) == (0, 2**e.type.width - 1) for e in entered)


def test_the_evaluator_enters_its_input_and_nothing_that_it_computes_of_it() -> None:
    b, entries = two_inputs((4,), (0, 15), (0, 15))
    words = program(b, entries, b.add2(b.sum(b.mul(0, 0), 1), b.sum(1, 1)))
    assert roles(words).evaluator == "bob"
    ready = localise(words, roles(words), Products.GATES)
    entered = {e.op: e.type.shape for e in ready.block.items if isinstance(e, Value) and isinstance(e.op, Enter)}
    assert entered == {Enter("alice"): (), Enter("bob"): (4,)}


def test_no_evaluator_is_taken_for_honest_where_a_data_set_is_at_stake() -> None:
    b, entries = two_inputs((4,), (0, 15), (0, 15))
    words = replace(program(b, entries, b.add2(0, 1)), datasets=(Dataset("records", "bob", ()),))
    assert roles(words, Evaluator.HONEST) == roles(words) == Roles("bob", "alice", Evaluator.MALICIOUS)


CLAMPED = """
party vendor;
party hospital;
type Weight = fix<16, 10>;
input w0: Weight[3] from vendor;
input raw: Weight[3] from vendor;
dataset records from hospital { x: fix<9, 8>[3] where norm2(x) <= 1.0; }
let factor = FACTOR;
var w = w0;
dpsgd w on records(batch = 4, steps = 2, clip = 1.0, noise = 2.0, rate = 1.0) as row { grad w = factor * row.x; }
output w to vendor;
"""


@pytest.mark.parametrize("factor", ["clamp(raw[0], -1.0, 1.0)", "max(raw)", "softmax(raw)", "(3.0 * raw) as Weight"])
def test_the_evaluator_enters_its_inputs_alone_when_records_are_at_stake(factor: str) -> None:
    """Else it would enter the comparison inside `clamp` as it likes, and gradients longer than the clip with it."""
    words = pipeline.understand(Source("clamped.ccr", CLAMPED.replace("FACTOR", factor))).words
    who = roles(words)
    ready = localise(words, who, Products.GATES)

    def entered(block: Block) -> Iterator[type[Op]]:
        for item in block.items:
            if isinstance(item, Loop):
                yield from entered(item.body)
            elif isinstance(item, Value) and item.op == Enter("vendor"):
                (made,) = [i for n, i in block.numbered() if n == item.args[0]]
                assert isinstance(made, Value)
                yield type(made.op)

    assert who.evaluator == "vendor"
    assert Counter(entered(ready.block)) == {Entry: 2, Coins: 1}


def test_roles() -> None:
    b, entries = two_inputs((4,), (0, 15), (0, 255))
    words = program(b, entries, b.add2(0, 1))
    assert roles(words).garbler == "bob"  # both receive; bob has more input bits
    only_bob = Words(PARTIES, words.inputs, (), words.block, (Output("out", words.outputs[0].value, ("bob",), True),))
    assert roles(only_bob).garbler == "alice"  # who receives nothing
