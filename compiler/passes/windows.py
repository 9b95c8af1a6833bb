"""What few nets decide, made of others that they decide: two ANDs and more by one AND of sums of nets that stay.

A window is the nets below an AND that nothing else needs, the nets that these read, and nets beside them that the same
ones decide.  All values of what decides them are tried, so that what cannot be at once (s x, and not s) is left out of
account.  Circuits are walked from the outputs down, since what has become unneeded above may free what is below.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from compiler.gates.circuit import Circuit, GateOp
from compiler.gates.graph import Graph, become, to_circuit
from compiler.gates.steps import Claims, check
from compiler.passes.base import Pass
from compiler.passes.network import Network
from compiler.passes.parts import variable
from compiler.passes.rewrite import saves

WIDEST = 6  # leaves
DIVISORS = 10  # nets of which sums are made, at most
READERS = 64  # of a net that is looked at for nets beside it
ROUNDS = 4  # at most; there are no more where one saves nothing


class Window(NamedTuple):
    """Sums are masks: bit 0 for 1, then the leaves, then the inner nets."""

    leaves: tuple[int, ...]
    inner: tuple[int, ...]  # nets that the leaves decide
    values: Sequence[int]  # of 1, the leaves and the inner nets, one bit for each of the leaves' values
    wanted: int


class Product(NamedTuple):
    """The product of two sums, and a sum."""

    left: int
    right: int
    rest: int


def windows(graph: Graph) -> None:
    circuit = to_circuit(graph)
    for _ in range(ROUNDS):
        after = resubstituted(circuit)
        if after.and_gates >= circuit.and_gates:
            break
        circuit = after
    become(graph, circuit)


def resubstituted(circuit: Circuit) -> Circuit:
    """After one walk over all ANDs; raises Unproved."""
    network = Network(circuit)
    leaves, inner, relied = dict[int, Sequence[int]](), dict[int, Sequence[int]](), set[int]()
    for net, gate in reversed([*enumerate(circuit.gates, 1 + circuit.inputs)]):
        if gate.op is GateOp.AND and network.count[net] and net not in relied:
            found = _resubstituted(network, net)
            if found is not None:
                leaves[net], inner[net] = found
                relied.update(network.met)
    made, images = network.circuit(net for nets in (*leaves.values(), *inner.values()) for net in nets)
    check(circuit, made, Claims(images, leaves, inner))
    needed, images = Network(made).circuit()
    check(made, needed, Claims(images, {}))
    return needed


def _resubstituted(network: Network, net: int) -> tuple[list[int], list[int]] | None:
    """The nets that decide it, and others by which it is told, if it was made anew."""
    alone = network.dropped(net)
    window = _window(network, net) if alone.ands > 1 else None
    network.taken(net)
    found = None if window is None else product_of(window)
    if window is None or found is None:
        return None

    def make() -> int:
        left, right = _sum(network, window, found.left), _sum(network, window, found.right)
        return network.xor(network.and_(left, right), _sum(network, window, found.rest))

    return None if network.remade(net, make, saves) is None else ([*window.leaves], [*window.inner])


def _sum(network: Network, window: Window, mask: int) -> int:
    total = mask & 1
    for i, net in enumerate((*window.leaves, *window.inner), 1):
        if mask >> i & 1:
            total = network.xor(total, 2 * net)
    return total


def _window(network: Network, net: int) -> Window | None:
    """Of a net that has been dropped, below which nothing has changed so far; None if there are too many leaves."""
    leaves, cone, waiting = set[int](), {net}, [net]
    while waiting:
        each = waiting.pop()
        for literal in network.operands(each):
            below = literal >> 1
            if network.count[below] or network.gates[below] is None:
                leaves.add(below)
            elif below not in cone:
                cone.add(below)
                waiting.append(below)
    leaves.discard(0)
    if len(leaves) > WIDEST:
        return None
    ordered = sorted(leaves)
    every = (1 << (1 << len(ordered))) - 1
    values = {0: 0} | {leaf: variable(i, 1 << len(ordered)) for i, leaf in enumerate(ordered)}
    inner = _beside(network, net, values, every)
    for each in sorted(cone):
        values[each] = network.value(each, values, every)
    return Window(tuple(ordered), tuple(inner), [every, *(values[n] for n in (*ordered, *inner))], values[net])


def _beside(network: Network, net: int, values: dict[int, int], every: int) -> list[int]:
    """Nets before it that those of which there are values decide, and that something else needs, with their values."""
    found, waiting = list[int](), sorted(values)
    while waiting and len(values) <= DIVISORS:
        each = waiting.pop(0)
        if len(network.readers[each]) > READERS:
            continue
        for reader in sorted(network.readers[each]):
            known = reader < net and network.count[reader] and reader not in values and len(values) <= DIVISORS
            if known and all(literal >> 1 in values for literal in network.operands(reader)):
                values[reader] = network.value(reader, values, every)
                found.append(reader)
                waiting.append(reader)
    return found


def product_of(window: Window) -> Product | None:
    """The wanted as a product of sums of at most two, and a sum: the first that is found."""
    rows = dict[int, tuple[int, int]]()  # by length in bits: what is left of a sum, and of which it is

    def reduced(value: int, mask: int) -> tuple[int, int]:
        while value and (row := rows.get(value.bit_length())) is not None:
            value, mask = value ^ row[0], mask ^ row[1]
        return value, mask

    independent = list[tuple[int, int]]()
    for i, value in enumerate(window.values):
        left, mask = reduced(value, 1 << i)
        if left:
            rows[left.bit_length()] = left, mask
            independent.append((value, 1 << i))
    wanted, mask = reduced(window.wanted, 0)
    if not wanted:
        return Product(0, 0, mask)
    single = independent[1:]
    sums = single + [(a ^ b, m ^ n) for (a, m), (b, n) in combinations(single, 2)]
    for (a, m), (b, n) in combinations(sums, 2):
        left, rest = reduced(a & b ^ wanted, mask)
        if not left:
            return Product(m, n, rest)
    return None


WINDOWS = Pass("windows", "what few nets decide by one AND of others, where it took more", windows, proved=True)
