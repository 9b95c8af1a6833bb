"""Single gates, well-formedness, simulation, the graph form."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lanes import block, circuits, vectors, whole
from support.vectors import pack, run_vectors, unpack

from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, TRUE, Circuit, Gate, GateOp, negate
from compiler.gates.graph import to_circuit, to_graph
from compiler.gates.simulate import simulate
from compiler.gates.verify import Malformed, verify
from compiler.words.ir import Type, Value, full_range
from compiler.words.operations import Xor

OPERANDS = [FALSE, TRUE, 2, 3, 4, 5]  # constants, and two inputs with their inverses


def value(literal: int, bits: tuple[int, ...]) -> int:
    return (0, *bits)[literal >> 1] ^ (literal & 1)


@pytest.mark.parametrize(
    ("name", "meaning"), [("xor", lambda a, b: a ^ b), ("and_", lambda a, b: a & b), ("or_", lambda a, b: a | b)]
)
def test_builder_gates_on_all_operands(name: str, meaning: object) -> None:
    assert callable(meaning)
    for left, right in product(OPERANDS, repeat=2):
        builder = Builder(2)
        circuit = builder.circuit([getattr(builder, name)(left, right)])
        assert len(circuit.gates) == int(left > TRUE and right > TRUE and left >> 1 != right >> 1)
        for bits in product((0, 1), repeat=2):
            assert simulate(circuit, bits, 1) == [meaning(value(left, bits), value(right, bits))]


def test_builder_mux_on_all_operands() -> None:
    for condition, then, other in product(OPERANDS, OPERANDS, OPERANDS):
        builder = Builder(2)
        circuit = builder.circuit([builder.mux(condition, then, other)])
        assert circuit.and_gates <= 1
        for bits in product((0, 1), repeat=2):
            chosen = then if value(condition, bits) else other
            assert simulate(circuit, bits, 1) == [value(chosen, bits)]


@pytest.mark.parametrize("count", range(5))
def test_builder_reductions(count: int) -> None:
    builder = Builder(count)
    literals = [builder.input(i) for i in range(count)]
    circuit = builder.circuit([builder.all(literals), builder.any(literals), builder.parity(literals)])
    for bits in product((0, 1), repeat=count):
        assert simulate(circuit, bits, 1) == [int(all(bits)), int(any(bits)), sum(bits) % 2]


@pytest.mark.parametrize(
    ("circuit", "gate"),
    [
        (Circuit(1, (Gate(GateOp.AND, 2, 4),), ()), 0),  # reads its own net
        (Circuit(1, (Gate(GateOp.XOR, 2, 2), Gate(GateOp.AND, 4, 7)), ()), 1),  # reads a later net
        (Circuit(1, (Gate(GateOp.XOR, -1, 2),), ()), 0),
        (Circuit(1, (), (4,)), None),
        (Circuit(-1, (), ()), None),
    ],
)
def test_verify_names_the_gate(circuit: Circuit, gate: int | None) -> None:
    with pytest.raises(Malformed) as caught:
        verify(circuit)
    assert caught.value.gate == gate
    assert gate is None or f"gate {gate}" in str(caught.value)


def test_simulate_counts_its_inputs() -> None:
    with pytest.raises(ValueError, match="2 inputs, 1 were given"):
        simulate(Circuit(2, (), ()), [0], 1)


@given(st.integers(1, 70), st.booleans(), st.integers(1, 20))
def test_pack_and_unpack(width: int, signed: bool, count: int) -> None:
    t = Type((2, 3), Fraction(1), *full_range(width, signed))
    [array] = vectors([t], count)
    assert unpack(pack(array, t), t, count).tolist() == array.tolist()


def test_ports_and_results_are_row_major_and_lsb_first() -> None:
    lane = block([whole(2, False, 2)], Value(Xor(), (0, 0), whole(2, False, 2)), results=(0,))
    circuit = Circuit(4, (), (2, 4, 6, 8))
    assert run_vectors(circuit, lane, [np.array([[1, 2]])])[0].tolist() == [[1, 2]]
    assert [bits & 1 for bits in pack(np.array([[1, 2]]), lane.params[0])] == [1, 0, 0, 1]


@settings(deadline=None)
@given(circuits())
def test_graph_round_trip(circuit: Circuit) -> None:
    graph = to_graph(circuit)
    assert to_circuit(graph) == circuit
    assert nx.is_directed_acyclic_graph(graph)
    slowly = nx.DiGraph(inputs=circuit.inputs, outputs=circuit.outputs)
    slowly.add_nodes_from(range(1 + circuit.inputs))
    for number, gate in enumerate(circuit.gates):
        net = 1 + circuit.inputs + number
        slowly.add_node(net, gate=gate, origin=number)
        slowly.add_edges_from([(gate.left >> 1, net), (gate.right >> 1, net)])
    assert nx.utils.graphs_equal(graph, slowly)
    for net, gate in enumerate(circuit.gates, 1 + circuit.inputs):
        assert set(graph.predecessors(net)) == {gate.left >> 1, gate.right >> 1}


def test_negate() -> None:
    assert (negate(FALSE), negate(TRUE), negate(6)) == (TRUE, FALSE, 7)
