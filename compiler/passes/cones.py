"""What a cone of gates computes, made anew by taking its function apart: up to ten nets that decide an AND.

So a carry that was made of products of all bits below becomes one of a bit and of the carry below.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from compiler.gates.circuit import Circuit, GateOp
from compiler.gates.graph import Graph, become, to_circuit
from compiler.gates.steps import Claims, check
from compiler.passes.base import Pass
from compiler.passes.distribute import distributed
from compiler.passes.network import Network
from compiler.passes.parts import Part, parts, variable
from compiler.passes.recipes import ands
from compiler.passes.rewrite import made, saves

WIDEST = 10  # leaves
BEYOND = 4  # more, on the way to where they meet again
TRIED = 3  # of a net, the largest first
ROUNDS = 12  # of either walk, at most; there are no more where one saves nothing
WORTH = 10  # kept where it saves a tenth of all ANDs


class Cone(NamedTuple):
    """Below a net: what it is made of, and how."""

    leaves: tuple[int, ...]  # nets, ascending
    function: int  # of these
    ands: int  # that nothing else reads


def cones(graph: Graph) -> bool:
    """Whether that saves much; else all is left as it is for recipes, which find more where little is to be had."""
    given = circuit = to_circuit(graph)
    for walk in (distributed, refactored):
        for _ in range(ROUNDS):
            before, circuit = circuit, walk(circuit)
            if circuit.and_gates >= before.and_gates:
                break
    worth = (given.and_gates - circuit.and_gates) * WORTH >= given.and_gates
    if worth:
        become(graph, circuit)
    return worth


def refactored(circuit: Circuit) -> Circuit:
    """After one walk over all nets, from the inputs up; raises Unproved."""
    network, given, depths = Network(circuit), Network(circuit), [0] * (1 + circuit.inputs)
    leaves, relied = dict[int, Sequence[int]](), set[int]()
    for net, (op, left, right) in enumerate(circuit.gates, 1 + circuit.inputs):
        depths.append(1 + max(depths[left >> 1], depths[right >> 1]))
        if network.count[net] and net not in relied and (op is GateOp.AND or not _within(given, net)):
            found = _refactored(network, net, _cones(given, net, depths))
            if found is not None:
                leaves[net] = found
                relied.update(network.met)
    after, images = network.circuit(leaf for decided in leaves.values() for leaf in decided)
    check(circuit, after, Claims(images, leaves))
    needed, images = Network(after).circuit()
    check(after, needed, Claims(images, {}))
    return needed


def _refactored(network: Network, net: int, cones: Sequence[Cone]) -> Sequence[int] | None:
    """The nets from which it has been made anew, if it was."""
    tried = list[tuple[int, Cone, list[Part]]]()
    for cone in reversed(cones):
        found = parts(cone.function, len(cone.leaves), cone.ands - 1)
        if found is not None:
            tried.append((cone.ands - sum(ands(part.function) for part in found), cone, found))
    for _, cone, found in sorted(tried, key=lambda one: -one[0])[:TRIED]:
        if _replaced(network, net, cone.leaves, found):
            return cone.leaves
    return None


def _within(network: Network, net: int) -> bool:
    """Whether a sum is but a part of another."""
    readers = [gate for n in network.readers[net] if network.count[n] and (gate := network.gates[n]) is not None]
    return network.count[net] == 1 and len(readers) == 1 and readers[0].op is GateOp.XOR


def _cones(network: Network, net: int, depths: Sequence[int]) -> list[Cone]:
    """Of nets that are not read from outside; the largest last."""
    leaves, inner, found = _read(network, net), {net}, list[Cone]()

    def more(each: int) -> int:
        return len(_read(network, each) - leaves) - 1

    network.dropped(net)
    while True:
        grown = [n for n in leaves if not network.count[n] and network.gates[n] is not None]
        each = min(grown, key=lambda n: (more(n), depths[n], n), default=0)
        if not each or len(leaves) + more(each) > WIDEST + BEYOND:
            network.taken(net)
            return found
        inner.add(each)
        leaves |= _read(network, each)
        leaves.discard(each)
        count = sum(gate.op is GateOp.AND for n in inner if (gate := network.gates[n]) is not None)
        if len(leaves) <= WIDEST and count > 1:
            found.append(Cone(tuple(sorted(leaves)), _function(network, sorted(leaves), sorted(inner)), count))


def _read(network: Network, net: int) -> set[int]:
    return {literal >> 1 for literal in network.operands(net)} - {0}


def _function(network: Network, leaves: Sequence[int], inner: Sequence[int]) -> int:
    """Of the last of the inner nets."""
    rows = 1 << len(leaves)
    values = {0: 0} | {leaf: variable(i, rows) for i, leaf in enumerate(leaves)}
    for each in inner:
        values[each] = network.value(each, values, (1 << rows) - 1)
    return values[inner[-1]]


def _replaced(network: Network, net: int, leaves: Sequence[int], found: Sequence[Part]) -> bool:
    """Whether that saves anything; else all is as it was."""

    def make() -> int:
        literals = [network.now(2 * leaf) for leaf in leaves]
        for operands, function in found:
            literals.append(made(network, [literals[i] for i in operands], function))
        return literals[-1]

    return network.remade(net, make, saves) is not None


CONES = Pass("cones", "what up to ten nets decide, taken apart", cones, proved=True)
