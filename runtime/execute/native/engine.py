"""Half-gates in C: the engines of `portable`, with its bytes, on the AES unit of the CPU.

A kernel's rows go to C a chunk at a time, with every label in one array of registers; no other thread of Python waits
for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from compiler.schedule.plan import Kernel
from runtime.crypto.labels import Labels
from runtime.crypto.secret import LabelSecret
from runtime.execute.backend import HALVES, ReceiveTables, SendTables, chunks, row_bytes
from runtime.execute.instructions import And, Xor, program
from runtime.execute.native import _kernel

AND, INVERT_LEFT, INVERT_RIGHT = 1, 2, 4  # as in gates.h


@dataclass(frozen=True, slots=True)
class Ready:
    """A kernel's program, checked and copied by C."""

    code: _kernel.Kernel
    rows: int
    registers: int
    tile: int
    outputs: NDArray[np.intp]
    inverted: NDArray[np.bool_]


def ready(kernel: Kernel, path: str) -> Ready:
    made = program(kernel)
    code = np.array([_encoded(item) for item in made.instructions], dtype=np.int32).reshape(-1, 4)
    outputs, inverted = np.array(made.outputs, dtype=np.intp), np.array(made.inverted, dtype=np.bool_)
    native = _kernel.Kernel(path, code, kernel.register_count)
    return Ready(native, kernel.circuit.and_gates, kernel.register_count, kernel.tile, outputs, inverted)


def _encoded(item: Xor | And) -> tuple[int, int, int, int]:
    op = AND + INVERT_LEFT * item.invert_left + INVERT_RIGHT * item.invert_right if isinstance(item, And) else 0
    return op, item.left, item.right, item.out


class Tile:
    """The registers of one tile, for every kernel in turn."""

    def __init__(self, kernels: Sequence[Kernel], path: str, constant: Labels) -> None:
        self.memory = np.zeros(max((2 * k.register_count * k.tile for k in kernels), default=0), dtype=np.uint64)
        self._constant = constant
        self._ready = cache(lambda kernel: ready(kernels[kernel], path))

    def load(self, kernel: int, inputs: Labels) -> tuple[Ready, Labels]:
        """The kernel's program, and registers (registers, lanes, 2) that hold its inputs."""
        found, lanes = self._ready(kernel), inputs.shape[1]
        if lanes > found.tile:
            raise ValueError(f"kernel {kernel} runs {found.tile} lanes at once, not {lanes}")
        registers = self.memory[: 2 * found.registers * lanes].reshape(found.registers, lanes, 2)
        registers[0] = self._constant
        registers[1 : 1 + len(inputs)] = inputs
        return found, registers


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
        secret.entrusted(self._tile.memory)
        self._secret, self._seed, self._send = secret, hash_seed, send

    def run(self, kernel: int, inputs: Labels, row: int) -> Labels:
        lanes = inputs.shape[1]
        found, registers = self._tile.load(kernel, inputs)
        for chunk in chunks(found.rows, lanes):
            tables = np.empty((len(chunk), HALVES, lanes, 2), dtype=np.uint64)
            with self._secret.in_use() as delta:
                at = row + chunk.start
                found.code.garble(chunk.start, len(chunk), registers, lanes, self._seed, at, delta, tables)
            self._send(tables.reshape(-1).view(np.uint8).data)
        with self._secret.in_use() as delta:
            found.code.finish(registers, lanes)
            outputs = registers[found.outputs]
            outputs[found.inverted] ^= delta
        return outputs


class NativeEvaluator:
    """The evaluating engine: `run` maps active labels to active labels and asks for the tables."""

    def __init__(
        self, path: str, kernels: Sequence[Kernel], hash_seed: bytes, constant: Labels, receive: ReceiveTables
    ) -> None:
        self._tile = Tile(kernels, path, constant)
        self._seed, self._receive = hash_seed, receive

    def run(self, kernel: int, inputs: Labels, row: int) -> Labels:
        lanes = inputs.shape[1]
        found, registers = self._tile.load(kernel, inputs)
        for chunk in chunks(found.rows, lanes):
            tables = self._receive(len(chunk) * row_bytes(lanes))
            at = row + chunk.start
            found.code.evaluate(chunk.start, len(chunk), registers, lanes, self._seed, at, tables)
        found.code.finish(registers, lanes)
        return registers[found.outputs]
