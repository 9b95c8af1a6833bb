"""A kernel's circuit as a list of register instructions in which inversions cost nothing.

Each register holds its net or the net's complement; which one is known here, before anything runs.  So a XOR is one
XOR of registers whatever its literals are, and an AND is told which of its two operands to complement.
"""

from __future__ import annotations

from dataclasses import dataclass

from compiler.gates.circuit import GateOp
from compiler.schedule.plan import Kernel


@dataclass(frozen=True, slots=True)
class Xor:
    """register[out] = register[left] ^ register[right]; `out` may be an operand."""

    left: int
    right: int
    out: int


@dataclass(frozen=True, slots=True)
class And:
    """register[out] = (register[left] ^ invert_left) & (register[right] ^ invert_right); `out` may be an operand."""

    left: int
    right: int
    out: int
    invert_left: bool
    invert_right: bool


@dataclass(frozen=True, slots=True)
class Program:
    """Output i is register outputs[i], complemented where inverted[i] is set."""

    instructions: tuple[Xor | And, ...]
    outputs: tuple[int, ...]
    inverted: tuple[bool, ...]


def program(kernel: Kernel) -> Program:
    """Fold every inversion of the kernel's circuit."""
    circuit, registers = kernel.circuit, kernel.registers
    complemented = [False] * len(registers)  # register[net] holds the complement of the net

    def operand(literal: int) -> tuple[int, bool]:
        return registers[literal >> 1], complemented[literal >> 1] ^ bool(literal & 1)

    instructions: list[Xor | And] = []
    for net, gate in enumerate(circuit.gates, 1 + circuit.inputs):
        (left, invert_left), (right, invert_right) = operand(gate.left), operand(gate.right)
        if gate.op is GateOp.AND:
            instructions.append(And(left, right, registers[net], invert_left, invert_right))
        else:
            instructions.append(Xor(left, right, registers[net]))
            complemented[net] = invert_left ^ invert_right
    outputs = [operand(literal) for literal in circuit.outputs]
    return Program(tuple(instructions), tuple(r for r, _ in outputs), tuple(i for _, i in outputs))
