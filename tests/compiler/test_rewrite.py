"""The dearer pass: recipes, cuts, and the proof that a circuit made anew is the one that it was."""

from __future__ import annotations

import random
import struct
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support import shared_circuits as shared
from support.adders import wasteful_adder
from support.lanes import circuits

from compiler.gates.bristol import circuit_of
from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, Circuit, Gate, GateOp
from compiler.gates.equal import proved
from compiler.gates.graph import to_circuit, to_graph
from compiler.gates.simulate import simulate
from compiler.gates.steps import Claims, Unproved, check
from compiler.passes import rewrite
from compiler.passes.base import Miscompiled, Pass, assignments, proven
from compiler.passes.conjunctions import CONJOIN, conjoined
from compiler.passes.cuts import cuts
from compiler.passes.levels import O2
from compiler.passes.network import Network
from compiler.passes.recipes import VARIABLES

AND, XOR = GateOp.AND, GateOp.XOR


@given(circuits())
def test_cuts_decide_their_nets(circuit: Circuit) -> None:
    inputs, count = assignments(circuit.inputs)
    nets = simulate(
        replace(circuit, outputs=tuple(range(0, 2 * (1 + circuit.inputs + len(circuit.gates)), 2))), inputs, count
    )
    for net, found in enumerate(cuts(circuit, VARIABLES)):
        for cut in found:
            for v in range(count):
                row = sum((nets[leaf] >> v & 1) << i for i, leaf in enumerate(cut.leaves))
                assert nets[net] >> v & 1 == cut.function >> row & 1


@given(circuits())
def test_a_circuit_made_anew_is_the_same_and_no_larger(circuit: Circuit) -> None:
    after, _ = proven(O2, circuit)
    inputs, count = assignments(circuit.inputs)
    assert simulate(after, inputs, count) == simulate(circuit, inputs, count)
    assert after.and_gates <= circuit.and_gates
    assert after.xor_gates - circuit.xor_gates <= 4 * (circuit.and_gates - after.and_gates)


def test_carries() -> None:
    """Two ANDs and an OR make the majority of three, which takes one."""
    gates = (Gate(AND, 2, 4), Gate(XOR, 2, 4), Gate(AND, 6, 10), Gate(AND, 9, 13))
    after, _ = proven(O2, Circuit(3, gates, (15,)))
    assert after.and_gates == 1


@given(circuits())
def test_conjunctions_put_together_anew_are_the_same(circuit: Circuit) -> None:
    after = conjoined(circuit)
    inputs, count = assignments(circuit.inputs)
    assert simulate(after, inputs, count) == simulate(circuit, inputs, count)
    assert proved(circuit, after)


def test_what_conjunctions_have_in_common_is_made_once() -> None:
    """Of eight literals, and of six of them with two others, in other orders and with one of them twice."""
    builder = Builder(10)
    bits = [builder.input(i) ^ (i & 1) for i in range(10)]
    one, other = builder.all(bits[:8]), builder.all([*bits[9:7:-1], *bits[5::-1], bits[0]])
    circuit = builder.circuit([one, other])
    after, _ = proven([CONJOIN], circuit)
    assert (circuit.and_gates, after.and_gates) == (15, 5 + 2 + 2)


def test_a_conjunction_that_holds_another_reads_it() -> None:
    builder = Builder(6)
    bits = [builder.input(i) for i in range(6)]
    circuit = builder.circuit([builder.all(bits[2:5]), builder.all(bits)])
    after, _ = proven([CONJOIN], circuit)
    assert (circuit.and_gates, after.and_gates) == (7, 5)


def test_two_hundred_planted_faults_in_conjunctions_are_refused() -> None:
    """A gate reads another literal, or an output is inverted: told, or it makes no difference."""
    builder, draw, refused = Builder(8), random.Random(23), 0
    bits = [builder.input(i) ^ (i & 1) for i in range(8)]
    circuit = builder.circuit([builder.all(bits[:6]), builder.all(bits[2:]), builder.xor(builder.all(bits[1:5]), 2)])
    after, (inputs, count) = conjoined(circuit), assignments(circuit.inputs)
    wanted = simulate(circuit, inputs, count)
    assert proved(circuit, after)
    while refused < 200:
        gates, at = [*after.gates], draw.randrange(len(after.gates))
        gates[at] = gates[at]._replace(left=draw.randrange(2 * (1 + after.inputs + at)))
        damaged = replace(after, gates=tuple(gates))
        refused += not proved(circuit, damaged)
        assert simulate(damaged, inputs, count) == wanted or not proved(circuit, damaged)


def test_a_conjunction_of_opposites_is_proved_to_be_nothing() -> None:
    gates = (Gate(AND, 2, 4), Gate(AND, 8, 6), Gate(AND, 10, 5))
    assert proved(Circuit(3, gates, (12,)), Circuit(3, (), (FALSE,)))
    assert not proved(Circuit(3, gates, (10,)), Circuit(3, (), (FALSE,)))


