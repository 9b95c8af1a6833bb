"""How a party follows the noisy sums that a run tells step by step.

Steps are known by their index, see `compiler.schedule.told`.  A run that goes on where another was cut begins at the
index that the ledger of the records' owner allows next: of the steps before it no joint work is done, and who was told
their sums makes its own words of them once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from compiler.words.integers import Array

Sums = Mapping[int, Array]  # of one step, by variable: integers on the grid of each sum


@dataclass(frozen=True, slots=True)
class Made:
    """A step, as its receiver makes it of the noisy sums."""

    index: int
    sums: Sums
    before: Sequence[Array]  # what the loop carries
    after: Sequence[Array]  # what it would carry on


Drive = Callable[[Made], Sequence[Array]]  # what is carried on


class Log(Protocol):
    """Where a party keeps the noisy sums that it was told."""

    @property
    def told(self) -> bool:
        """Whether it was told any of the run."""
        ...

    def begin(self, run: str, first: int) -> None:
        """The session is of this run of the owner's and begins with this step."""
        ...

    def again(self, index: int) -> Sums | None:
        """Of an earlier step; None if they were lost on their way: they count as 0, and nobody drives the step."""
        ...

    def learned(self, index: int, sums: Sums) -> None:
        """Durable when this returns."""
        ...


class NoLog:
    """Of whoever is told nothing, or does without: every earlier step is lost."""

    told = False

    def begin(self, run: str, first: int) -> None:
        pass

    def again(self, index: int) -> Sums | None:
        return None

    def learned(self, index: int, sums: Sums) -> None:
        pass


def undriven(made: Made) -> Sequence[Array]:
    """The program's own update stands."""
    return made.after


def at_once() -> None:
    """Nobody is waited for."""


def untold(index: int) -> None:
    """Nobody counts the steps."""


@dataclass
class Follow:
    log: Log = field(default_factory=NoLog)
    drive: Drive = undriven
    gather: Callable[[], None] = at_once  # returns when the schedule may be walked: both sides are ready to
    stepped: Callable[[int], None] = untold  # a step begins, by its index among all that wait for the peer
    first: int = 0  # the index of the session's first step

    def begin(self, run: str, first: int) -> None:
        self.log.begin(run, first)
        self.first = first
