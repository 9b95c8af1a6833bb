"""The one interpreter of a schedule; what a wire is, and what a gate does, is its backend's business."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import assert_never

import numpy as np

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
)
from compiler.schedule.told import Training, again, trainings
from compiler.words import evaluate
from compiler.words.evaluate import Sources
from compiler.words.integers import Array
from runtime.execute.ahead import Ahead, Known
from runtime.execute.backend import Backend, Joint, Next, Progress, StepSum, Wires, is_joint
from runtime.execute.bits import Bits, as_ring, from_bits, from_ring, to_bits
from runtime.execute.follow import Follow, Made
from runtime.execute.joint import JointSteps, fill
from runtime.execute.lanes import Chain, Lanes, chained

Run = list[Step] | tuple[Joint, ...] | Chain


def walk(
    plan: Plan,
    backend: Backend,
    sources: Sources,
    owns: frozenset[str],
    progress: Progress | None = None,
    follow: Follow | None = None,
    asks: str | None = None,
) -> dict[str, Array]:
    """Run the plan as the parties `owns` (one, or in the clear all) and return the outputs that they receive.

    `sources` gives the inputs, samples and noise of those parties; a sample's or noise's position is the indices of
    the enclosing Repeats.  All outputs open in one step behind the last launch.  What the party `asks` enters it asks
    the peer for, see `ahead`.
    """
    walker = _Walker(plan, backend, sources, owns, progress, follow or Follow(), asks)
    walker.steps(plan.steps, (), 0)
    return walker.outputs()


class _Walker:
    def __init__(
        self,
        plan: Plan,
        backend: Backend,
        sources: Sources,
        owns: frozenset[str],
        progress: Progress | None,
        follow: Follow,
        asks: str | None,
    ) -> None:
        self._plan, self._backend, self._sources, self._progress = plan, backend, sources, progress
        self._owns, self._follow, self._asks = owns, follow, asks
        self._ahead: Ahead | None = None  # of the loop that is run, if what it enters is known before
        self._trainings = {training.draw: training for training in trainings(plan)}
        self._starts = {id(training.loop): training for training in self._trainings.values()}
        self._stepped = 0  # iterations of loops that wait for the peer
        self._heard: tuple[int, dict[int, Array]] = 0, {}  # of the step that is made: its index, its sums by variable
        self._joint = JointSteps(plan, backend, progress)
        self._words: dict[int, Array] = {}
        self._opened: list[tuple[Open, Wires]] = []
        self._told: dict[str, Array] = {}
        self._order: list[str] = []
        self._bodies: dict[int, list[Run]] = {}  # by id: the plan outlives the walk

    def steps(self, steps: tuple[Step, ...], iteration: tuple[int, ...], base: int) -> None:
        """Run a body; `base` is the global number of its first table row."""
        for run in self._runs(steps):
            if isinstance(run, Chain):
                self._by_lanes(run, base)
            elif isinstance(run, tuple):
                self._joint.run(run, iteration, base)
            elif isinstance(run[0], Enter):
                self._enter([step for step in run if isinstance(step, Enter)], iteration)
            else:
                for step in run:
                    self._step(step, iteration, base)

    def _runs(self, steps: tuple[Step, ...]) -> list[Run]:
        """The steps in turn: those that enter words, those that wait for nobody (a tuple), the others; or both of the
        first as a chain."""
        if id(steps) not in self._bodies:
            found: list[list[Step] | tuple[Joint, ...]] = []
            for _, same in groupby(steps, lambda step: (isinstance(step, Enter), is_joint(step))):
                run = list(same)
                joint = tuple(filter(is_joint, run))
                found.append(joint if joint else run)
            whole = steps is self._plan.steps and self._backend.by_lanes
            self._bodies[id(steps)] = chained(found, self._plan) if whole else [*found]
        return self._bodies[id(steps)]

    def _step(self, step: Step, iteration: tuple[int, ...], base: int) -> None:
        match step:
            case Repeat():
                self._repeat(step, iteration, base)
            case Clear():
                self._clear(step, iteration)
            case Product():
                self._multiply(step, iteration, base + step.row)
            case Disclose() | Hand():
                self._disclose(step, iteration)
            case Carry():
                if step.party in self._owns:
                    self._carry(step, iteration)
            case Open():
                self._order.append(step.name)
                self._opened.append((step, self._backend.kept(step, self._joint.buffer(step.buffer)[: _size(step)])))
            case Tell():
                if self._owns.intersection(step.to):
                    self._order.append(step.name)
                    self._told[step.name] = self._word(step.clear)
            case Enter() | Launch() | Copy() | Free():
                raise AssertionError("these stand in runs of their own")
            case _:
                assert_never(step)

    def _repeat(self, step: Repeat, iteration: tuple[int, ...], base: int) -> None:
        training, told = self._starts.get(id(step)), not iteration
        known = None if self._asks is None else Known.of(step, self._asks)
        ahead = None if known is None else Ahead(known, iteration, self._made, self._early)
        self._ahead = ahead or self._ahead
        for index in range(step.count):
            if told:
                self._follow.stepped(self._stepped)
                self._stepped += 1
            if training is not None and training.first + index < self._follow.first:
                self._again(training, index)
                continue
            if ahead is not None:
                ahead.before(index)
            self.steps(step.body, (*iteration, index), base + step.row + index * step.rows)

    # -- what is told after a step --------------------------------------------------------------

    def _disclose(self, step: Disclose | Hand, iteration: tuple[int, ...]) -> None:
        index, type = self._trainings[step.told.draw].first + iteration[-1], step.type
        told = StepSum(index, step.told.variable)
        if isinstance(step, Disclose):
            bits = self._backend.disclose(told, self._joint.buffer(step.buffer)[: _size(step)])
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

    def _clear(self, step: Clear, iteration: tuple[int, ...]) -> None:
        if step.party == PUBLIC or step.party in self._owns:
            early = None if self._ahead is None else self._ahead.words(step, iteration)
            self._words.update(self._made(step, iteration) if early is None else early)

    def _made(self, step: Clear, iteration: tuple[int, ...]) -> dict[int, Array]:
        """The clear words that a step makes in an iteration."""
        block = step.block
        arguments = [*map(np.asarray, iteration), *(self._word(number) for number in step.reads)]
        environment = dict(enumerate(arguments, block.first))
        evaluate.run(block, environment, self._sources, iteration)
        return {number: environment[result] for number, result in zip(step.writes, block.results, strict=True)}

    def _multiply(self, step: Product, iteration: tuple[int, ...], row: int) -> None:
        """The wires that a word has once, in front; the axes along which words are shared, behind; then the sum."""
        extents = step.extents
        moving = [axis for axis, stride in enumerate(step.joint.lane) if stride]
        order = [*moving, *(axis for axis, stride in enumerate(step.joint.lane) if not stride)]
        shape = step.transfer
        once = replace(step.joint, lane=tuple(step.joint.lane[axis] for axis in moving))
        words = self._joint.view(once, tuple(extents[axis] for axis in moving), iteration)
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

    def _enter(self, steps: list[Enter], iteration: tuple[int, ...]) -> None:
        """Words that are entered one after the other, each party's at once."""
        for party in dict.fromkeys(step.party for step in steps):
            own = [step for step in steps if step.party == party]
            early = None if self._ahead is None else self._ahead.wires(own, iteration)
            rooms = [self._joint.allocate(step.buffer)[: _size(step)] for step in own]
            fill(rooms, self._wires(own, self._word) if early is None else [early])

    def _early(self, request: Sequence[Enter], words: Mapping[int, Array]) -> Wires:
        """What a party enters at once, of these words."""
        wires = self._backend.empty(sum(map(_size, request)))
        fill([wires], self._wires(request, words.__getitem__))
        return wires

    def _wires(self, steps: Sequence[Enter], word: Callable[[int], Array]) -> Iterator[Wires]:
        """Likewise, piece by piece."""
        return self._backend.enter(steps[0].party, self._bits(steps, word), sum(map(_size, steps)))

    def _bits(self, steps: Sequence[Enter], word: Callable[[int], Array]) -> Bits | None:
        """Of words that a party enters, which are asked for where this process knows them."""
        if steps[0].party != PUBLIC and steps[0].party not in self._owns:
            return None
        return np.concatenate([to_bits(word(step.clear), step.type) for step in steps])

    def _by_lanes(self, chain: Chain, base: int) -> None:
        words = dict[int, Next]()
        for party in dict.fromkeys(step.party for step in chain.enters):
            own = [step for step in chain.enters if step.party == party]
            each = self._backend.words(party, self._bits(own, self._word), list(map(_size, own)))
            words.update(zip((step.buffer for step in own), each, strict=True))
        kept = Lanes(chain, self._plan, self._backend, self._progress).run(words, self._joint.allocate, base)
        self._order += (step.name for step in chain.opens)
        self._opened += zip(chain.opens, kept, strict=True)

    def _word(self, number: int) -> Array:
        if number not in self._words:
            raise LookupError(
                f"clear word {number} is read where it is not known; the artifact is broken, compile it again"
            )
        return self._words[number]


def _size(step: Enter | Open | Disclose) -> int:
    """Of its word."""
    return step.type.size * step.type.width
