"""Gates that no output needs."""

from __future__ import annotations

from compiler.gates.graph import Graph, driven, outputs_of
from compiler.passes.base import Pass


def prune(graph: Graph) -> None:
    needed = {literal >> 1 for literal in outputs_of(graph)}
    for net, gate in reversed(driven(graph)):
        if net in needed:
            needed.add(gate.left >> 1)
            needed.add(gate.right >> 1)
        else:
            graph.remove_node(net)


PRUNE = Pass("prune", "gates that no output needs", prune)