# -- the proof


def steps(circuit: Circuit) -> tuple[Circuit, Claims]:
    """The circuit as it is, every net standing for itself."""
    made, images = Network(circuit).circuit()
    return made, Claims(images, {})


@given(circuits(), st.integers(0, 2**32))
def test_a_wrong_step_is_refused(circuit: Circuit, seed: int) -> None:
    """Whatever gate or output is damaged: it is told, or makes no difference."""
    assume(circuit.outputs)
    draw = random.Random(seed)
    after, claims = steps(circuit)
    check(circuit, after, claims)
    gates, outputs, images = list(after.gates), list(after.outputs), list(claims.images)
    match draw.randrange(4):
        case 0 if gates:
            at = draw.randrange(len(gates))
            gates[at] = gates[at]._replace(op=GateOp(1 - gates[at].op))
        case 1 if gates:
            at = draw.randrange(len(gates))
            gates[at] = gates[at]._replace(left=draw.randrange(2 * (1 + after.inputs + at)))
        case 2:
            images[draw.randrange(len(images))] ^= 1
        case _:
            outputs[draw.randrange(len(outputs))] ^= 1
    damaged = Circuit(after.inputs, tuple(gates), tuple(outputs))
    try:
        check(circuit, damaged, Claims(images, {}))
    except Unproved:
        return
    inputs, count = assignments(circuit.inputs)
    assert simulate(damaged, inputs, count) == simulate(circuit, inputs, count)


def test_two_hundred_planted_faults_are_refused() -> None:
    """In an adder of three ANDs a bit: one of its carries becomes another literal than the one that was made for it."""
    adder, draw, replaced = wasteful_adder(8), random.Random(3), Network.replace
    assert rewrite.rewritten(adder, 4).and_gates == 8
    for fault in range(200):
        made: list[int] = []

        def wrong(self: Network, net: int, literal: int, made: list[int] = made, fault: int = fault) -> None:
            made.append(net)
            if len(made) == 1 + fault % 7:  # as many carries are made anew
                literal = literal ^ 1 if fault % 3 else draw.choice([n for n in range(2, 34) if n != literal])
            replaced(self, net, literal)

        with pytest.MonkeyPatch.context() as patch, pytest.raises(Unproved):
            patch.setattr(Network, "replace", wrong)
            rewrite.rewritten(adder, 4)


def test_a_pass_that_is_not_proved_is_refused() -> None:
    """What is right but not seen to be, too."""

    def loses(graph: Any) -> None:
        circuit = to_circuit(graph)
        graph.clear()
        new = to_graph(Circuit(circuit.inputs, circuit.gates, tuple(literal ^ 1 for literal in circuit.outputs)))
        graph.update(new)
        graph.graph.update(new.graph)

    with pytest.raises(Miscompiled):
        proven([Pass("loses", "a test", loses)], Circuit(2, (Gate(AND, 2, 4),), (6,)))


# -- real ones

COUNTS = {"adder_32bit.old": 32, "adder64": 63, "zero_equal": 63, "FP-eq": 196, "int_div16.old-with-or": 340}


@shared.needed
@pytest.mark.parametrize("name", COUNTS)
def test_small_ones(name: str) -> None:
    after, _ = proven(O2, circuit_of(shared.read(name)))
    assert after.and_gates == COUNTS[name]


@shared.needed
def test_equality_of_floats_made_smaller_still_knows_nan() -> None:
    """Numbers, zeros of both signs, infinities and NaNs, next to one another: as Python compares them."""
    after, _ = proven(O2, circuit_of(shared.read("FP-eq")))
    draw, pairs = random.Random(1), list[tuple[int, int]]()
    for _ in range(2000):
        a = draw.choice(
            (0, 0x7FF << 52, 0x7FF << 52 | 1 << draw.randrange(52), 1 << draw.randrange(52), draw.getrandbits(63))
        )
        pairs.append((a, draw.choice((a, a ^ 1 << 63, a ^ 1 << draw.randrange(64), 0x7FF << 52 | 1))))
    inputs = [sum((pair[side] >> i & 1) << v for v, pair in enumerate(pairs)) for side in (0, 1) for i in range(64)]
    equal = simulate(after, inputs, len(pairs))[0]
    for v, pair in enumerate(pairs):
        one, other = (struct.unpack("<d", struct.pack("<Q", n))[0] for n in pair)
        assert equal >> v & 1 == (one == other), pair


@shared.needed
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "count"),
    [("ModAdd512", 1540), ("FP-i2f", 641), ("mult64", 4033), ("FP-add", 5184), ("divide64", 4344), ("aes_128", 6400)],
)
def test_large_ones(name: str, count: int) -> None:
    after, _ = proven(O2, circuit_of(shared.read(name)))
    assert after.and_gates == count
