"""A party's workers as its coordinator sees them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from compiler.schedule.plan import Plan, Transfer
from runtime.cluster.holdings import Wires
from runtime.cluster.parts import Cut
from runtime.crypto.labels import Labels
from runtime.execute.backend import Numbers


class Hand(Protocol):
    """A worker, as its coordinator sees it.  It does what it is told in order; what was asked comes back in order."""

    def put(self, buffer: int, wires: Wires, labels: Labels) -> None: ...

    def run(self, step: int, at: Cut, iteration: tuple[int, ...], base: int) -> None: ...

    def free(self, buffer: int) -> None: ...

    def clear(self) -> None:
        """All buffers go."""
        ...

    def ask(self, buffer: int, wires: Wires) -> None: ...

    def labels(self, count: int) -> Labels:
        """What was asked for; raises ClusterBroken."""
        ...

    def multiply(self, words: Labels, numbers: Numbers | None, shape: Transfer, row: int) -> None: ...

    def shares(self, shape: Transfer) -> Numbers:
        """Of a product; raises ClusterBroken."""
        ...


@dataclass(frozen=True, slots=True)
class Crew:
    """All of a party's workers."""

    plan: Plan
    hands: Sequence[Hand]
    flush: Callable[[], None]  # what the peer may wait for leaves
    """Before every order, since that waits for a worker with much to do, and this for the peer's worker, whose own
    coordinator may stand where it needs what is held here."""
