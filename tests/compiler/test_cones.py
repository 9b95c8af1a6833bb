"""Cones of gates taken apart, alternatives with something in common, and the proof of either."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from support.lanes import circuits

from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, Circuit, Gate, GateOp
from compiler.gates.simulate import simulate
from compiler.gates.steps import Claims, Unproved, check
from compiler.passes import cones, distribute
from compiler.passes.base import assignments, proven
from compiler.passes.cones import CONES, refactored
from compiler.passes.distribute import Way, distributed
from compiler.passes.network import Network
from compiler.passes.parts import Part
from compiler.passes.recipes import ALL

AND, XOR = GateOp.AND, GateOp.XOR


@pytest.mark.parametrize("walk", [refactored, distributed], ids=lambda walk: walk.__name__)
@given(circuit=circuits())
def test_any_circuit_is_the_same_and_no_larger(walk: Callable[[Circuit], Circuit], circuit: Circuit) -> None:
    after, (inputs, count) = walk(circuit), assignments(circuit.inputs)
    assert simulate(after, inputs, count) == simulate(circuit, inputs, count)
    assert after.and_gates <= circuit.and_gates
    assert after.xor_gates - circuit.xor_gates <= 4 * (circuit.and_gates - after.and_gates)


def above(width: int) -> Circuit:
    """Whether one number is above another, by four bits: one is, and all over it are no less; or all four are no less,
    and what is below is above."""
    builder, below = Builder(2 * width), FALSE
    for low in range(0, width, 4):
        pairs = [(builder.input(i), builder.input(width + i)) for i in range(low, low + 4)]
        no_less = [builder.or_(a, b ^ 1) for a, b in pairs]
        over = [builder.all(no_less[i + 1 :]) for i in range(4)]
        cases = [builder.and_(builder.and_(a, b ^ 1), rest) for (a, b), rest in zip(pairs, over, strict=True)]
        below = builder.any([*cases, builder.and_(builder.all(no_less), below)])
    return builder.circuit([below])


@pytest.mark.parametrize(("width", "before"), [(4, 20), (16, 86)])
def test_a_comparison_takes_an_and_for_each_bit(width: int, before: int) -> None:
    after, _ = proven([CONES], above(width))
    assert (above(width).and_gates, after.and_gates) == (before, width)


def test_what_saves_little_is_left_alone() -> None:
    """One AND of eleven."""
    builder = Builder(18)
    x, y, z, *more = map(builder.input, range(18))
    pairs = [builder.and_(a, b) for a, b in zip(more[:8], more[7:], strict=False)]
    either = builder.or_(builder.and_(x, y), builder.and_(x, z))
    circuit = builder.circuit([either, *pairs])
    assert (circuit.and_gates, refactored(circuit).and_gates) == (11, 10)
    assert proven([CONES], circuit)[0] == circuit


def test_what_is_read_elsewhere_is_not_saved() -> None:
    builder = Builder(5)
    x, y, z, v, w = map(builder.input, range(5))
    one, other = builder.all([x, y, z]), builder.all([x, y, v, w])
    assert distributed(builder.circuit([builder.or_(one, other)])).and_gates == 4
    assert distributed(builder.circuit([builder.or_(one, other), one, other])).and_gates == 6


# -- the proofs


def test_two_hundred_planted_faults_in_cones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part is its opposite, or reads something else."""
    circuit, draw, refused = above(4), random.Random(13), 0
    inputs, count = assignments(circuit.inputs)
    parts = cones.parts

    def damaged(function: int, variables: int, most: int) -> list[Part] | None:
        found = parts(function, variables, most)
        if found is None or draw.randrange(2):
            return found
        at = draw.randrange(len(found))
        operands, made = found[at]
        if draw.randrange(2):
            found[at] = Part(operands, made ^ ALL)
        else:
            found[at] = Part((*operands[:-1], draw.randrange(variables + at)), made)
        return found

    monkeypatch.setattr(cones, "parts", damaged)
    while refused < 200:
        try:
            after = refactored(circuit)
        except Unproved:
            refused += 1
        else:
            assert simulate(after, inputs, count) == simulate(circuit, inputs, count)


def test_two_hundred_planted_faults_in_alternatives_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A literal is left out, inverted, or put with others."""
    circuit, draw, refused, replaced = above(4), random.Random(17), 0, distribute.replaced
    inputs, count = assignments(circuit.inputs)

    def damaged(network: Network, net: int, way: Way) -> bool:
        changed = [[*literals] for literals in way]
        if not draw.randrange(3):
            some = draw.choice([literals for literals in changed if literals])
            literal = some.pop(draw.randrange(len(some)))
            match draw.randrange(3):
                case 0:
                    some.append(literal ^ 1)
                case 1:
                    draw.choice(changed).append(literal)
                case _:
                    pass
        return replaced(network, net, Way(*changed))

    monkeypatch.setattr(distribute, "replaced", damaged)
    while refused < 200:
        try:
            after = distributed(circuit)
        except Unproved:
            refused += 1
        else:
            assert simulate(after, inputs, count) == simulate(circuit, inputs, count)


def test_leaves_that_decide_one_another() -> None:
    """x (x + y) is x and not y: of x, y and x + y, for the values that these have at once."""
    before, after = Circuit(2, (Gate(XOR, 2, 4), Gate(AND, 2, 6)), (8,)), Circuit(2, (Gate(AND, 2, 5),), (6,))
    claims = Claims([0, 2, 4, -1, 6], {4: [1, 2, 3]})
    check(before, after, claims)
    for wrong in (Gate(AND, 2, 4), Gate(AND, 3, 5)):
        with pytest.raises(Unproved):
            check(before, replace(after, gates=(wrong,)), claims)
