"""Half-gates in C: the engines of `portable`, with its bytes, on the AES unit of the CPU.

What waits for nobody goes to C a window of tables at a time, with every label of a tile in one array of registers; no
other thread of Python waits for it.  Threads of one party share the lanes of a wide launch: each does its part of every
tile, in registers of its own, and puts tables where they belong in one window, so that the stream is that of one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, MutableMapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from compiler.gates.knowledge import Half
from compiler.schedule.plan import Kernel, Launch, View
from runtime.crypto.labels import Labels
from runtime.crypto.secret import LabelSecret
from runtime.execute.backend import CHUNK_BYTES, Joint, Progress, ReceiveTables, SendTables
from runtime.execute.instructions import And, Program, Programs, Xor
from runtime.execute.native import _kernel
from runtime.execute.native.stretch import Code, encode, fits
from runtime.execute.threads import Threads

AND, INVERT_LEFT, INVERT_RIGHT, GARBLERS, EVALUATORS, OWN = 1, 2, 4, 8, 16, 32  # as in gates.h
BY = {Half.BOTH: 0, Half.GARBLERS: GARBLERS, Half.EVALUATORS: EVALUATORS, Half.OWN: EVALUATORS | OWN}
SHOWN = 2  # as in stretch.h
LINE = 64  # bytes of a line of the cache
PART_BYTES = 1 << 21  # of tables that each thread makes of a window: to wake one takes a tenth of that time
WORTH = 1 << 19  # of tables of a launch for each thread, from which it is shared
Memories = tuple[Labels, ...]
Window = Callable[[_kernel.Stretch, Memories, int, int], None]  # so many bytes of tables, in so many parts


def ready(kernel: Kernel, made: Program, path: str) -> _kernel.Kernel:
    """Its program, checked and copied by C."""
    code = np.array([_encoded(item) for item in made.instructions], dtype=np.int32)
    inverted = [invert | SHOWN * shown for invert, shown in zip(made.inverted, made.shown, strict=True)]
    outputs = np.array(list(zip(made.outputs, inverted, strict=True)), dtype=np.int32)
    return _kernel.Kernel(path, kernel.register_count, code, outputs)


def _encoded(item: Xor | And) -> tuple[int, int, int, int]:
    if isinstance(item, Xor):
        return 0, item.left, item.right, item.out
    op = AND | INVERT_LEFT * item.invert_left | INVERT_RIGHT * item.invert_right | BY[item.half]
    return op, item.left, item.right, item.out


class Stretch:
    """Joint steps that are run in one go, see `backend.Together`."""

    def __init__(self, code: Code, native: _kernel.Stretch, sizes: Sequence[int], window: Window, threads: int) -> None:
        self._code, self._native, self._sizes, self._window, self._threads = code, native, sizes, window, threads

    def __call__(
        self,
        buffers: MutableMapping[int, Labels],
        iteration: tuple[int, ...],
        row: int,
        progress: Progress | None,
    ) -> None:
        for buffer in self._code.outer:
            if buffer not in buffers:
                buffers[buffer] = _zeros(self._sizes[buffer])
        memories = (_zeros(self._code.arena), *(buffers[buffer] for buffer in self._code.outer))
        self._native.begin(iteration, row)
        while not self._native.is_over():
            parts = self._threads if self._native.is_wide() else 1
            size, gates = self._native.ahead(parts * PART_BYTES if parts > 1 else CHUNK_BYTES)
            self._window(self._native, memories, size, parts)
            self._native.passed()
            if progress is not None:
                progress(gates)
        for buffer in self._code.freed:
            del buffers[buffer]


def aligned(size: int) -> NDArray[np.uint8]:
    """So many bytes, zeros, from a line of the cache on: a vector that lies across two takes twice as long."""
    room = np.zeros(size + LINE, dtype=np.uint8)
    first = -room.ctypes.data % LINE
    return room[first : first + size]


def _zeros(wires: int) -> Labels:
    return np.zeros((wires, 2), dtype=np.uint64)


class Native:
    """What both engines share: kernels, made ready when they are first run, and each thread's registers of a tile."""

    def __init__(self, path: str, kernels: Sequence[Kernel] | Programs, window: Window, threads: Threads) -> None:
        programs = Programs.of(kernels)
        kernels = programs.kernels
        size = max((16 * k.register_count * k.tile for k in kernels), default=0)
        self._registers = [aligned(size).view(np.uint64) for _ in range(threads.count)]
        self._kernels, self._window, self._threads = kernels, window, threads
        self._ready = cache(lambda kernel: ready(kernels[kernel], programs[kernel], path))
        self._alone = cache(self._one)

    @property
    def by_lanes(self) -> bool:
        return True

    def together(
        self, steps: Sequence[Joint], sizes: Sequence[int], filled: Collection[int], depth: int
    ) -> Stretch | None:
        return self._made(steps, sizes, filled, depth) if fits(steps, depth) else None

    def _made(self, steps: Sequence[Joint], sizes: Sequence[int], filled: Collection[int], depth: int) -> Stretch:
        code = encode(steps, sizes, filled, [kernel.tile for kernel in self._kernels])
        threads = self._threads.count
        wide = threads * WORTH if threads > 1 else 0
        native = _kernel.Stretch(tuple(map(self._ready, code.kernels)), code.numbers, depth, wide)
        return Stretch(code, native, sizes, self._window, threads)

    def run(self, kernel: int, inputs: Labels, row: int) -> Labels:
        """One tile, as a launch from a buffer to another."""
        lanes, most = inputs.shape[1], self._kernels[kernel].tile
        if lanes > most:
            raise ValueError(f"kernel {kernel} runs {most} lanes at once, not {lanes}")
        outputs = np.zeros((len(self._kernels[kernel].circuit.outputs), lanes, 2), dtype=np.uint64)
        buffers: dict[int, NDArray[np.uint64]] = {
            0: np.ascontiguousarray(inputs).reshape(-1, 2),
            1: outputs.reshape(-1, 2),
        }
        self._alone(kernel, lanes)(buffers, (), row, None)
        return outputs

    def _one(self, kernel: int, lanes: int) -> Stretch:
        circuit = self._kernels[kernel].circuit
        inputs, outputs = circuit.inputs, len(circuit.outputs)
        launch = Launch(kernel, (lanes,), _ports(0, inputs, lanes), _ports(1, outputs, lanes), 0)
        return self._made([launch], (inputs * lanes, outputs * lanes), (0, 1), 0)


