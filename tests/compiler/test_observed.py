"""ANDs of which no output sees whether they are there, and the proof of each."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import circuits

from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, Circuit, Gate, GateOp
from compiler.gates.seen import unseen
from compiler.gates.simulate import simulate
from compiler.passes import observed
from compiler.passes.base import assignments, proven
from compiler.passes.observed import OBSERVED, without


@given(circuits())
def test_any_circuit_is_the_same_and_no_larger(circuit: Circuit) -> None:
    after, _ = proven([OBSERVED], circuit)
    inputs, count = assignments(circuit.inputs)
    assert simulate(after, inputs, count) == simulate(circuit, inputs, count)
    assert after.and_gates <= circuit.and_gates and after.xor_gates <= circuit.xor_gates


def equal_numbers(width: int) -> Circuit:
    """Two are equal, and neither is all ones."""
    builder = Builder(2 * width)
    one, other = ([builder.input(i + side * width) for i in range(width)] for side in (0, 1))
    same = builder.all(builder.xor(a, b) ^ 1 for a, b in zip(one, other, strict=True))
    return builder.circuit([builder.and_(same, builder.and_(builder.all(one) ^ 1, builder.all(other) ^ 1))])


def test_of_two_equal_numbers_one_is_looked_at() -> None:
    circuit = equal_numbers(5)
    after, _ = proven([OBSERVED], circuit)
    assert (circuit.and_gates, after.and_gates) == (14, 9)


@given(circuits(), st.integers(0, 2**32))
def test_a_change_is_seen_or_not(circuit: Circuit, seed: int) -> None:
    """By all values of the inputs; what is told as seen is."""
    draw, first = random.Random(seed), 1 + circuit.inputs
    if not circuit.gates:
        return
    net = draw.randrange(first, first + len(circuit.gates))
    literal = draw.randrange(2 * net)
    inputs, count = assignments(circuit.inputs)
    gates = [*circuit.gates]
    gates[net - first] = Gate(GateOp.XOR, literal, FALSE)
    changed = Circuit(circuit.inputs, tuple(gates), circuit.outputs)
    answer = unseen(circuit, net, literal, 1000)
    assert (answer is True) == (simulate(changed, inputs, count) == simulate(circuit, inputs, count))
    if isinstance(answer, list):
        assert simulate(changed, answer, 1) != simulate(circuit, answer, 1)
    else:
        assert simulate(without(circuit, net, literal), inputs, count) == simulate(circuit, inputs, count)


def test_two_hundred_planted_changes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the samples are said to suggest: none of these leaves the outputs as they are."""
    circuit, draw, asked = equal_numbers(6), random.Random(19), list[bool]()
    inputs, count = assignments(circuit.inputs)
    wanted = simulate(circuit, inputs, count)
    wrong = [
        (net, literal)
        for net in range(1 + circuit.inputs, 1 + circuit.inputs + len(circuit.gates))
        for literal in draw.sample(range(2 * net), 20)
        if simulate(without(circuit, net, literal), inputs, count) != wanted
    ]
    assert len(wrong) >= 200

    def told(before: Circuit, net: int, literal: int, conflicts: int) -> bool | list[int]:
        answer = unseen(before, net, literal, conflicts)
        asked.append(answer is True)
        return answer is True

    monkeypatch.setattr(observed, "_ordered", lambda circuit, changes: draw.sample(wrong, 200))
    monkeypatch.setattr(observed, "unseen", told)
    assert proven([OBSERVED], circuit)[0] == circuit
    assert asked == [False] * 200
