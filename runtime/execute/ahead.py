"""What a party enters in later iterations of a loop, asked for before its turn.

The garbler waits for a request for transfers, which an evaluator would send when it has come so far: a round trip and
more of every iteration.  What is made of nothing that the loop makes, such as coins, is known before.  So it is asked
for as far ahead as there is room, and the garbler finds the messages there: the same in the same order, only sooner.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

from compiler.schedule.plan import (
    Carry,
    Clear,
    Copy,
    Disclose,
    Enter,
    Free,
    Hand,
    Launch,
    Open,
    Product,
    Repeat,
    Step,
    Tell,
    stages,
)
from compiler.words.integers import Array
from runtime.execute.backend import Wires

ROOM = 1 << 18
"""Transfers that are asked for and not yet entered, at most: 1 MiB of messages, which has to be less than the window of
a channel, and 4 MiB of labels."""

Iteration = tuple[int, ...]
Words = dict[int, Array]
Make = Callable[[Clear, Iteration], Words]
Ask = Callable[[Sequence[Enter], Words], Wires]


@dataclass(frozen=True, slots=True)
class Known:
    """What a party enters in each iteration of a loop, where nothing of it depends on another one's."""

    loop: Repeat
    clears: tuple[Clear, ...]  # what it is made by
    requests: tuple[tuple[Enter, ...], ...]
    reach: int  # iterations for which there is room

    @staticmethod
    def of(loop: Repeat, party: str) -> Known | None:
        """None where some of it is known only once the loop has come so far, or is too much for two iterations."""
        requests = tuple(stages(loop.body, party))
        made = {word for step in loop.body for word in _made(step)}
        own = [step for step in loop.body if isinstance(step, Clear) and step.party == party]
        clears = tuple(step for step in own if made.isdisjoint(step.reads))
        early = {word for step in clears for word in step.writes}
        entered = [step for request in requests for step in request]
        if not entered or any(step.clear not in early for step in entered) or _inside(loop, party):
            return None
        reach = ROOM // sum(step.type.size * step.type.width for step in entered)
        return Known(loop, clears, requests, reach) if reach > 1 else None


class Ahead:
    """Of one time that such a loop is run."""

    def __init__(self, known: Known, outer: Iteration, make: Make, ask: Ask) -> None:
        self._known, self._outer, self._make, self._ask = known, outer, make, ask
        self._next = 0  # the first iteration that has not been asked for
        self._words: dict[tuple[int, Iteration], Words] = {}  # by the id of what makes them
        self._wires: dict[tuple[int, Iteration], Wires] = {}  # by the id of a request's first step

    def before(self, index: int) -> None:
        """Of each iteration that is run, in their order."""
        behind = min(self._known.loop.count, index + self._known.reach)
        for later in range(max(index, self._next), behind):
            self._iteration((*self._outer, later))
        self._next = behind

    def _iteration(self, iteration: Iteration) -> None:
        words = Words()
        for step in self._known.clears:
            self._words[id(step), iteration] = made = self._make(step, iteration)
            words |= made
        for request in self._known.requests:
            self._wires[id(request[0]), iteration] = self._ask(request, words)

    def words(self, step: Clear, iteration: Iteration) -> Words | None:
        """What was made by it, once."""
        return self._words.pop((id(step), iteration), None)

    def wires(self, request: Sequence[Enter], iteration: Iteration) -> Wires | None:
        """What came of it, once."""
        return self._wires.pop((id(request[0]), iteration), None)


def _made(step: Step) -> tuple[int, ...]:
    """The clear words that a step makes."""
    match step:
        case Clear():
            return step.writes
        case Product():
            return step.shares
        case Disclose() | Hand():
            return (step.clear,)
        case Carry():
            return step.targets
        case Repeat():
            return tuple(word for each in step.body for word in _made(each))
        case Launch() | Enter() | Copy() | Free() | Open() | Tell():
            return ()
        case _:
            assert_never(step)


def _inside(loop: Repeat, party: str) -> bool:
    """Does the party enter something in a loop of the loop?"""
    inner = [step for step in loop.body if isinstance(step, Repeat)]
    return any(stages(each.body, party) or _inside(each, party) for each in inner)
