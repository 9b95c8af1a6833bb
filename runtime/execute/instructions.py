"""A kernel's circuit as a list of register instructions in which inversions cost nothing.

Each register holds its net or the net's complement; which one is known here, before anything runs.  So a XOR is one
XOR of registers whatever its literals are, and an AND is told which of its two operands to complement.

Of what the evaluator knows a register's label shows the value by its colour, so a register is never complemented by
adding Δ: an AND of which it knows an operand leaves out the constant, and its register holds the complement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.gates.circuit import GateOp
from compiler.gates.knowledge import Half, Knows, halves, knowledge, outputs
from compiler.schedule.plan import Kernel


@dataclass(frozen=True, slots=True)
class Xor:
    """register[out] = register[left] ^ register[right]; `out` may be an operand."""

    left: int
    right: int
    out: int


@dataclass(frozen=True, slots=True)
class And:
    """register[out] = (register[left] ^ invert_left) & (register[right] ^ invert_right); `out` may be an operand.

    Where a party knows an operand it is the right one.  Where it is the evaluator, and both are inverted, it is the
    complement of that.
    """

    left: int
    right: int
    out: int
    invert_left: bool
    invert_right: bool
    half: Half = Half.BOTH

    @property
    def complemented(self) -> bool:
        return self.half in (Half.EVALUATORS, Half.OWN) and self.invert_left and self.invert_right


@dataclass(frozen=True, slots=True)
class Program:
    """Output i is register outputs[i], complemented where inverted[i] is set; where shown[i] is, too, the evaluator
    knows it, and the colour of its label is to be the value."""

    instructions: tuple[Xor | And, ...]
    outputs: tuple[int, ...]
    inverted: tuple[bool, ...]
    shown: tuple[bool, ...]


_WHOSE = {  # who knows an operand
    Half.BOTH: Knows.NEITHER,
    Half.GARBLERS: Knows.GARBLER,
    Half.EVALUATORS: Knows.EVALUATOR,
    Half.OWN: Knows.EVALUATOR,
}


def program(kernel: Kernel) -> Program:
    """Fold every inversion of the kernel's circuit."""
    circuit, registers = kernel.circuit, kernel.registers
    complemented = [False] * len(registers)  # register[net] holds the complement of the net
    known, kinds = knowledge(circuit, kernel.known), halves(circuit, kernel.known)

    def operand(literal: int) -> tuple[int, bool]:
        return registers[literal >> 1], complemented[literal >> 1] ^ bool(literal & 1)

    instructions: list[Xor | And] = []
    for net, gate in enumerate(circuit.gates, 1 + circuit.inputs):
        (left, invert_left), (right, invert_right) = operand(gate.left), operand(gate.right)
        if gate.op is GateOp.XOR:
            instructions.append(Xor(left, right, registers[net]))
            complemented[net] = invert_left ^ invert_right
            continue
        half = next(kinds)
        if known[gate.left >> 1] & _WHOSE[half] and not known[gate.right >> 1] & _WHOSE[half]:
            left, invert_left, right, invert_right = right, invert_right, left, invert_left
        done = And(left, right, registers[net], invert_left, invert_right, half)
        instructions.append(done)
        complemented[net] = done.complemented
    found = [operand(literal) for literal in circuit.outputs]
    whose = outputs(circuit, kernel.known)
    shown = [bool(invert and who & Knows.EVALUATOR) for (_, invert), who in zip(found, whose, strict=True)]
    return Program(tuple(instructions), tuple(r for r, _ in found), tuple(i for _, i in found), tuple(shown))


class Programs:
    """A plan's kernels and their programs, each of which is made when it is first asked for."""

    def __init__(self, kernels: Sequence[Kernel]) -> None:
        self.kernels = kernels
        self._made: dict[int, Program] = {}

    @staticmethod
    def of(kernels: Sequence[Kernel] | Programs) -> Programs:
        """Those whose programs may have been made before, or new ones."""
        return kernels if isinstance(kernels, Programs) else Programs(kernels)

    def __getitem__(self, kernel: int) -> Program:
        if kernel not in self._made:
            self._made[kernel] = program(self.kernels[kernel])
        return self._made[kernel]
