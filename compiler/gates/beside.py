"""A proof that a circuit is another made anew, from what the other's ANDs are: sums, mod 2, of nets of both.

Both stand beside one another, over the same inputs, as one circuit; a solver decides each sum, and algebra the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import NamedTuple

from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.gates.prover import Prover
from compiler.gates.steps import Unproved

CONFLICTS = 1 << 16  # for one sum, of few ANDs


class Sum(NamedTuple):
    """Literals of the circuit made anew, and of the other, of nets before the one that is their sum."""

    made: Sequence[int]
    beside: Sequence[int] = ()


def check(before: Circuit, after: Circuit, sums: Mapping[int, Sum]) -> None:
    """`sums` has what ANDs of `before` are, by their nets; Raises Unproved, MissingSolver."""
    shift = len(after.gates)

    def moved(literal: int) -> int:
        return literal + 2 * shift if literal >> 1 > before.inputs else literal

    gates = (Gate(op, moved(left), moved(right)) for op, left, right in before.gates)
    with closing(Prover(Circuit(before.inputs, (*after.gates, *gates), ()))) as prover:
        for _ in after.gates:
            prover.take()
        for gate in before.gates:
            net = prover.take() - shift
            if gate.op is GateOp.AND and net in sums:
                literals = [*sums[net].made, *map(moved, sums[net].beside)]
                if prover.ask(literals, CONFLICTS) is not True:
                    raise Unproved(net)
        for old, new in zip(before.outputs, after.outputs, strict=True):
            if prover.form(moved(old)) != prover.form(new):
                raise Unproved(old >> 1)
