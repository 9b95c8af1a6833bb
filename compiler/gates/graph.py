"""A circuit as a networkx graph, for passes that rewrite it in place.

Nodes are nets, numbered as in the circuit; a driven net carries its `gate`, whose operand nets are
its predecessors, and as its `origin` the number of that gate in the circuit it came from.  The graph's
own attributes are `inputs` and `outputs` (literals).
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any, TypeAlias

from networkx import DiGraph

from compiler.gates.circuit import Circuit, Gate, GateOp

Graph: TypeAlias = "DiGraph[int]"


def to_graph(circuit: Circuit) -> Graph:
    """As `add_nodes_from` and `add_edges_from` would make it, in a third of the time."""
    graph: Any = DiGraph(inputs=circuit.inputs, outputs=circuit.outputs)
    first = 1 + circuit.inputs
    graph.add_nodes_from(range(first))
    nodes, readers, read = graph._node, graph._succ, graph._pred
    for net, gate in enumerate(circuit.gates, first):
        nodes[net] = {"gate": gate, "origin": net - first}
        readers[net], read[net] = {}, {}
        for operand in {gate.left >> 1, gate.right >> 1}:
            readers[operand][net] = read[net][operand] = {}
    return graph


def to_circuit(graph: Graph) -> Circuit:
    """Gates in the order of their nets, which is topological and keeps what the builder put together."""
    inputs: int = graph.graph["inputs"]
    place = list(range(0, 2 + 2 * inputs, 2)) + [-1] * (max(graph.nodes) - inputs)  # net -> its plain literal
    gates: list[Gate] = []
    literal = 2 + 2 * inputs  # of the next gate
    for net, gate in driven(graph):
        op, left, right = gate
        a, b = place[left >> 1] | left & 1, place[right >> 1] | right & 1
        gates.append(gate if a == left and b == right else Gate(op, a, b))
        place[net] = literal
        literal += 2
    return Circuit(inputs, tuple(gates), tuple(place[literal >> 1] | literal & 1 for literal in outputs_of(graph)))


def become(graph: Graph, circuit: Circuit) -> None:
    """Put a circuit in the place of what the graph was."""
    made = to_graph(circuit)
    graph.clear()
    graph.update(made)
    graph.graph.update(made.graph)


def driven(graph: Graph) -> list[tuple[int, Gate]]:
    """The nets that gates drive and their gates, in ascending order: every gate after those it reads."""
    return [(net, gate) for net, gate in _nets(graph, "gate") if gate is not None]


def origins(graph: Graph) -> list[int]:
    """For each gate, ascending, its number in the circuit that the graph was made from; a new one has that of the
    gate before it."""
    found: list[int] = []
    for net, origin in _nets(graph, "origin"):
        if net > graph.graph["inputs"]:
            found.append(origin if origin is not None else found[-1] if found else 0)
    return found


def _nets(graph: Graph, what: str) -> list[tuple[int, Any]]:
    """Every net and what it carries under this name (None if nothing), ascending."""
    nodes: Any = graph.nodes(data=what)
    return sorted(nodes, key=itemgetter(0))


def outputs_of(graph: Graph) -> tuple[int, ...]:
    outputs: tuple[int, ...] = graph.graph["outputs"]
    return outputs


def sweep(graph: Graph, simplify: Callable[[int, Gate], Gate | int]) -> None:
    """Visit every gate after those it reads: `simplify` gives the gate to stand there, or a literal that equals it.

    The gate is shown in normal form: operands already replaced and in ascending order, the
    inversions of an XOR moved to its readers.  A new gate may read earlier nets only.
    """
    instead: dict[int, int] = {}  # of each net that has been replaced or inverted, the literal that its plain one is
    nodes, now = graph.nodes, instead.get
    for net, before in driven(graph):
        op, left, right = before
        if instead:
            left, right = now(left >> 1, left & ~1) ^ left & 1, now(right >> 1, right & ~1) ^ right & 1
        inverted = 0
        if op is GateOp.XOR:
            inverted = (left ^ right) & 1
            left, right = left & ~1, right & ~1
        if left > right:
            left, right = right, left
        gate = before if left == before.left and right == before.right else Gate(op, left, right)
        after = simplify(net, gate)
        if isinstance(after, int):
            instead[net] = after ^ inverted
            graph.remove_node(net)
            continue
        if inverted:
            instead[net] = 2 * net + 1
        if after is not before:
            nodes[net]["gate"] = after
            _rewire(graph, net, after)
    graph.graph["outputs"] = tuple(now(literal >> 1, literal & ~1) ^ literal & 1 for literal in outputs_of(graph))


def _rewire(graph: Graph, net: int, gate: Gate) -> None:
    wanted = {gate.left >> 1, gate.right >> 1}
    present = set(graph.pred[net])
    if present != wanted:
        graph.remove_edges_from([(source, net) for source in present - wanted])
        graph.add_edges_from((source, net) for source in wanted - present)
