"""What every circuit keeps: nets are driven before they are read, literals exist."""

from __future__ import annotations

from compiler.gates.circuit import Circuit, GateOp


class Malformed(Exception):
    """A circuit broke a rule; `gate` is its gate's number, or None where an output is wrong."""

    def __init__(self, gate: int | None, what: str) -> None:
        super().__init__(what if gate is None else f"gate {gate}: {what}")
        self.gate = gate


def verify(circuit: Circuit) -> None:
    """Raise `Malformed` at the first gate (or output) that breaks a rule."""
    if circuit.inputs < 0:
        raise Malformed(None, f"{circuit.inputs} inputs")
    for number, (op, left, right) in enumerate(circuit.gates):
        if op not in (GateOp.XOR, GateOp.AND):
            raise Malformed(number, f"unknown operation {op!r}")
        limit = 2 * (1 + circuit.inputs + number)
        if not (0 <= left < limit and 0 <= right < limit):
            raise Malformed(number, f"reads literals {left} and {right}, but only 0..{limit - 1} exist before it")
    limit = 2 * (1 + circuit.inputs + len(circuit.gates))
    for position, literal in enumerate(circuit.outputs):
        if not 0 <= literal < limit:
            raise Malformed(None, f"output {position} is literal {literal}, but only 0..{limit - 1} exist")
