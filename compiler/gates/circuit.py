"""A Boolean circuit over flat integer nets: the body of one kernel.

Net 0 is the constant false, nets 1..inputs are the inputs, gate i drives net 1 + inputs + i and
reads only earlier nets.  A *literal* is 2 * net + inverted, so that NOT is free and never a gate.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from operator import itemgetter
from typing import NamedTuple

FALSE = 0  # literals of the constant net
TRUE = 1


class GateOp(IntEnum):
    XOR = 0
    AND = 1


class Gate(NamedTuple):
    op: GateOp
    left: int  # literals
    right: int


@dataclass(frozen=True, slots=True)
class Circuit:
    inputs: int
    gates: tuple[Gate, ...]
    outputs: tuple[int, ...]  # literals

    @property
    def and_gates(self) -> int:
        return [*map(itemgetter(0), self.gates)].count(GateOp.AND)

    @property
    def xor_gates(self) -> int:
        return len(self.gates) - self.and_gates


def and_depth(circuit: Circuit) -> int:
    """AND gates on the longest path from an input to an output."""
    depth = [0] * (1 + circuit.inputs)
    for op, left, right in circuit.gates:
        depth.append(max(depth[left >> 1], depth[right >> 1]) + (op is GateOp.AND))
    return max((depth[literal >> 1] for literal in circuit.outputs), default=0)


def negate(literal: int) -> int:
    return literal ^ 1
