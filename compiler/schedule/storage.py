"""Where joint values live: a buffer, and the elements of it that a value shows."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from compiler.schedule.plan import View
from compiler.words import strides
from compiler.words.operations import Strided


@dataclass(frozen=True, slots=True)
class Stored:
    """Element i of the value is element at.offset + i . at.strides + indices . at.steps of the buffer; each step of
    `at` goes with the Repeat of depth `loops[k]` (0 is the outermost)."""

    buffer: int
    shape: tuple[int, ...]
    width: int
    at: Strided
    loops: tuple[int, ...] = ()

    @staticmethod
    def dense(buffer: int, shape: tuple[int, ...], width: int) -> Stored:
        return Stored(buffer, shape, width, strides.identity(shape))

    @property
    def wires(self) -> int:
        return prod(self.shape) * self.width

    def is_dense(self) -> bool:
        return self.at == strides.identity(self.shape)

    def view(self, at: Strided, shape: tuple[int, ...], loops: tuple[int, ...], last: list[int]) -> Stored | None:
        """A view of this view; None where strides cannot say it."""
        both = strides.compose(self.at, self.shape, at, shape, last)
        return None if both is None else Stored(self.buffer, shape, self.width, both, self.loops + loops)

    def bits(self) -> Stored:
        """Each element as a last axis of single wires."""
        w = self.width
        at = Strided(self.at.offset * w, (*(s * w for s in self.at.strides), 1), tuple(s * w for s in self.at.steps))
        return Stored(self.buffer, (*self.shape, w), 1, at, self.loops)

    def wiring(self, lanes: int, depth: int) -> View:
        """The first `lanes` axes as lanes, the others and the bits as ports, inside `depth` Repeats."""
        loop = [0] * depth
        for level, step in zip(self.loops, self.at.steps, strict=True):
            loop[level] += step * self.width
        scaled = [s * self.width for s in self.at.strides]
        port = (*zip(self.shape[lanes:], scaled[lanes:], strict=True), (self.width, 1))
        return View(self.buffer, self.at.offset * self.width, tuple(scaled[:lanes]), port, tuple(loop))
