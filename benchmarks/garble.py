"""AND gates a second of processor time of the portable backend, garbled and evaluated, on one core.

    python benchmarks/garble.py            # pin it: taskset -c 0 python benchmarks/garble.py

The kernel is a popcount tree of full adders over words that are XORs of two inputs: one AND and four to six XORs an
adder, as in a compressor of signed-digit products.
"""

from __future__ import annotations

import statistics
import time

from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.schedule.place import place
from compiler.schedule.plan import Kernel
from runtime.crypto.labels import Labels, fresh
from runtime.crypto.secret import LabelSecret
from runtime.execute.backend import Engine
from runtime.execute.portable import PortableEvaluator, PortableGarbler

TERMS, WIDTH, RUNS = 150, 15, 15


def compressor(terms: int, width: int) -> Circuit:
    """Columns of `terms` bits each, every bit the XOR of two inputs, compressed by full adders; the top carry drops."""
    inputs = terms + width
    gates: list[Gate] = []

    def emit(op: GateOp, left: int, right: int) -> int:
        gates.append(Gate(op, left, right))
        return 2 * (inputs + len(gates))

    columns: list[list[int]] = [[] for _ in range(width)]
    outputs: list[int] = []
    for position in range(width):
        column = columns[position]
        column += [emit(GateOp.XOR, 2 * (1 + term), 2 * (1 + terms + position)) for term in range(terms)]
        while len(column) > 2:
            a, b, c = column.pop(0), column.pop(0), column.pop(0)
            first, second = emit(GateOp.XOR, a, c), emit(GateOp.XOR, b, c)
            carry = emit(GateOp.XOR, emit(GateOp.AND, first, second), c)
            column.append(emit(GateOp.XOR, first, b))
            if position + 1 < width:
                columns[position + 1].append(carry)
        outputs += column
    return Circuit(inputs, tuple(gates), tuple(outputs))


class Tape:
    """Both ends of the table stream: drops what is garbled, or keeps it and hands it out again from the start."""

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self._chunks: list[memoryview] = []
        self._next = 0

    def send(self, tables: memoryview) -> None:
        if self._keep:
            self._chunks.append(tables)

    def receive(self, size: int) -> memoryview:
        chunk = self._chunks[self._next]
        self._next = (self._next + 1) % len(self._chunks)
        assert len(chunk) == size
        return chunk


def measure(kernel: Kernel, lanes: int) -> tuple[float, float]:
    """Medians of AND gates a second, garbled and evaluated."""
    secret, seed, tape = LabelSecret.fresh(), bytes(16), Tape(keep=True)
    garbler = PortableGarbler([kernel], secret, seed, fresh(1), Tape(keep=False).send)
    recorder = PortableGarbler([kernel], secret, seed, fresh(1), tape.send)
    evaluator = PortableEvaluator([kernel], seed, fresh(1), tape.receive)
    labels = fresh(kernel.circuit.inputs * lanes).reshape(-1, lanes, 2)
    recorder.run(0, labels, 0)
    work = kernel.circuit.and_gates * lanes
    return work / seconds(garbler, labels), work / seconds(evaluator, labels)


def seconds(engine: Engine, labels: Labels) -> float:
    """Median processor time of a tile; the first run binds the kernel and is not counted."""
    times: list[float] = []
    for _ in range(RUNS + 1):
        start = time.process_time()
        engine.run(0, labels, 0)
        times.append(time.process_time() - start)
    return statistics.median(times[1:])


def main() -> None:
    placed = place("compressor", compressor(TERMS, WIDTH))
    kernel = Kernel(placed.name, placed.circuit, placed.registers, placed.register_count, 256)
    circuit = kernel.circuit
    print(
        f"kernel: {circuit.and_gates} ANDs, {circuit.xor_gates} XORs, {kernel.register_count} registers, "
        f"tile {placed.tile}"
    )
    for lanes in (96, 256):
        garbled, evaluated = measure(kernel, lanes)
        print(f"{lanes:4d} lanes: {garbled / 1e6:6.2f} million ANDs/s garbled, {evaluated / 1e6:6.2f} evaluated")


if __name__ == "__main__":
    main()
