"""A circuit from a file as an operation: bits, the last axis of each operand, become bits, the last axis of the result.

What stands on the axes before the last goes through the circuit one by one, each for itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from compiler.gates.circuit import Circuit


@dataclass(frozen=True, slots=True)
class Extern:
    name: str  # of the function, for reports
    circuit: Circuit = field(hash=False)  # equal or not is asked of few: a hash of all gates would cost more