def _ports(buffer: int, count: int, lanes: int) -> tuple[View, ...]:
    """Wires (count, lanes)."""
    return (View(buffer, 0, (1,), ((count, lanes),), ()),) if count else ()


class NativeGarbler(Native):
    """The garbling engine: `run` maps zero labels to zero labels and sends the tables."""

    def __init__(
        self,
        path: str,
        kernels: Sequence[Kernel] | Programs,
        secret: LabelSecret,
        hash_seed: bytes,
        constant: Labels,
        send: SendTables,
        threads: Threads,
    ) -> None:
        super().__init__(path, kernels, self._garble, threads)
        self._secret, self._seed, self._constant, self._send = secret, hash_seed, constant, send
        for registers in self._registers:
            secret.entrusted(registers)
        self._tables = aligned(CHUNK_BYTES)

    def _garble(self, stretch: _kernel.Stretch, memories: Memories, size: int, parts: int) -> None:
        if size > len(self._tables):
            self._tables = aligned(size)
        tables = self._tables[:size]
        with self._secret.in_use() as delta:

            def work(part: int) -> None:
                registers = self._registers[part]
                stretch.garble(part, parts, memories, registers, self._constant, self._seed, delta, tables)

            self._threads.each(parts, work)
        if size:
            self._send(tables.data)


class NativeEvaluator(Native):
    """The evaluating engine: `run` maps active labels to active labels and asks for the tables."""

    def __init__(
        self,
        path: str,
        kernels: Sequence[Kernel] | Programs,
        hash_seed: bytes,
        constant: Labels,
        receive: ReceiveTables,
        threads: Threads,
    ) -> None:
        super().__init__(path, kernels, self._evaluate, threads)
        self._seed, self._constant, self._receive = hash_seed, constant, receive

    def _evaluate(self, stretch: _kernel.Stretch, memories: Memories, size: int, parts: int) -> None:
        tables = self._receive(size) if size else b""

        def work(part: int) -> None:
            stretch.evaluate(part, parts, memories, self._registers[part], self._constant, self._seed, tables)

        self._threads.each(parts, work)
