"""Cuts of a circuit: at most five nets that together decide another, and the function by which they do."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from compiler.gates.circuit import Circuit, GateOp
from compiler.passes.recipes import ALL, INPUTS, ROWS

KEPT = 12  # of each net, those of fewest leaves first


class Cut(NamedTuple):
    leaves: tuple[int, ...]  # nets, ascending
    function: int  # of `VARIABLES`, the first ones the leaves


def cuts(circuit: Circuit, most: int) -> list[list[Cut]]:
    """Of every net, of so many leaves at most; the net itself last."""
    found: list[list[Cut]] = [[Cut((), 0)]]
    found += [[Cut((1 + i,), INPUTS[0])] for i in range(circuit.inputs)]
    for net, (op, left, right) in enumerate(circuit.gates, 1 + circuit.inputs):
        flips = ALL * (left & 1), ALL * (right & 1)
        made: dict[tuple[int, ...], int] = {}
        above = [(b, frozenset(b.leaves)) for b in found[right >> 1]]
        for a in found[left >> 1]:
            own = frozenset(a.leaves)
            for b, others in above:
                together = own | others
                if len(together) > most:
                    continue
                leaves = tuple(sorted(together))
                if leaves not in made:
                    x = spread(a.function, _places(a.leaves, leaves)) ^ flips[0]
                    y = spread(b.function, _places(b.leaves, leaves)) ^ flips[1]
                    made[leaves] = x & y if op is GateOp.AND else x ^ y
        kept = sorted(made.items(), key=lambda cut: (len(cut[0]), cut[0]))[:KEPT]
        found.append([*(Cut(leaves, function) for leaves, function in kept), Cut((net,), INPUTS[0])])
    return found


def _places(leaves: tuple[int, ...], among: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(among.index, leaves))


@lru_cache(maxsize=1 << 16)
def spread(function: int, places: tuple[int, ...]) -> int:
    """The function whose variable places[i] is what variable i was."""
    if places == tuple(range(len(places))):
        return function
    total = 0
    for v in range(ROWS):
        row = sum((v >> place & 1) << i for i, place in enumerate(places))
        total |= (function >> row & 1) << v
    return total
