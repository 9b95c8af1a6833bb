"""Netlists of others as circuits, and circuits as the text of either Bristol format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, TRUE, Circuit, negate
from compiler.gates.netlist import Netlist


def circuit_of(netlist: Netlist) -> Circuit:
    """The same function of the same bits; inversions, copies and constants take no gates."""
    builder = Builder(sum(netlist.inputs))
    literals = [FALSE] * netlist.wires
    literals[: builder.inputs] = map(builder.input, range(builder.inputs))
    for op, left, right, wire in netlist.gates:
        match op:
            case "XOR":
                literals[wire] = builder.xor(literals[left], literals[right])
            case "AND":
                literals[wire] = builder.and_(literals[left], literals[right])
            case "OR":
                literals[wire] = builder.or_(literals[left], literals[right])
            case "INV":
                literals[wire] = negate(literals[left])
            case "EQW":
                literals[wire] = literals[left]
            case "EQ":
                literals[wire] = TRUE if left else FALSE
            case _:
                assert_never(op)
    return builder.circuit(literals[netlist.wires - sum(netlist.outputs) :])


def fashion(circuit: Circuit, inputs: Sequence[int], outputs: Sequence[int]) -> str:
    """Bristol Fashion, whose inputs and outputs have these widths: reading it gives the same circuit."""
    made = _Writer(circuit, old=False)
    words = [" ".join(map(str, (len(widths), *widths))) for widths in (inputs, outputs)]
    return "\n".join([made.sizes, *words, "", *made.lines(), ""])


def old(circuit: Circuit, inputs: Sequence[int]) -> str:
    """The old format, which has one output, at most two inputs, and no constants of its own: there must be an input."""
    made = _Writer(circuit, old=True)
    first, second = (*inputs, 0)[:2]
    return "\n".join([made.sizes, f"{first} {second} {len(circuit.outputs)}", "", *made.lines(), ""])


class _Writer:
    """Gates as lines: the last wires are the outputs, one each, and an inversion is made once."""

    def __init__(self, circuit: Circuit, old: bool) -> None:
        self._old = old
        self._inputs, self._outputs = circuit.inputs, len(circuit.outputs)
        self._gates: list[tuple[str, tuple[int, ...], int]] = []
        self._inner = 0  # wires that are neither of an input nor of an output
        self._wires = {2 * (1 + i): i for i in range(circuit.inputs)}  # by literal; an output's is -1 - its position
        first, own = 2 * (1 + circuit.inputs), dict[int, int]()  # the output that a gate drives itself
        for position, literal in enumerate(circuit.outputs):
            if literal >= first and not literal & 1:
                own.setdefault(literal, position)
        for literal, (op, left, right) in zip(range(first, 1 << 62, 2), circuit.gates, strict=False):
            operands = self._wire(left), self._wire(right)
            self._wires[literal] = -1 - own[literal] if literal in own else self._new()
            self._gates.append((op.name, operands, self._wires[literal]))
        for position, literal in enumerate(circuit.outputs):
            if own.get(literal) != position:
                self._make(literal, -1 - position)

    @property
    def sizes(self) -> str:
        return f"{len(self._gates)} {self._inputs + self._inner + self._outputs}"

    def lines(self) -> list[str]:
        last = self._inputs + self._inner
        place = [*range(last), *range(last + self._outputs - 1, last - 1, -1)]  # by number, the negative ones too
        lines: list[str] = []
        for op, operands, wire in self._gates:
            read = operands if op == "EQ" else [place[n] for n in operands]
            lines.append(f"{len(read)} 1 {' '.join(map(str, read))} {place[wire]} {op}")
        return lines

    def _new(self) -> int:
        self._inner += 1
        return self._inputs + self._inner - 1

    def _wire(self, literal: int) -> int:
        """The wire of an operand, made where it is an inversion or a constant."""
        if literal not in self._wires:
            wire = self._new()
            self._make(literal, wire)
            self._wires[literal] = wire
        return self._wires[literal]

    def _make(self, literal: int, wire: int) -> None:
        if literal > TRUE and literal & 1:
            self._gates.append(("INV", (self._wires[negate(literal)],), wire))
        elif self._old:
            self._make_old(literal, wire)
        elif literal > TRUE:
            self._gates.append(("EQW", (self._wires[literal],), wire))
        else:
            self._gates.append(("EQ", (literal,), wire))

    def _make_old(self, literal: int, wire: int) -> None:
        """A copy as the inversion of an inversion, 0 as an input that differs from itself."""
        if literal == FALSE:
            self._gates.append(("XOR", (0, 0), wire))
        else:
            self._gates.append(("INV", (self._wire(negate(literal)),), wire))
