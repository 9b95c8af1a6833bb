"""How large a circuit may grow before work is cut into several, and how large all of them may be."""

from __future__ import annotations

from lang.source import Span

KERNEL_GATES = 30_000  # of one kernel, XORs counted
PROGRAM_GATES = 1 << 19  # of all kernels, before the passes


class TooManyGates(Exception):
    """Kernels that would take more gates than they may.

    `owner` is whom the gate is charged to that is one too many (`Builder.owner`), `place` where it stands in the text.
    """

    def __init__(self, most: int, owner: int = 0, place: Span | None = None) -> None:
        super().__init__(f"its kernels take more than {most} gates")
        self.owner, self.place = owner, place
