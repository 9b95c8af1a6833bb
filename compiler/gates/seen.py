"""A proof that no output sees whether a net is what it is, or another one: the circuit beside itself, as it would be
then, and a solver that finds no inputs for which the outputs differ."""

from __future__ import annotations

from contextlib import closing

from compiler.gates.circuit import TRUE, Circuit, Gate, GateOp
from compiler.gates.prover import Prover


def unseen(circuit: Circuit, net: int, literal: int, conflicts: int) -> bool | list[int]:
    """Whether the outputs stay for all inputs where the net is this literal, of a net before it.

    True if that is proved; inputs for which they do not, if there are any; False if so many conflicts do not decide.
    Raises MissingSolver.
    """
    with closing(Prover(_both(circuit, net, literal))) as prover:
        for _ in prover.circuit.gates:
            prover.take()
        return prover.ask([TRUE], conflicts)


def _both(circuit: Circuit, net: int, literal: int) -> Circuit:
    """Whose last net is whether all outputs are the same."""
    first, gates = 1 + circuit.inputs, [*circuit.gates]
    other = {net: literal}  # by net, where it is not what it was

    def add(op: GateOp, left: int, right: int) -> int:
        gates.append(Gate(op, left, right))
        return 2 * (circuit.inputs + len(gates))

    for each, (op, *operands) in enumerate(circuit.gates, first):
        if each != net and any(n >> 1 in other for n in operands):
            left, right = (other[n >> 1] ^ n & 1 if n >> 1 in other else n for n in operands)
            other[each] = add(op, left, right)
    same = TRUE
    for each in {n >> 1 for n in circuit.outputs if n >> 1 in other}:
        same = add(GateOp.AND, same, add(GateOp.XOR, 2 * each, other[each]) ^ 1)
    if same == TRUE:
        add(GateOp.AND, TRUE, TRUE)
    return Circuit(circuit.inputs, tuple(gates), ())
