"""The engine of a party that shares its run: what is large goes to its workers, the rest is done here.

Both parties walk the same plan and decide the same, so worker i of one does just what worker i of the other waits for,
and nothing need be agreed on.  Labels go to a worker when it lacks them, and come back when somebody else needs them.
"""

from __future__ import annotations

from collections.abc import Collection, MutableMapping, Sequence
from typing import assert_never

from compiler.schedule.plan import Copy, Free, Launch, Repeat
from runtime.cluster.crew import Crew
from runtime.cluster.holdings import HOME, Holdings, Wires, bit
from runtime.cluster.parts import Cut, Part, Seen, shared_steps, views
from runtime.crypto.labels import Labels
from runtime.execute.backend import Engine, Joint, Progress, Together, body
from runtime.execute.joint import JointSteps, LabelGates, put
from runtime.execute.sharing import Sharing


class Spread:
    """An engine: as the one that it is made from, with workers."""

    def __init__(self, own: Engine, crew: Crew) -> None:
        self._own, self._crew = own, crew
        self._numbers = {id(step): number for number, step in enumerate(shared_steps(crew.plan))}
        self._parts: dict[int, list[Part]] = {}  # these by the id of a step, which the plan keeps
        self._wires: dict[int, tuple[list[Seen], list[Seen]]] = {}
        self._alone: dict[int, tuple[Joint]] = {}
        self.sharing = Sharing(crew.plan, len(crew.hands))
        self._home = JointSteps(crew.plan, LabelGates(own))

    @property
    def by_lanes(self) -> bool:
        """Workers have the lanes of a launch all at once."""
        return False

    def run(self, kernel: int, inputs: Labels, row: int) -> Labels:
        return self._own.run(kernel, inputs, row)

    def together(
        self, steps: Sequence[Joint], sizes: Sequence[int], filled: Collection[int], depth: int
    ) -> Together | None:
        if not any(map(self.sharing.large, steps)):
            return self._own.together(steps, sizes, filled, depth)

        def share(
            buffers: MutableMapping[int, Labels], iteration: tuple[int, ...], row: int, progress: Progress | None
        ) -> None:
            work = Work(self, self._crew, self._home, buffers, progress)
            work.steps(steps, iteration, row)
            work.come_home()

        return share

    def alone(self, step: Joint) -> tuple[Joint]:
        """The step as a run, always the same object."""
        return self._alone.setdefault(id(step), (step,))

    def wires(self, step: Launch | Copy) -> tuple[list[Seen], list[Seen]]:
        """What a step reads and writes."""
        if id(step) not in self._wires:
            reads, writes = views(step)
            seen = [[Seen.of(view, step.lanes) for view in each] for each in (reads, writes)]
            self._wires[id(step)] = seen[0], seen[1]
        return self._wires[id(step)]

    def parts(self, step: Launch | Copy) -> list[Part]:
        """What each worker does of a step; empty where it cannot be cut."""
        if id(step) not in self._parts:
            axis, ranges = self.sharing.lanes(step)
            number = self._numbers[id(step)]
            self._parts[id(step)] = [
                Part.of(worker, number, step, Cut(axis, at.start, at.stop)) for worker, at in enumerate(ranges) if at
            ]
        return self._parts[id(step)]


