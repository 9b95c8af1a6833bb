"""Constants, and gates whose two operands are one net."""

from __future__ import annotations

from compiler.gates.circuit import FALSE, TRUE, Gate, GateOp, negate
from compiler.gates.graph import Graph, driven, sweep
from compiler.passes.base import Pass


def fold(graph: Graph) -> bool:
    """What the builder has made has nothing to fold, and is left as it is."""
    needed = any(left <= TRUE or right <= TRUE or left >> 1 == right >> 1 for _, (_, left, right) in driven(graph))
    if needed:
        sweep(graph, lambda _, gate: folded(gate))
    return needed


def folded(gate: Gate) -> Gate | int:
    """The literal that the gate always equals, if its operands alone say so."""
    return _xor(gate) if gate.op is GateOp.XOR else _and(gate)


def _xor(gate: Gate) -> Gate | int:
    _, left, right = gate
    if left >> 1 == right >> 1:
        return left ^ right  # 0 or 1, which are the literals FALSE and TRUE
    if left <= TRUE:
        return right ^ left
    if right <= TRUE:
        return left ^ right
    return gate


def _and(gate: Gate) -> Gate | int:
    _, left, right = gate
    if FALSE in (left, right) or left == negate(right):
        return FALSE
    if left in (TRUE, right):
        return right
    return left if right == TRUE else gate


FOLD = Pass("fold", "constants and repeated operands through gates", fold)
