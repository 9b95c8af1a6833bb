"""Windows: what few nets decide by one AND of others, and the proof that takes inner nets along."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from support.lanes import circuits

from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, Circuit, Gate, GateOp
from compiler.gates.simulate import simulate
from compiler.gates.steps import Claims, Unproved, check
from compiler.passes import windows
from compiler.passes.base import assignments, proven
from compiler.passes.windows import WINDOWS, Product, Window, product_of, resubstituted, variable

AND, XOR = GateOp.AND, GateOp.XOR


@given(circuits())
def test_any_circuit_is_the_same_and_no_larger(circuit: Circuit) -> None:
    after, _ = proven([WINDOWS], circuit)
    inputs, count = assignments(circuit.inputs)
    assert simulate(after, inputs, count) == simulate(circuit, inputs, count)
    assert after.and_gates <= circuit.and_gates
    assert after.xor_gates - circuit.xor_gates <= 4 * (circuit.and_gates - after.and_gates)


def size(width: int) -> Circuit:
    """if s { -x } else { x }, as it is written: bits chosen from both, by a chain of ORs; s is the last input."""
    builder = Builder(width + 1)
    s, low, outputs = builder.input(width), FALSE, list[int]()
    for bit in map(builder.input, range(width)):
        outputs.append(builder.xor(bit, builder.and_(s, low)))
        low = builder.or_(low, bit) if len(outputs) < width else low
    return builder.circuit(outputs)


def test_what_is_beside_stands_for_what_is_below() -> None:
    """s (low or x) is made of s low, and the chain of ORs is not needed."""
    circuit = size(8)
    after = resubstituted(circuit)
    assert (circuit.and_gates, after.and_gates) == (6 + 7, 7)
    inputs, count = assignments(9)
    assert simulate(after, inputs, count) == simulate(circuit, inputs, count)


def test_a_product_of_sums() -> None:
    """Of three variables and of the product of two of them."""
    s, low, x = (variable(i, 8) for i in range(3))
    every = 0xFF
    window = Window((1, 2, 3), (4,), (every, s, low, x, s & low), s & (low | x))
    found = product_of(window)
    assert found is not None

    def value(mask: int) -> int:
        total = 0
        for i, each in enumerate(window.values):
            total ^= each if mask >> i & 1 else 0
        return total

    assert value(found.left) & value(found.right) ^ value(found.rest) == window.wanted
    assert product_of(Window((1, 2, 3), (), (every, s, low, x), s & low & x)) is None


def test_two_hundred_planted_faults_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A factor, or the sum beside the product, has one term more or less."""
    circuit, draw, refused = size(8), random.Random(11), 0
    inputs, count = assignments(9)

    def damaged(window: Window) -> Product | None:
        found = product_of(window)
        if found is None or draw.randrange(3):
            return found
        changed = list(found)
        changed[draw.randrange(3)] ^= 1 << draw.randrange(len(window.values))
        return Product(*changed)

    monkeypatch.setattr(windows, "product_of", damaged)
    while refused < 200:
        try:
            after = resubstituted(circuit)
        except Unproved:
            refused += 1
        else:
            assert simulate(after, inputs, count) == simulate(circuit, inputs, count)


def test_inner_nets_are_compared_like_leaves() -> None:
    """Of s (low or x) and its other form; the image of s low may not be another, nor one that was not compared."""
    before = Circuit(3, (Gate(AND, 2, 4), Gate(AND, 5, 7), Gate(AND, 2, 11)), (8, 12))
    made = (Gate(AND, 2, 4), Gate(XOR, 2, 8), Gate(AND, 7, 10), Gate(XOR, 2, 12))
    after, claims = Circuit(3, made, (8, 14)), Claims([0, 2, 4, 6, 8, -1, 14], {6: [1, 2, 3]}, {6: [4]})
    check(before, after, claims)
    with pytest.raises(Unproved):
        check(before, after, Claims([0, 2, 4, 6, 9, -1, 14], claims.leaves, claims.inner))
    with pytest.raises(Unproved):
        check(before, after, replace(claims, inner={6: [4, 6]}))
    with pytest.raises(Unproved):
        check(before, after, replace(claims, leaves={6: [1, 3]}))
