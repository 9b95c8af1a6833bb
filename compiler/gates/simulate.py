"""A circuit run on many assignments at once: one bit of a Python integer for each assignment."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.gates.circuit import Circuit, GateOp


def simulate(circuit: Circuit, inputs: Sequence[int], count: int) -> list[int]:
    """The outputs for `count` assignments; bit v of `inputs[i]` is input i in assignment v."""
    if len(inputs) != circuit.inputs:
        raise ValueError(f"the circuit has {circuit.inputs} inputs, {len(inputs)} were given")
    mask = (1 << count) - 1
    nets = [0, *inputs]
    for op, left, right in circuit.gates:
        a = nets[left >> 1] ^ mask if left & 1 else nets[left >> 1]
        b = nets[right >> 1] ^ mask if right & 1 else nets[right >> 1]
        nets.append(a & b if op is GateOp.AND else a ^ b)
    return [nets[literal >> 1] ^ (mask if literal & 1 else 0) for literal in circuit.outputs]
