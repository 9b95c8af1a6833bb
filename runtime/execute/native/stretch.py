"""Launches, copies and loops of them as C takes them: one code, and a place for every buffer.

A buffer that is made and freed within the steps lives in an arena that they share, where its place is known before
anything runs; all others are the walk's.  What stands in the arena is not wiped between two of its buffers: a plan that
is verified reads no wire that it has not written.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from compiler.schedule.plan import Copy, Free, Launch, Repeat, View
from runtime.execute.backend import Joint, body

LAUNCH, COPY, REPEAT, END = 1, 2, 3, 4  # as in stretch.h
DEEPEST, MOST_AXES = 16, 32  # likewise: loops around a step, and axes of its lanes
ARENA = 0  # the first memory; behind it are the walk's


@dataclass(frozen=True, slots=True)
class Code:
    """What `_kernel.Stretch` is made from, and the memories that it works on."""

    numbers: NDArray[np.int64]
    kernels: tuple[int, ...]
    arena: int  # wires
    outer: tuple[int, ...]  # buffers of the walk
    freed: tuple[int, ...]  # those of them that are gone afterwards


def encode(steps: Sequence[Joint], sizes: Sequence[int], filled: Collection[int], tiles: Sequence[int]) -> Code:
    """The steps' code; `sizes` are wires of all buffers, of which those `filled` are there before.

    Raises LookupError where a buffer is read before it is written.
    """
    after = left(steps, filled)
    writer = _Writer(sizes, filled, after | set(filled), tiles)
    writer.steps(steps)
    return Code(
        np.array(writer.code, dtype=np.int64),
        tuple(writer.kernels),
        writer.room.end,
        tuple(writer.outer),
        tuple(buffer for buffer in filled if buffer not in after),
    )


def fits(steps: Iterable[Joint], depth: int) -> bool:
    """Is there room in C for all of these loops, and all axes of their steps?  Programs may have more of both."""
    for step in steps:
        match step:
            case Launch() | Copy():
                if len(step.lanes) > MOST_AXES:
                    return False
            case Repeat():
                if not fits(body(step), depth + 1):
                    return False
            case Free():
                pass
            case _:
                assert_never(step)
    return depth <= DEEPEST


def left(steps: Iterable[Joint], filled: Collection[int]) -> set[int]:
    """The buffers in use after the steps, of those in use before them and those that they make."""
    after = set(filled)
    for step in steps:
        match step:
            case Launch():
                after.update(view.buffer for view in step.writes)
            case Copy():
                after.add(step.target.buffer)
            case Repeat():
                after = left(body(step), after)
            case Free():
                after.discard(step.buffer)
            case _:
                assert_never(step)
    return after


class _Writer:
    def __init__(self, sizes: Sequence[int], filled: Collection[int], lasting: set[int], tiles: Sequence[int]) -> None:
        """`lasting`: the buffers that are in use before or afterwards."""
        self.code: list[int] = []
        self.kernels: dict[int, int] = {}  # by number in the plan
        self.outer: dict[int, int] = {}  # memories of buffers
        self._filled = set(filled)
        self.room = _Room()
        self._sizes, self._lasting, self._tiles = sizes, lasting, tiles
        self._places: dict[int, int] = {}  # of inner buffers

    def steps(self, steps: Iterable[Joint]) -> None:
        for step in steps:
            match step:
                case Launch():
                    self._launch(step)
                case Copy():
                    self.code += (COPY, len(step.lanes), *step.lanes)
                    self._read(step.source)
                    self._write(step.target)
                case Repeat():
                    self._repeat(step)
                case Free():
                    self._filled.discard(step.buffer)
                    if step.buffer in self._places:
                        self.room.give(self._places.pop(step.buffer), self._sizes[step.buffer])
                case _:
                    assert_never(step)

    def _launch(self, step: Launch) -> None:
        kernel = self.kernels.setdefault(step.kernel, len(self.kernels))
        tile = self._tiles[step.kernel]
        self.code += (LAUNCH, kernel, tile, step.row, len(step.reads), len(step.writes), len(step.lanes), *step.lanes)
        for view in step.reads:
            self._read(view)
        for view in step.writes:
            self._write(view)

    def _repeat(self, step: Repeat) -> None:
        """What the body makes and leaves has a place that nothing else in the body ever had."""
        for buffer in sorted(left(body(step), ())):
            self._place(buffer)
        self.code += (REPEAT, step.count, step.row, step.rows)
        self.steps(body(step))
        self.code.append(END)

    def _read(self, view: View) -> None:
        if view.buffer not in self._filled:
            raise LookupError(
                f"buffer {view.buffer} is read before it is written; the artifact is broken, compile it again"
            )
        self._view(view)

    def _write(self, view: View) -> None:
        self._filled.add(view.buffer)
        self._view(view)

    def _view(self, view: View) -> None:
        memory, first = self._place(view.buffer)
        self.code += (memory, first, self._sizes[view.buffer], view.offset, len(view.port))
        for axis in view.port:
            self.code += axis
        self.code += (*view.lane, *view.loop)

    def _place(self, buffer: int) -> tuple[int, int]:
        """A memory, and the buffer's first wire in it."""
        if buffer in self._lasting:
            return self.outer.setdefault(buffer, len(self.outer) + ARENA + 1), 0
        if buffer not in self._places:
            self._places[buffer] = self.room.take(self._sizes[buffer])
        return ARENA, self._places[buffer]


class _Room:
    """Wires of the arena: the first gap that is large enough."""

    def __init__(self) -> None:
        self.end = 0
        self._gaps: list[tuple[int, int]] = []  # first wire and one past the last; they do not touch

    def take(self, wires: int) -> int:
        for i, (start, end) in enumerate(self._gaps):
            if end - start >= wires:
                self._gaps[i : i + 1] = [(start + wires, end)] if end - start > wires else []
                return start
        start = self.end
        if self._gaps and self._gaps[-1][1] == self.end:
            start = self._gaps.pop()[0]
        self.end = start + wires
        return start

    def give(self, start: int, wires: int) -> None:
        insort(self._gaps, (start, start + wires))
        joined: list[tuple[int, int]] = []
        for gap in self._gaps:
            if joined and joined[-1][1] == gap[0]:
                joined[-1] = joined[-1][0], gap[1]
            else:
                joined.append(gap)
        self._gaps = joined