class Work:
    """One run of joint steps: it begins and ends with all labels at home."""

    def __init__(
        self,
        spread: Spread,
        crew: Crew,
        home: JointSteps,
        buffers: MutableMapping[int, Labels],
        progress: Progress | None,
    ) -> None:
        self._spread, self._crew, self._home, self._progress = spread, crew, home, progress
        self._holdings = Holdings(crew.plan.buffers)
        home.buffers = buffers

    def steps(self, steps: Sequence[Joint], iteration: tuple[int, ...], base: int) -> None:
        for step in steps:
            match step:
                case Repeat() if self._spread.sharing.large(step):
                    for index in range(step.count):
                        self.steps(body(step), (*iteration, index), base + step.row + index * step.rows)
                case Repeat():
                    self._repeat(step, iteration, base)
                case Launch() | Copy():
                    self._step(step, iteration, base)
                case Free():
                    self._home.buffers.pop(step.buffer, None)
                    self._holdings.free(step.buffer)
                    self._crew.flush()
                    for hand in self._crew.hands:
                        hand.free(step.buffer)
                case _:
                    assert_never(step)

    def come_home(self) -> None:
        """Whatever only workers have of the buffers that are left, of which they keep nothing."""
        self._fetch([(buffer, self._holdings.away(buffer)) for buffer in self._holdings])
        for hand in self._crew.hands:
            hand.clear()

    def _step(self, step: Launch | Copy, iteration: tuple[int, ...], base: int) -> None:
        """A small one is done where its wires are."""
        reads, writes = ([(seen.buffer, seen.at(iteration)) for seen in views] for views in self._spread.wires(step))
        away = [(buffer, self._holdings.lacking(buffer, wires, HOME)) for buffer, wires in reads]
        parts = self._spread.parts(step)
        if parts and (self._spread.sharing.large(step) or any(len(wires) for _, wires in away)):
            self._share(parts, iteration, base)
        else:
            self._fetch(away)
            self._home.run(self._spread.alone(step), iteration, base)
            for buffer, wires in writes:
                self._holdings.wrote(buffer, wires, HOME)
        self._advance(step)

    def _share(self, parts: Sequence[Part], iteration: tuple[int, ...], base: int) -> None:
        lacking = [
            (part, seen.buffer, self._holdings.lacking(seen.buffer, seen.at(iteration), bit(part.worker)))
            for part in parts
            for seen in part.reads
        ]
        self._crew.flush()
        self._fetch([(buffer, self._holdings.lacking(buffer, wires, HOME)) for _, buffer, wires in lacking])
        for part, buffer, wires in lacking:
            if len(wires):
                self._crew.hands[part.worker].put(buffer, wires, self._home.buffer(buffer)[wires])
                self._holdings.copied(buffer, wires, bit(part.worker))
        for part in parts:
            self._crew.hands[part.worker].run(part.step, part.at, iteration, base)
            for seen in part.writes:
                self._holdings.wrote(seen.buffer, seen.at(iteration), bit(part.worker))

    def _repeat(self, step: Repeat, iteration: tuple[int, ...], base: int) -> None:
        """A small one is done here, and its buffers with it."""
        touched = _buffers(step)
        self._fetch([(buffer, self._holdings.away(buffer)) for buffer in touched])
        for buffer in touched:
            self._holdings.free(buffer)
        self._home.run(self._spread.alone(step), iteration, base)
        self._advance(step)

    def _fetch(self, away: Sequence[tuple[int, Wires]]) -> None:
        """Wires that are not at home, of buffers: all are asked for before the first is waited for."""
        asked: list[tuple[int, int, Wires]] = []
        if any(len(wires) for _, wires in away):
            self._crew.flush()
        for buffer, wires in away:
            missing = self._holdings.lacking(buffer, wires, HOME)  # another view may have had them fetched
            for worker, part in self._holdings.holders(buffer, missing) if len(missing) else ():
                self._crew.hands[worker].ask(buffer, part)
                self._holdings.copied(buffer, part, HOME)
                asked.append((worker, buffer, part))
        for worker, buffer, part in asked:
            put(self._home.allocate(buffer), part, self._crew.hands[worker].labels(len(part)))

    def _advance(self, step: Joint) -> None:
        if self._progress is not None:
            self._progress(self._spread.sharing.gates(step))


def _buffers(step: Joint) -> set[int]:
    """All that a step names."""
    match step:
        case Launch() | Copy():
            return {view.buffer for seen in views(step) for view in seen}
        case Repeat():
            return set[int]().union(*map(_buffers, body(step)))
        case Free():
            return {step.buffer}
        case _:
            assert_never(step)
