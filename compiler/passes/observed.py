"""ANDs of which no output sees whether they are there: what else decides the outputs has the last word.

Whether two equal numbers are no numbers, one of them tells.  Samples of the inputs suggest such an AND, changed alone
and followed to the outputs; a solver proves it (`gates/seen.py`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush

from compiler.gates.circuit import FALSE, TRUE, Circuit, GateOp
from compiler.gates.graph import Graph, become, to_circuit
from compiler.gates.seen import unseen
from compiler.gates.simulate import simulate
from compiler.passes.base import SEED, Pass
from compiler.passes.network import Network
from compiler.passes.samples import like, samples
from compiler.passes.span import transposed

SAMPLES = 1024
LIKE = 64  # samples for each question that was answered by one: that, and some like it
FOLLOWED = 1 << 21  # gates, on the way from ANDs to outputs
ASKED = 1 << 17  # gates of circuits that the solver is asked about, counted for each question
CONFLICTS = 1000  # of the solver, for one question

_Change = tuple[int, int]  # a net, and a literal in its place


def observed(graph: Graph) -> None:
    circuit, draw = to_circuit(graph), random.Random(SEED)
    inputs = samples(circuit.inputs, SAMPLES, draw)
    seen = _Seen(circuit, inputs, FOLLOWED)
    waiting = _ordered(circuit, seen.changes())
    asked = 0
    while waiting and asked < ASKED:
        net, literal = waiting.pop(0)
        asked += len(circuit.gates)
        answer = unseen(circuit, net, literal, CONFLICTS)
        if answer is True:
            circuit = without(circuit, net, literal)
            seen = _Seen(circuit, inputs, seen.left)
            waiting = _ordered(circuit, seen.changes())
        elif isinstance(answer, list):
            one = sum(bit << i for i, bit in enumerate(answer))
            fresh = [one, *(like(one, len(answer), draw) for _ in range(LIKE - 1))]
            inputs += fresh
            now = _Seen(circuit, fresh, FOLLOWED)
            waiting = [change for change in waiting if now.unseen(*change)]
    become(graph, circuit)


def without(circuit: Circuit, net: int, literal: int) -> Circuit:
    network = Network(circuit)
    network.remade(net, lambda: literal, lambda saved: True)
    return network.circuit()[0]


def _ordered(circuit: Circuit, changes: Iterator[_Change]) -> list[_Change]:
    """Those first with which most goes."""
    network, found = Network(circuit), list[tuple[int, _Change]]()
    for net, literal in changes:
        found.append((-network.dropped(net).ands, (net, literal)))
        network.taken(net)
    return [change for _, change in sorted(found)]


class _Seen:
    """What changes of single nets do to the outputs, for some inputs."""

    def __init__(self, circuit: Circuit, inputs: Sequence[int], left: int) -> None:
        self.left = left  # gates that may still be followed
        self._circuit, self._first = circuit, 1 + circuit.inputs
        self._every = (1 << len(inputs)) - 1
        nets = range(0, 2 * (self._first + len(circuit.gates)), 2)
        rows = transposed(inputs, circuit.inputs)
        self._values = simulate(Circuit(circuit.inputs, circuit.gates, tuple(nets)), rows, len(inputs))
        self._outputs = {literal >> 1 for literal in circuit.outputs}
        self._readers: list[list[int]] = [[] for _ in nets]
        for net, (_, left_, right) in enumerate(circuit.gates, self._first):
            for operand in {left_ >> 1, right >> 1}:
                self._readers[operand].append(net)

    def changes(self) -> Iterator[_Change]:
        """Constants and operands that an AND may be, for all that is seen."""
        for net, gate in enumerate(self._circuit.gates, self._first):
            if gate.op is GateOp.AND:
                for literal in (FALSE, TRUE, *gate[1:]):
                    if self.left > 0 and self.unseen(net, literal):
                        yield net, literal

    def unseen(self, net: int, literal: int) -> bool:
        changed = {net: self._at(literal, {})}
        if net in self._outputs and changed[net] != self._values[net]:
            return False
        waiting = [*self._readers[net]] if changed[net] != self._values[net] else []
        heapify(waiting)
        while waiting:
            each = heappop(waiting)
            if each in changed:
                continue
            self.left -= 1
            op, left, right = self._circuit.gates[each - self._first]
            a, b = self._at(left, changed), self._at(right, changed)
            changed[each] = a & b if op is GateOp.AND else a ^ b
            if changed[each] != self._values[each]:
                if each in self._outputs:
                    return False
                for reader in self._readers[each]:
                    heappush(waiting, reader)
        return True

    def _at(self, literal: int, changed: dict[int, int]) -> int:
        return changed.get(literal >> 1, self._values[literal >> 1]) ^ self._every * (literal & 1)


OBSERVED = Pass("observed", "ANDs of which no output sees whether they are there", observed, proved=True)
