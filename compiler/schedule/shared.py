"""What all blocks of one program add to on their way into steps: kernels, buffers and clear words, by number."""

from __future__ import annotations

from dataclasses import dataclass, field

from compiler.joint.locality import Roles
from compiler.schedule.lane import Lane
from compiler.schedule.storage import Stored
from compiler.words.ir import Block, Type


@dataclass
class Shared:
    """What all blocks of one program add to."""

    parties: tuple[str, ...]
    roles: Roles
    lanes: list[Lane] = field(default_factory=list[Lane])  # one for each kernel
    known: dict[Block, int] = field(default_factory=dict[Block, int])
    buffers: list[int] = field(default_factory=list[int])
    clear_words: int = 0

    def kernel(self, lane: Lane) -> int:
        """The kernel of one lane's block, one however many launches run it."""
        if lane.block not in self.known:
            self.known[lane.block] = len(self.lanes)
            self.lanes.append(lane)
        return self.known[lane.block]

    def buffer(self, type: Type) -> Stored:
        self.buffers.append(type.size * type.width)
        return Stored.dense(len(self.buffers) - 1, type.shape, type.width)

    def clear_word(self) -> int:
        self.clear_words += 1
        return self.clear_words - 1
