"""Joint steps over buffers of wires: in one go where the backend has a way, else one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Protocol, assert_never

import numpy as np
from numpy.typing import NDArray

from compiler.schedule.plan import Copy, Free, Launch, Plan, Repeat, View, grid
from runtime.crypto.labels import LABEL_BYTES
from runtime.execute.backend import Engine, Joint, Next, Progress, Together, Wires, body

_LABEL = np.dtype((np.void, LABEL_BYTES))


class Gates(Protocol):
    """What of a Backend gates need."""

    def empty(self, wires: int) -> Wires: ...

    def run(self, kernel: int, inputs: Wires, row: int) -> Wires: ...

    def together(
        self, steps: Sequence[Joint], sizes: Sequence[int], filled: Collection[int], depth: int
    ) -> Together | None: ...


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of a view, kept as two axes so that they take no memory a wire."""

    buffer: int
    port: NDArray[np.int64]  # (wires of one lane,); holds the offset
    lane: NDArray[np.int64]  # (lanes,)
    loop: tuple[int, ...]
    lowest: int  # of all port + lane

    @staticmethod
    def of(view: View, lanes: tuple[int, ...]) -> Addresses:
        port = view.offset + grid([n for n, _ in view.port], [s for _, s in view.port])
        lane = grid(lanes, view.lane)
        return Addresses(view.buffer, port, lane, view.loop, int(port.min() + lane.min()))

    def at(self, iteration: tuple[int, ...], lanes: slice) -> NDArray[np.int64]:
        """Addresses, shape (wires of one lane, lanes)."""
        shift = sum(stride * index for stride, index in zip(self.loop, iteration, strict=True))
        if self.lowest + shift < 0:  # numpy would count from the end
            raise IndexError(f"a view reaches wire {self.lowest + shift} of buffer {self.buffer}")
        return (self.port + shift)[:, None] + self.lane[lanes]


class JointSteps:
    """The buffers of a walk, and the steps that need nothing else."""

    def __init__(self, plan: Plan, gates: Gates, progress: Progress | None = None) -> None:
        self.buffers: MutableMapping[int, Wires] = {}
        self._plan, self._gates, self._progress = plan, gates, progress
        # By id: whoever runs steps keeps them for as long as this.
        self._views: dict[int, tuple[Addresses, tuple[int, ...]]] = {}
        self._bodies: dict[int, list[Joint]] = {}
        self._together: dict[int, Together | None] = {}
        self._and_gates = [kernel.circuit.and_gates for kernel in plan.kernels]

    def run(self, steps: Sequence[Joint], iteration: tuple[int, ...], base: int) -> None:
        """In an iteration of the Repeats around them, whose innermost body begins with table row `base`."""
        if id(steps) not in self._together:
            self._together[id(steps)] = self._gates.together(steps, self._plan.buffers, self.buffers, len(iteration))
        together = self._together[id(steps)]
        if together is not None:
            together(self.buffers, iteration, base, self._progress)
            return
        for step in steps:
            self._step(step, iteration, base)

    def _step(self, step: Joint, iteration: tuple[int, ...], base: int) -> None:
        match step:
            case Repeat():
                inner = self._bodies.setdefault(id(step), body(step))
                for index in range(step.count):
                    self.run(inner, (*iteration, index), base + step.row + index * step.rows)
            case Launch():
                self._launch(step, iteration, base + step.row)
            case Copy():
                everything = slice(0, prod(step.lanes))
                wires = self._read(self._addresses(step.source, step.lanes), iteration, everything)
                self._write(self._addresses(step.target, step.lanes), iteration, everything, wires)
            case Free():
                del self.buffers[step.buffer]
            case _:
                assert_never(step)

    def _launch(self, step: Launch, iteration: tuple[int, ...], row: int) -> None:
        kernel, and_gates = self._plan.kernels[step.kernel], self._and_gates[step.kernel]
        reads = [self._addresses(view, step.lanes) for view in step.reads]
        writes = [self._addresses(view, step.lanes) for view in step.writes]
        for tile in _tiles(prod(step.lanes), kernel.tile):
            inputs = [self._read(view, iteration, tile) for view in reads]
            outputs = self._gates.run(step.kernel, np.concatenate(inputs), row)
            for view in writes:
                self._write(view, iteration, tile, outputs[: len(view.port)])
                outputs = outputs[len(view.port) :]
            row += and_gates
            if self._progress is not None:
                self._progress(and_gates * (tile.stop - tile.start))

    def view(self, view: View, lanes: tuple[int, ...], iteration: tuple[int, ...]) -> Wires:
        """Its wires, shape (wires of one lane, lanes, ...)."""
        return self._read(Addresses.of(view, lanes), iteration, slice(0, prod(lanes)))

    def _read(self, view: Addresses, iteration: tuple[int, ...], lanes: slice) -> Wires:
        return self.buffer(view.buffer).take(view.at(iteration, lanes), axis=0)

    def _write(self, view: Addresses, iteration: tuple[int, ...], lanes: slice, wires: Wires) -> None:
        put(self.allocate(view.buffer), view.at(iteration, lanes), wires)

    def _addresses(self, view: View, lanes: tuple[int, ...]) -> Addresses:
        addresses, shape = self._views.get(id(view), (None, None))
        if addresses is None or shape != lanes:
            addresses = Addresses.of(view, lanes)
            self._views[id(view)] = addresses, lanes
        return addresses

    def allocate(self, buffer: int) -> Wires:
        """The buffer, made if it is not there."""
        if buffer not in self.buffers:
            self.buffers[buffer] = self._gates.empty(self._plan.buffers[buffer])
        return self.buffers[buffer]

    def buffer(self, buffer: int) -> Wires:
        """Raises LookupError where it is not there."""
        if buffer not in self.buffers:
            raise LookupError(f"buffer {buffer} is read before it is written; the artifact is broken, compile it again")
        return self.buffers[buffer]


class LabelGates:
    """The gates of an engine."""

    def __init__(self, engine: Engine) -> None:
        self.run, self.together = engine.run, engine.together

    def empty(self, wires: int) -> Wires:
        return np.zeros((wires, 2), dtype=np.uint64)


def put(buffer: Wires, at: NDArray[np.int64], wires: Wires) -> None:
    """buffer[at] = wires; labels as one element each, since numpy takes five times as long over rows of two."""
    if buffer.ndim > 1:
        buffer, wires = buffer.view(_LABEL)[:, 0], wires.view(_LABEL)[..., 0]
    buffer[at] = wires


def fill(rooms: Iterable[Wires], pieces: Iterable[Wires]) -> None:
    """The pieces one behind the other into the rooms, which they fill."""
    empty = iter(rooms)
    room = next(empty)
    for piece in pieces:
        while len(piece):
            while not len(room):
                room = next(empty)
            count = min(len(room), len(piece))
            room[:count] = piece[:count]
            room, piece = room[count:], piece[count:]


def in_turn(wires: Wires, sizes: Sequence[int]) -> list[Next]:
    """What gives the wires of each of so many words, which stand one behind the other."""
    found: list[Next] = []
    for size in sizes:
        word, wires = wires[:size], wires[size:]
        found.append(_Given(word).take)
    return found


class _Given:
    def __init__(self, wires: Wires) -> None:
        self._left = wires

    def take(self, count: int) -> Wires:
        taken, self._left = self._left[:count], self._left[count:]
        return taken


def _tiles(lanes: int, tile: int) -> Iterator[slice]:
    for start in range(0, lanes, tile):
        yield slice(start, min(start + tile, lanes))
