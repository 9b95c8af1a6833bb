"""AND gates a second of processor time, garbled and evaluated in memory by each engine that this machine has.

    python benchmarks/garble.py            # pin it: taskset -c 0 python benchmarks/garble.py

The kernel is that of 32-bit products, as it is compiled, with both operands joint and then with all of it known to the
evaluator, which takes one ciphertext for each AND.  For each number of lanes: the median of many tiles, and the best of
them, which a machine that is busy with other things slows down least.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import product

from compiler import pipeline
from compiler.gates.knowledge import Knows, Runs
from compiler.schedule.plan import Kernel
from lang.source import Source
from runtime.crypto.labels import fresh
from runtime.crypto.secret import LabelSecret
from runtime.execute.engines import PORTABLE, evaluating, garbling
from runtime.execute.native.built import built

SECONDS = 0.5  # for one figure
LANES = (1, 4, 16, 64, 256)
PROGRAM = """party left; party right;
input x: uint<32>[256] from left;
input y: uint<32>[256] from right;
output product = reveal((x * y) as uint<32> wrap) to right;
"""


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


def measure(backend: str, kernel: Kernel, lanes: int) -> tuple[list[float], list[float]]:
    """Seconds of a tile, garbled and evaluated."""
    secret, seed, constant, tape = LabelSecret.fresh(), bytes(16), fresh(1), Tape(keep=True)
    labels = fresh(kernel.circuit.inputs * lanes).reshape(-1, lanes, 2)
    garbling(backend, [kernel], secret, seed, constant, tape.send).run(0, labels, 0)
    garbler = garbling(backend, [kernel], secret, seed, constant, Tape(keep=False).send)
    evaluator = evaluating(backend, [kernel], seed, constant, tape.receive)
    return timed(lambda: garbler.run(0, labels, 0)), timed(lambda: evaluator.run(0, labels, 0))


def timed(work: Callable[[], object]) -> list[float]:
    """The first run makes the kernel ready and is not counted."""
    work()
    times: list[float] = []
    while sum(times) < SECONDS or len(times) < 3:
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return times


def main() -> None:
    kernel = max(pipeline.compile(Source("product.ccr", PROGRAM)).plan.kernels, key=lambda k: k.circuit.and_gates)
    circuit = kernel.circuit
    kinds: dict[str, Runs] = {"joint": (), "own": ((circuit.inputs, Knows.EVALUATOR),)}
    print(
        f"{circuit.and_gates} ANDs, {circuit.xor_gates} XORs, {kernel.register_count} registers; "
        "million ANDs a second: median (best)"
    )
    for backend, (kind, known), lanes in product((*built().paths, PORTABLE), kinds.items(), LANES):
        work = circuit.and_gates * lanes / 1e6
        garbled, evaluated = (
            f"{work / statistics.median(times):7.2f} ({work / min(times):6.2f})"
            for times in measure(backend, replace(kernel, known=known), lanes)
        )
        print(f"{backend:>8} {kind:5} {lanes:4d} lanes: {garbled} garbled {evaluated} evaluated", flush=True)


if __name__ == "__main__":
    main()
