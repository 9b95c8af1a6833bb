"""Gates as arrays: their operations, one byte each, then their left and right literals, four bytes each."""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.gates.limits import PROGRAM_GATES

GATE = 9  # bytes


def circuit_bytes(circuit: Circuit) -> bytes:
    gates = np.array(circuit.gates, dtype=np.uint32).reshape(-1, 3)
    return gates[:, 0].astype("u1").tobytes() + gates[:, 1:].astype("<u4").tobytes()


class Circuits:
    """Reads the circuits one after the other, as the header mentions them."""

    def __init__(self, data: bytes) -> None:
        if len(data) > GATE * PROGRAM_GATES:
            raise ValueError(f"more than {PROGRAM_GATES} gates")
        self._data, self._at = data, 0

    def next(self, inputs: int, count: int, outputs: tuple[int, ...]) -> Circuit:
        """Raises ValueError where the bytes are no gates, or too few."""
        if not 0 <= count <= (len(self._data) - self._at) // GATE:
            raise ValueError("a circuit is longer than the file")
        ops = np.frombuffer(self._data, "u1", count, self._at)
        nets: list[Any] = np.frombuffer(self._data, "<u4", 2 * count, self._at + count).reshape(-1, 2).tolist()
        self._at += GATE * count
        gates = tuple(Gate(GateOp(op), left, right) for op, (left, right) in zip(ops.tolist(), nets, strict=True))
        return Circuit(inputs, gates, outputs)

    def finish(self) -> None:
        if self._at != len(self._data):
            raise ValueError("bytes left over")
