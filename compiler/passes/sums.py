"""ANDs that are sums, mod 2, of nets before them: samples suggest which, and a SAT solver decides.

An AND that is always false, one that is made in another way elsewhere, the OR of two that exclude one another: each is
a sum of some others, which is free.  That takes in what cannot happen: the samples are of the circuit's
inputs, and so is the proof.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import closing
from functools import reduce

from compiler.gates.circuit import FALSE, Circuit, GateOp
from compiler.gates.graph import Graph, become, to_circuit
from compiler.gates.prover import ONE, Prover
from compiler.gates.simulate import simulate
from compiler.gates.steps import Claims, check
from compiler.passes.base import SEED, Pass
from compiler.passes.network import Network, Work
from compiler.passes.rewrite import XORS
from compiler.passes.samples import like, samples
from compiler.passes.span import Span, transposed

NETS = 8  # of which an AND may be the sum
NEAREST = 4  # nets from which a sum of three and more is looked for
CONFLICTS = 100  # of the solver, for one question
TOGETHER = 1 << 16  # and for all, after which nothing more is asked
LIKE = 16  # samples for each question that was answered by one: that, and some like it
ROUNDS = 4  # at most; there are no more where one saves less than a `WORTH`th of the ANDs
WORTH = 200


def sums(graph: Graph) -> None:
    circuit, draw = to_circuit(graph), random.Random(SEED)
    inputs = samples(circuit.inputs, 2 * (1 + circuit.inputs + circuit.and_gates), draw)
    for _ in range(ROUNDS):
        before, circuit = circuit, summed(circuit, inputs, draw)
        if (before.and_gates - circuit.and_gates) * WORTH < before.and_gates:
            break
    become(graph, circuit)


def summed(circuit: Circuit, inputs: list[int], draw: random.Random) -> Circuit:
    """After one walk over all ANDs, with samples for these inputs, to which others come; raises MissingSolver,
    Unproved."""
    with closing(Prover(circuit)) as prover:
        _Search(prover, inputs, draw).run()
        return applied(prover)


def applied(prover: Prover) -> Circuit:
    """With the ANDs that are proved to be sums made as such, where that takes few XORs."""
    circuit = prover.circuit
    network, leaves, spare = Network(circuit), dict[int, Sequence[int]](), 0
    for net, literals in prover.sums.items():
        left = replaced(network, net, literals, spare) if network.count[net] else None
        if left is not None:
            leaves[net], spare = [literal >> 1 for literal in literals], left
    made, images = network.circuit(leaf for decided in leaves.values() for leaf in decided)
    check(circuit, made, Claims(images, leaves), prover)
    needed, images = Network(made).circuit()
    check(made, needed, Claims(images, {}))
    return needed


def replaced(network: Network, net: int, literals: Sequence[int], spare: int) -> int | None:
    """How many XORs may still be spent then, of as many as there were and what this saves; None if it takes too many,
    and is not done."""

    def make() -> int:
        return reduce(lambda total, term: network.xor(total, network.now(term)), literals, FALSE)

    def left(saved: Work) -> int:
        return spare + XORS * saved.ands + saved.xors

    saved = network.remade(net, make, lambda saved: left(saved) >= 0)
    return None if saved is None else left(saved)


class _Search:
    """Over one circuit, net by net."""

    def __init__(self, prover: Prover, inputs: list[int], draw: random.Random) -> None:
        self._prover, self._inputs, self._draw, self._span = prover, inputs, draw, Span()
        self._first: dict[int, int] = {}  # a literal that is this sum, by the sum without its 1
        self._by_last: dict[int, list[int]] = {}  # the sums by their length in bits
        values = self._simulated(inputs)
        self._ands = {  # the values of those to come, by net
            net: values[net]
            for net, gate in enumerate(prover.circuit.gates, 1 + prover.circuit.inputs)
            if gate.op is GateOp.AND
        }
        for net in self._prover.columns:
            self._add(values[net] if net else (1 << len(inputs)) - 1, 1 << net)
        for net, form in enumerate(self._prover.forms):
            self._register(net, form)

    def run(self) -> None:
        for gate in self._prover.circuit.gates:
            net = self._prover.take()
            if gate.op is GateOp.AND:
                self._and(net)
            self._register(net, self._prover.forms[net])

    def _and(self, net: int) -> None:
        own = self._prover.forms[net]
        while True:
            rest = self._add(self._ands[net], own)
            literals = None if rest is None else self._expressed(rest ^ own)
            if literals is None or self._prover.conflicts > TOGETHER:
                break
            answer = self._prover.ask(literals, CONFLICTS)
            if isinstance(answer, bool):
                break
            self._learn(answer)
        del self._ands[net]

    def _add(self, values: int, mask: int) -> int | None:
        """The mask of those that these values are the sum of, if they are."""
        values, mask = self._span.reduced(values, mask)
        if values:
            self._span.add(values, mask)
            return None
        return mask

    def _register(self, net: int, form: int) -> None:
        if form & ~ONE not in self._first:
            self._first[form & ~ONE] = 2 * net ^ form & ONE
            self._by_last.setdefault(form.bit_length(), []).append(form & ~ONE)

    def _expressed(self, form: int) -> list[int] | None:
        """The sum as one of few nets, as literals; None where there is none, or it is not found."""
        parts = self._parts(form & ~ONE, NETS)
        if parts is None:
            return None
        literals = [self._first[part] for part in parts] or [FALSE]
        literals[0] ^= form & ONE
        return literals

    def _parts(self, form: int, most: int) -> list[int] | None:
        if not form or form in self._first:
            return [form] if form else []
        near = self._by_last.get(form.bit_length(), []) if most > 1 else []
        for part in near:
            if form ^ part in self._first:
                return [part, form ^ part]
        for part in sorted(near, key=lambda part: (form ^ part).bit_count())[: NEAREST if most > 2 else 0]:
            rest = self._parts(form ^ part, most - 1)
            if rest is not None:
                return [part, *rest]
        return None

    def _learn(self, refuted: Sequence[int]) -> None:
        """From inputs that refute what the samples had suggested, and from some like them."""
        one = sum(bit << i for i, bit in enumerate(refuted))
        inputs = [one, *(like(one, len(refuted), self._draw) for _ in range(LIKE - 1))]
        self._inputs += inputs
        fresh = self._simulated(inputs)
        for net, values in self._ands.items():
            self._ands[net] = values << LIKE | fresh[net]
        fresh[0] = (1 << LIKE) - 1
        self._span.extend(transposed([fresh[net] for net in self._prover.columns], LIKE))

    def _simulated(self, inputs: Sequence[int]) -> list[int]:
        """The values of every net."""
        circuit = self._prover.circuit
        every = range(0, 2 * (1 + circuit.inputs + len(circuit.gates)), 2)
        rows = transposed(inputs, circuit.inputs)
        return simulate(Circuit(circuit.inputs, circuit.gates, tuple(every)), rows, len(inputs))


SUMS = Pass("sums", "ANDs that are sums of other nets, whatever the inputs", sums, proved=True)
