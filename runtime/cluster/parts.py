"""A step cut along one axis of its lanes: what each worker does of it.

Workers' rows are disjoint by construction: a part keeps the row numbers of its step, and above them stands the number
of the worker that runs it.  So no two of them ever hash under one key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from compiler.schedule.plan import Copy, Launch, Plan, Repeat, Step, View, addresses
from runtime.cluster.holdings import Wires

ROW_BITS = 48  # of a row within a run; the worker's number stands above


@dataclass(frozen=True, slots=True)
class Cut:
    """`start` to `stop` along an axis of a step's lanes."""

    axis: int
    start: int
    stop: int


def own_rows(worker: int, row: int) -> int:
    """The row of a worker, counted from 0, that takes the place of a run's row.  Raises ValueError where the number of
    the worker has no room above it."""
    if row >> ROW_BITS:
        raise ValueError(f"a run with {row} rows cannot be shared among workers")
    return row | (worker + 1) << ROW_BITS


def part(step: Launch | Copy, at: Cut) -> Launch | Copy:
    """What of a step lies in the cut."""
    lanes = (*step.lanes[: at.axis], at.stop - at.start, *step.lanes[at.axis + 1 :])
    match step:
        case Launch():
            reads, writes = (tuple(_moved(view, at) for view in views) for views in (step.reads, step.writes))
            return replace(step, lanes=lanes, reads=reads, writes=writes, places=())
        case Copy():
            return replace(step, lanes=lanes, source=_moved(step.source, at), target=_moved(step.target, at))


def _moved(view: View, at: Cut) -> View:
    return replace(view, offset=view.offset + at.start * view.lane[at.axis])


@dataclass(frozen=True, slots=True)
class Part:
    """A worker's part of a step, and its wires in the first iteration of all loops around it."""

    worker: int
    step: int
    at: Cut
    reads: tuple[Seen, ...]
    writes: tuple[Seen, ...]

    @staticmethod
    def of(worker: int, number: int, step: Launch | Copy, at: Cut) -> Part:
        mine = part(step, at)
        reads, writes = views(mine)
        return Part(
            worker,
            number,
            at,
            tuple(Seen.of(view, mine.lanes) for view in reads),
            tuple(Seen.of(view, mine.lanes) for view in writes),
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """The wires of a view, each once."""

    buffer: int
    wires: Wires
    loop: tuple[int, ...]

    @staticmethod
    def of(view: View, lanes: tuple[int, ...]) -> Seen:
        first = (0,) * len(view.loop)
        return Seen(view.buffer, _each_once(addresses(view, lanes, first)), view.loop)

    def at(self, iteration: tuple[int, ...]) -> Wires:
        shift = sum(stride * index for stride, index in zip(self.loop, iteration, strict=True))
        return self.wires + shift if shift else self.wires


def _each_once(wires: Wires) -> Wires:
    """In their order; without sorting, which takes many times as long."""
    lowest = wires.min()
    there = np.zeros(wires.max() - lowest + 1, np.bool_)
    there[wires - lowest] = True
    found: Wires = np.flatnonzero(there) + lowest
    return found


def views(step: Launch | Copy) -> tuple[tuple[View, ...], tuple[View, ...]]:
    match step:
        case Launch():
            return step.reads, step.writes
        case Copy():
            return (step.source,), (step.target,)


def shared_steps(plan: Plan) -> list[Launch | Copy]:
    """All launches and copies in the order of the plan: both ends of an order number them so."""
    found: list[Launch | Copy] = []

    def collect(steps: Sequence[Step]) -> None:
        for step in steps:
            if isinstance(step, Repeat):
                collect(step.body)
            elif isinstance(step, Launch | Copy):
                found.append(step)

    collect(plan.steps)
    return found
