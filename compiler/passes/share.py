"""Structural hashing: of equal gates one is kept; of two ANDs that differ in one inversion, one and an XOR."""

from __future__ import annotations

from collections.abc import Mapping

from compiler.gates.circuit import Gate, GateOp
from compiler.gates.graph import Graph, sweep
from compiler.passes.base import Pass
from compiler.passes.fold import folded


def share(graph: Graph) -> None:
    """The normal form that `sweep` shows is the key; the earliest gate stays.

    Operands that have become one net fold at once, so that one sweep leaves nothing to share or fold.
    (not a) b = b + a b mod 2: where a value goes one of two ways, the other way costs nothing.
    """
    known: dict[Gate, int] = {}

    def simplify(net: int, gate: Gate) -> Gate | int:
        literal = folded(gate)
        if isinstance(literal, int):
            return literal
        if gate.op is GateOp.AND and gate not in known and (other := _by_twin(gate, known)):
            return other
        first = known.setdefault(gate, net)
        return gate if first == net else 2 * first

    sweep(graph, simplify)


def _by_twin(gate: Gate, known: Mapping[Gate, int]) -> Gate | None:
    """An XOR in its place, if the AND that has one of its operands inverted is there."""
    for literal, kept in (gate.left, gate.right), (gate.right, gate.left):
        twin = known.get(Gate(GateOp.AND, *sorted((literal ^ 1, kept))))
        if twin is not None:
            return Gate(GateOp.XOR, *sorted((kept, 2 * twin)))
    return None


SHARE = Pass("share", "equal gates are one gate, ANDs of a bit and of its inverse one AND", share)
