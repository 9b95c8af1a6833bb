"""Half-gates in C: the engines of `portable`, with its bytes, on the AES unit of the CPU.

A kernel's rows go to C a chunk at a time, with every label in one array of registers; no other thread of Python waits
for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from compiler.schedule.plan import Kernel
from runtime.crypto.labels import LABEL_BYTES, Labels
from runtime.crypto.secret import LabelSecret
from runtime.execute.backend import HALVES, ReceiveTables, SendTables, chunks, row_bytes
from runtime.execute.instructions import And, Xor, program
from runtime.execute.native import _kernel

AND, INVERT_LEFT, INVERT_RIGHT = 1, 2, 4  # as in gates.h
UNCHANGED = bytes(LABEL_BYTES)  # active labels are not complemented


@dataclass(frozen=True, slots=True)
class Ready:
    """A kernel's program, checked and copied by C."""

    code: _kernel.Kernel
    rows: int
    outputs: int
    tile: int


def ready(kernel: Kernel, path: str) -> Ready:
    made = program(kernel)
    code = np.array([_encoded(item) for item in made.instructions], dtype=np.int32)
    outputs = np.array(list(zip(made.outputs, made.inverted, strict=True)), dtype=np.int32)
    native = _kernel.Kernel(path, kernel.register_count, code, outputs)
    return Ready(native, kernel.circuit.and_gates, len(outputs), kernel.tile)


def _encoded(item: Xor | And) -> tuple[int, int, int, int]:
    op = AND + INVERT_LEFT * item.invert_left + INVERT_RIGHT * item.invert_right if isinstance(item, And) else 0
    return op, item.left, item.right, item.out


class Tile:
    """The registers of one tile, for every kernel in turn."""

    def __init__(self, kernels: Sequence[Kernel], path: str, constant: Labels) -> None:
        self.registers = np.zeros(max((2 * k.register_count * k.tile for k in kernels), default=0), dtype=np.uint64)
        self._constant = constant
        self._ready = cache(lambda kernel: ready(kernels[kernel], path))

    def load(self, kernel: int, inputs: Labels) -> Ready:
        """The kernel's program, for which the registers hold its inputs."""
        found, lanes = self._ready(kernel), inputs.shape[1]
        if lanes > found.tile:
            raise ValueError(f"kernel {kernel} runs {found.tile} lanes at once, not {lanes}")
        found.code.load(self.registers, lanes, self._constant, np.ascontiguousarray(inputs))
        return found


class NativeGarbler:
    """The garbling engine: `run` maps zero labels to zero labels and sends the tables."""

    def __init__(
        self,
        path: str,
        kernels: Sequence[Kernel],
        secret: LabelSecret,
        hash_seed: bytes,
        constant: Labels,
        send: SendTables,
    ) -> None:
        self._tile = Tile(kernels, path, constant)
        self._registers = secret.entrusted(self._tile.registers)
        self._secret, self._seed, self._send = secret, hash_seed, send

    def run(self, kernel: int, inputs: Labels, row: int) -> Labels:
        lanes, registers = inputs.shape[1], self._registers
        found = self._tile.load(kernel, inputs)
        for chunk in chunks(found.rows, lanes):
            first, rows = chunk.start, len(chunk)
            tables = np.empty((rows, HALVES, lanes, 2), dtype=np.uint64)
            with self._secret.in_use() as delta:
                found.code.garble(registers, lanes, first, rows, self._seed, row + first, delta, tables)
            self._send(tables.reshape(-1).view(np.uint8).data)
        outputs = np.empty((found.outputs, lanes, 2), dtype=np.uint64)
        with self._secret.in_use() as delta:
            found.code.finish(registers, lanes, delta, outputs)
        return outputs


class NativeEvaluator:
    """The evaluating engine: `run` maps active labels to active labels and asks for the tables."""

    def __init__(
        self, path: str, kernels: Sequence[Kernel], hash_seed: bytes, constant: Labels, receive: ReceiveTables
    ) -> None:
        self._tile = Tile(kernels, path, constant)
        self._seed, self._receive = hash_seed, receive

    def run(self, kernel: int, inputs: Labels, row: int) -> Labels:
        lanes, registers = inputs.shape[1], self._tile.registers
        found = self._tile.load(kernel, inputs)
        for chunk in chunks(found.rows, lanes):
            first, rows = chunk.start, len(chunk)
            tables = self._receive(rows * row_bytes(lanes))
            found.code.evaluate(registers, lanes, first, rows, self._seed, row + first, tables)
        outputs = np.empty((found.outputs, lanes, 2), dtype=np.uint64)
        found.code.finish(registers, lanes, UNCHANGED, outputs)
        return outputs
