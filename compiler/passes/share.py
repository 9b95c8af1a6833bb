"""Structural hashing: of equal gates one is kept."""

from __future__ import annotations

from compiler.gates.circuit import Gate
from compiler.gates.graph import Graph, sweep
from compiler.passes.base import Pass
from compiler.passes.fold import folded


def share(graph: Graph) -> None:
    """The normal form that `sweep` shows is the key; the earliest gate stays.

    Operands that have become one net fold at once, so that one sweep leaves nothing to share or fold.
    """
    known: dict[Gate, int] = {}

    def simplify(net: int, gate: Gate) -> Gate | int:
        literal = folded(gate)
        if isinstance(literal, int):
            return literal
        first = known.setdefault(gate, net)
        return gate if first == net else 2 * first

    sweep(graph, simplify)


SHARE = Pass("share", "equal gates are one gate", share)
