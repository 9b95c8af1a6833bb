"""The one interpreter of a schedule; what a wire is, and what a gate does, is its backend's business."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import prod
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from compiler.schedule.plan import (
    PUBLIC,
    Carry,
    Clear,
    Copy,
    Disclose,
    Enter,
    Free,
    Hand,
    Launch,
    Open,
    Plan,
    Product,
    Repeat,
    Step,
    Tell,
    View,
    grid,
)
from compiler.schedule.told import Training, again, trainings
from compiler.words import evaluate
from compiler.words.evaluate import Sources
from compiler.words.integers import Array
from runtime.crypto.labels import LABEL_BYTES
from runtime.execute.backend import Backend, Progress, StepSum, Together, Wires, is_joint
from runtime.execute.bits import as_ring, from_bits, from_ring, to_bits
from runtime.execute.follow import Follow, Made

_LABEL = np.dtype((np.void, LABEL_BYTES))


def walk(
    plan: Plan,
    backend: Backend,
    sources: Sources,
    owns: frozenset[str],
    progress: Progress | None = None,
    follow: Follow | None = None,
) -> dict[str, Array]:
    """Run the plan as the parties `owns` (one, or in the clear all) and return the outputs that they receive.

    `sources` gives the inputs, samples and noise of those parties; a sample's or noise's position is the indices of
    the enclosing Repeats.  All outputs open in one step behind the last launch.
    """
    walker = _Walker(plan, backend, sources, owns, progress, follow or Follow())
    walker.steps(plan.steps, (), 0)
    return walker.outputs()


@dataclass(frozen=True, slots=True)
class _Wires:
    """The addresses of a view, kept as two axes so that they take no memory a wire."""

    buffer: int
    port: NDArray[np.int64]  # (wires of one lane,); holds the offset
    lane: NDArray[np.int64]  # (lanes,)
    loop: tuple[int, ...]
    lowest: int  # of all port + lane

    @staticmethod
    def of(view: View, lanes: tuple[int, ...]) -> _Wires:
        port = view.offset + grid([n for n, _ in view.port], [s for _, s in view.port])
        lane = grid(lanes, view.lane)
        return _Wires(view.buffer, port, lane, view.loop, int(port.min() + lane.min()))

    def at(self, iteration: tuple[int, ...], lanes: slice) -> NDArray[np.int64]:
        """Addresses, shape (wires of one lane, lanes)."""
        shift = sum(stride * index for stride, index in zip(self.loop, iteration, strict=True))
        if self.lowest + shift < 0:  # numpy would count from the end
            raise IndexError(f"a view reaches wire {self.lowest + shift} of buffer {self.buffer}")
        return (self.port + shift)[:, None] + self.lane[lanes]


class _Walker:
    def __init__(
        self,
        plan: Plan,
        backend: Backend,
        sources: Sources,
        owns: frozenset[str],
        progress: Progress | None,
        follow: Follow,
    ) -> None:
        self._plan, self._backend, self._sources = plan, backend, sources
        self._owns, self._progress, self._follow = owns, progress, follow
        self._trainings = {training.draw: training for training in trainings(plan)}
        self._starts = {id(training.loop): training for training in self._trainings.values()}
        self._stepped = 0  # iterations of loops that wait for the peer
        self._heard: tuple[int, dict[int, Array]] = 0, {}  # of the step that is made: its index, its sums by variable
        self._buffers: dict[int, Wires] = {}
        self._words: dict[int, Array] = {}
        self._opened: list[tuple[Open, Wires]] = []
        self._told: dict[str, Array] = {}
        self._order: list[str] = []
        # By id: the plan outlives the walk, and so do the runs of its steps.
        self._views: dict[int, tuple[_Wires, tuple[int, ...]]] = {}
        self._bodies: dict[int, list[list[Step]]] = {}
        self._together: dict[int, Together | None] = {}
        self._and_gates = [kernel.circuit.and_gates for kernel in plan.kernels]

    def steps(self, steps: tuple[Step, ...], iteration: tuple[int, ...], base: int) -> None:
        """Run a body; `base` is the global number of its first table row."""
        for run in self._runs(steps):
            if isinstance(run[0], Enter):
                self._enter([step for step in run if isinstance(step, Enter)])
            elif not self._joint(run, iteration, base):
                for step in run:
                    self._step(step, iteration, base)

    def _runs(self, steps: tuple[Step, ...]) -> list[list[Step]]:
        """The steps in turn: those that enter words, those that wait for nobody, the others."""
        if id(steps) not in self._bodies:
            runs = groupby(steps, lambda step: (isinstance(step, Enter), is_joint(step)))
            self._bodies[id(steps)] = [list(run) for _, run in runs]
        return self._bodies[id(steps)]

    def _joint(self, run: list[Step], iteration: tuple[int, ...], base: int) -> bool:
        """Run them in one go, if they wait for nobody and the backend has a way."""
        if id(run) not in self._together:
            steps = [step for step in run if is_joint(step)]
            ready = None
            if len(steps) == len(run):
                ready = self._backend.together(steps, self._plan.buffers, self._buffers, len(iteration))
            self._together[id(run)] = ready
        together = self._together[id(run)]
        if together is not None:
            together(self._buffers, iteration, base, self._progress)
        return together is not None

    def _step(self, step: Step, iteration: tuple[int, ...], base: int) -> None:
        match step:
            case Repeat():
                training, told = self._starts.get(id(step)), not iteration and not is_joint(step)
                for index in range(step.count):
                    if told:
                        self._follow.stepped(self._stepped)
                        self._stepped += 1
                    if training is not None and training.first + index < self._follow.first:
                        self._again(training, index)
                    else:
                        self.steps(step.body, (*iteration, index), base + step.row + index * step.rows)
            case Launch():
                self._launch(step, iteration, base + step.row)
            case Clear():
                self._clear(step, iteration)
            case Product():
                self._multiply(step, iteration, base + step.row)
            case Enter():
                self._enter([step])
            case Copy():
                everything = slice(0, prod(step.lanes))
                wires = self._read(self._wires(step.source, step.lanes), iteration, everything)
                self._write(self._wires(step.target, step.lanes), iteration, everything, wires)
            case Disclose() | Hand():
                self._disclose(step, iteration)
            case Carry():
                if step.party in self._owns:
                    self._carry(step, iteration)
            case Free():
                del self._buffers[step.buffer]
            case Open():
                size = step.type.size * step.type.width
                self._order.append(step.name)
                self._opened.append((step, self._buffer(step.buffer)[:size].copy()))
            case Tell():
                if self._owns.intersection(step.to):
                    self._order.append(step.name)
                    self._told[step.name] = self._word(step.clear)
            case _:
                assert_never(step)

    # -- what is told after a step --------------------------------------------------------------

    def _disclose(self, step: Disclose | Hand, iteration: tuple[int, ...]) -> None:
        index, type = self._trainings[step.told.draw].first + iteration[-1], step.type
        told = StepSum(index, step.told.variable)
        if isinstance(step, Disclose):
            bits = self._backend.disclose(told, self._buffer(step.buffer)[: type.size * type.width])
            sum = None if bits is None else from_bits(bits, type)
        else:
            own = as_ring(self._words[step.own]) if step.own in self._words else None
            share = self._backend.hand(told, own, type.size, type.width)
            other = None if share is None else share.reshape(type.shape) + as_ring(self._word(step.other))
            sum = None if other is None else from_ring(other, type.width)
        if sum is not None:
            self._learn(step, index, sum)

    def _learn(self, step: Disclose | Hand, index: int, sum: Array) -> None:
        if self._heard[0] != index:
            self._heard = index, {}
        self._heard[1][step.told.variable] = self._words[step.clear] = sum

    def _again(self, training: Training, number: int) -> None:
        """A step of an earlier session, by who was told its sums; those that were lost count as 0."""
        if training.to not in self._owns:
            return
        index = training.first + number
        known = self._follow.log.again(index) or {}
        for step in again(training):
            match step:
                case Disclose() | Hand():
                    sum = known.get(step.told.variable)
                    self._learn(step, index, np.zeros(step.type.shape, np.int64) if sum is None else sum)
                case Clear():
                    self._clear(step, (number,))
                case Carry():
                    self._carry(step, (number,), lost=not known)
                case _:
                    raise AssertionError("a step is made again by its receiver alone")

    def _carry(self, step: Carry, iteration: tuple[int, ...], lost: bool = False) -> None:
        """What follows upon a step: of what was told, which is kept first, or of what whoever drives makes of it."""
        values: Sequence[Array] = [self._word(number) for number in step.sources]
        if iteration and not lost:
            index, sums = self._heard
            if index >= self._follow.first:
                self._follow.log.learned(index, sums)
            before = [self._word(number) for number in step.targets]
            values = self._follow.drive(Made(index, sums, before, values))
        self._words.update(zip(step.targets, values, strict=True))

    def outputs(self) -> dict[str, Array]:
        """Open what was collected; outputs in schedule order."""
        values = dict(self._told)
        for (step, _), bits in zip(self._opened, self._backend.open(self._opened), strict=True):
            if bits is not None and self._owns.intersection(step.to):
                values[step.name] = from_bits(bits, step.type)
        return {name: values[name] for name in self._order if name in values}

    def _launch(self, step: Launch, iteration: tuple[int, ...], row: int) -> None:
        kernel, and_gates = self._plan.kernels[step.kernel], self._and_gates[step.kernel]
        reads = [self._wires(view, step.lanes) for view in step.reads]
        writes = [self._wires(view, step.lanes) for view in step.writes]
        for tile in _tiles(prod(step.lanes), kernel.tile):
            inputs = [self._read(view, iteration, tile) for view in reads]
            outputs = self._backend.run(step.kernel, np.concatenate(inputs), row)
            for view in writes:
                self._write(view, iteration, tile, outputs[: len(view.port)])
                outputs = outputs[len(view.port) :]
            row += and_gates
            if self._progress is not None:
                self._progress(and_gates * (tile.stop - tile.start))

    def _clear(self, step: Clear, iteration: tuple[int, ...]) -> None:
        if step.party != PUBLIC and step.party not in self._owns:
            return
        block = step.block
        arguments = [*map(np.asarray, iteration), *(self._word(number) for number in step.reads)]
        environment = dict(enumerate(arguments, block.first))
        evaluate.run(block, environment, self._sources, iteration)
        self._words.update(
            (number, environment[result]) for number, result in zip(step.writes, block.results, strict=True)
        )

    def _multiply(self, step: Product, iteration: tuple[int, ...], row: int) -> None:
        """The wires that a word has once, in front; the axes along which words are shared, behind; then the sum."""
        extents = step.extents
        moving = [axis for axis, stride in enumerate(step.joint.lane) if stride]
        order = [*moving, *(axis for axis, stride in enumerate(step.joint.lane) if not stride)]
        shape = step.transfer
        once = replace(step.joint, lane=tuple(step.joint.lane[axis] for axis in moving))
        words = self._read(_Wires.of(once, tuple(extents[axis] for axis in moving)), iteration, slice(0, shape.words))
        numbers = None
        if step.own in self._words:
            own = as_ring(self._words[step.own]).reshape(extents).transpose(order)
            numbers = np.ascontiguousarray(own).reshape(shape.words, shape.shared)
        back, first = np.argsort(order), len(step.type.shape)
        shares = self._backend.multiply(words.swapaxes(0, 1), numbers, shape, row)
        for clear, share in zip(step.shares, shares, strict=True):
            if share is not None:
                products = share.reshape([extents[axis] for axis in order]).transpose(back)
                total = products.sum(axis=tuple(range(first, len(extents))), dtype=np.uint64)
                self._words[clear] = from_ring(total, step.type.width)

    def _enter(self, steps: list[Enter]) -> None:
        """Words that are entered one after the other, each party's at once."""
        for party in dict.fromkeys(step.party for step in steps):
            own = [step for step in steps if step.party == party]
            sizes = [step.type.size * step.type.width for step in own]
            bits = None
            if party == PUBLIC or party in self._owns:
                bits = np.concatenate([to_bits(self._word(step.clear), step.type) for step in own])
            if party == PUBLIC and bits is not None:
                wires = self._backend.constant(bits)
            else:
                wires = self._backend.enter(party, bits, sum(sizes))
            for step, part in zip(own, np.split(wires, np.cumsum(sizes)[:-1]), strict=True):
                self._allocate(step.buffer)[: len(part)] = part

    def _read(self, view: _Wires, iteration: tuple[int, ...], lanes: slice) -> Wires:
        return self._buffer(view.buffer).take(view.at(iteration, lanes), axis=0)

    def _write(self, view: _Wires, iteration: tuple[int, ...], lanes: slice, wires: Wires) -> None:
        _put(self._allocate(view.buffer), view.at(iteration, lanes), wires)

    def _wires(self, view: View, lanes: tuple[int, ...]) -> _Wires:
        wires, shape = self._views.get(id(view), (None, None))
        if wires is None or shape != lanes:
            wires = _Wires.of(view, lanes)
            self._views[id(view)] = wires, lanes
        return wires

    def _allocate(self, buffer: int) -> Wires:
        if buffer not in self._buffers:
            self._buffers[buffer] = self._backend.empty(self._plan.buffers[buffer])
        return self._buffers[buffer]

    def _buffer(self, buffer: int) -> Wires:
        if buffer not in self._buffers:
            raise LookupError(f"buffer {buffer} is read before it is written; the artifact is broken, compile it again")
        return self._buffers[buffer]

    def _word(self, number: int) -> Array:
        if number not in self._words:
            raise LookupError(
                f"clear word {number} is read where it is not known; the artifact is broken, compile it again"
            )
        return self._words[number]


def _put(buffer: Wires, at: NDArray[np.int64], wires: Wires) -> None:
    """buffer[at] = wires; labels as one element each, since numpy takes five times as long over rows of two."""
    if buffer.ndim > 1:
        buffer, wires = buffer.view(_LABEL)[:, 0], wires.view(_LABEL)[..., 0]
    buffer[at] = wires


def _tiles(lanes: int, tile: int) -> Iterator[slice]:
    for start in range(0, lanes, tile):
        yield slice(start, min(start + tile, lanes))
