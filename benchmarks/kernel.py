"""AND gates a second of processor time, garbled and evaluated in memory by each engine that this machine has.

The kernel is that of 32-bit products, as it is compiled, with both operands joint and then with all of it known to the
evaluator, which takes one ciphertext for each AND.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from benchmarks.figures import Figure, Scale
from compiler import pipeline
from compiler.gates.knowledge import Knows
from compiler.schedule.plan import Kernel
from lang.source import Source
from runtime.crypto.labels import fresh
from runtime.crypto.secret import LabelSecret
from runtime.execute.engines import PORTABLE, evaluating, garbling
from runtime.execute.native.built import built

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
            self._chunks.append(memoryview(bytes(tables)))

    def receive(self, size: int) -> memoryview:
        chunk = self._chunks[self._next]
        self._next = (self._next + 1) % len(self._chunks)
        assert len(chunk) == size
        return chunk


def measure(scale: Scale) -> Iterator[Figure]:
    joint = max(pipeline.compile(Source("product.ccr", PROGRAM)).plan.kernels, key=lambda k: k.circuit.and_gates)
    own = replace(joint, known=((joint.circuit.inputs, Knows.EVALUATOR),))
    for backend in (*built().paths, PORTABLE):
        for lanes in LANES[:2] if scale.quick else LANES:
            for kernel, whose in (joint, ""), (own, " (the evaluator's own)"):
                ands = kernel.circuit.and_gates * lanes / 1e6
                subject = f"{backend}{whose}, {lanes} lane{'s' * (lanes > 1)}"
                for what, times in zip(("garbled", "evaluated"), _both(backend, kernel, lanes, scale), strict=True):
                    yield Figure("kernel", subject, what, "million AND gates/s", [ands / each for each in times])


def _both(backend: str, kernel: Kernel, lanes: int, scale: Scale) -> tuple[list[float], list[float]]:
    """Seconds of a tile, garbled and evaluated."""
    secret, seed, constant, tape = LabelSecret.fresh(), bytes(16), fresh(1), Tape(keep=True)
    labels = fresh(kernel.circuit.inputs * lanes).reshape(-1, lanes, 2)
    garbling(backend, [kernel], secret, seed, constant, tape.send).run(0, labels, 0)
    garbler = garbling(backend, [kernel], secret, seed, constant, Tape(keep=False).send)
    evaluator = evaluating(backend, [kernel], seed, constant, tape.receive)
    return timed(lambda: garbler.run(0, labels, 0), scale), timed(lambda: evaluator.run(0, labels, 0), scale)


def timed(work: Callable[[], object], scale: Scale) -> list[float]:
    """Processor seconds of each of its runs, means of as many as take `scale.seconds` together; the first run makes
    things ready and is not counted."""
    work()
    times: list[float] = []
    for _ in range(scale.runs):
        start, count = time.process_time(), 0
        while not count or time.process_time() - start < scale.seconds / scale.runs:
            work()
            count += 1
        times.append((time.process_time() - start) / count)
    return times
