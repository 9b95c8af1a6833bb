"""What of a plan is shared among workers: both parties decide by the plan alone, and so alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import gcd, prod
from typing import assert_never

from compiler.schedule.plan import Copy, Free, Launch, Plan, Repeat, Transfer, View
from runtime.execute.backend import Joint, body

MOST = 63  # workers of a party: who has a label is a bit each of one word, and the party's coordinator is the last
GATES = 1 << 12  # AND gates from which a launch is shared: 128 KiB of tables
BYTES = 1 << 17  # of corrections from which a product is shared
LABEL_MOVED = 24  # bytes of a label on its way, with its address


class Sharing:
    """Of a plan, among so many workers."""

    def __init__(self, plan: Plan, workers: int) -> None:
        self.workers = workers
        self._and_gates = [kernel.circuit.and_gates for kernel in plan.kernels]

    def large(self, step: Joint) -> bool:
        """Whether a step, or one in it, is shared."""
        match step:
            case Launch():
                return self.gates(step) >= GATES and axis_of(step.lanes, self.workers) is not None
            case Repeat():
                return any(map(self.large, body(step)))
            case Copy() | Free():
                return False
            case _:
                assert_never(step)

    def gates(self, step: Joint) -> int:
        """AND gates of all its lanes and iterations."""
        match step:
            case Launch():
                return self._and_gates[step.kernel] * prod(step.lanes)
            case Repeat():
                return step.count * sum(map(self.gates, body(step)))
            case Copy() | Free():
                return 0
            case _:
                assert_never(step)

    def lanes(self, step: Launch | Copy) -> tuple[int, list[range]]:
        """An axis, and the lanes of each worker along it; no worker where the step cannot be cut."""
        axis = axis_of(step.lanes, self.workers)
        return (0, []) if axis is None else (axis, cut(step.lanes[axis], self.workers))

    def moved(self, steps: Sequence[Joint]) -> int:
        """About how many labels pass between a coordinator and its workers in a run of steps: what shared launches read
        that none of them has written, and what they write that outlives the run."""
        shared = [(launch, loops) for launch, loops in _launches(steps, ()) if self.large(launch)]
        written = {view.buffer for launch, _ in shared for view in launch.writes}
        freed = {step.buffer for step in steps if isinstance(step, Free)}
        found = 0
        for launch, loops in shared:
            axis, parts = self.lanes(launch)
            views = [view for view in launch.reads if view.buffer not in written]
            views += [view for view in launch.writes if view.buffer not in freed]
            for view in views:
                copies = 1 if view.lane[axis] else sum(map(bool, parts))
                found += copies * _wires(view, launch.lanes, loops)
        return found

    def words(self, shape: Transfer) -> Sequence[range]:
        """The words of each worker; empty where the product is too small to be shared."""
        return words_of(shape, self.workers) if shape.correction_bytes >= BYTES and shape.words > 1 else []


def _launches(steps: Sequence[Joint], loops: tuple[int, ...]) -> Iterator[tuple[Launch, tuple[int, ...]]]:
    """Each with the trip counts of the loops around it, within these steps."""
    for step in steps:
        if isinstance(step, Repeat):
            yield from _launches(body(step), (*loops, step.count))
        elif isinstance(step, Launch):
            yield step, loops


def _wires(view: View, lanes: tuple[int, ...], loops: tuple[int, ...]) -> int:
    """How many different ones it has in all iterations, if no two of its strides meet."""
    moving = [count for count, stride in view.port if stride]
    moving += [count for count, stride in zip(lanes, view.lane, strict=True) if stride]
    inner = view.loop[len(view.loop) - len(loops) :]
    return prod(moving) * prod(count for count, stride in zip(loops, inner, strict=True) if stride)


def cut(extent: int, workers: int, unit: int = 1) -> list[range]:
    """As evenly as whole units go; a worker that would have none is left out."""
    units = -(-extent // unit)
    edges = [min(extent, units * i // workers * unit) for i in range(workers + 1)]
    return [range(a, b) for a, b in pairwise(edges)]


def axis_of(lanes: Sequence[int], workers: int) -> int | None:
    """The outermost axis that gives each worker a lane, else the longest that gives two of them one."""
    for axis, extent in enumerate(lanes):
        if extent >= workers:
            return axis
    longest = max(range(len(lanes)), key=lambda axis: lanes[axis], default=None)
    return longest if longest is not None and lanes[longest] > 1 else None


def words_of(shape: Transfer, workers: int) -> list[range]:
    """A transfer's words, cut so that corrections, which are packed by 64 numbers, stay as many where that is even."""
    unit = 64 // gcd(64, shape.shared)
    return cut(shape.words, workers, unit if unit * workers <= shape.words else 1)
