"""The noisy sums of one step of several owners, which one party learns in as many runs and goes on from together.

Its runs walk the same schedule side by side, each in a thread.  Each brings what its owner has told of a step and waits
for the others, so that none is a step ahead; of an owner that is gone it counts nothing from then on.  Nobody is waited
for so long that the others, who wait too, give up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from threading import Condition
from time import monotonic

import numpy as np

from compiler.words.integers import Array
from compiler.words.operations import Pooled
from runtime.net.errors import Interrupted, NetworkError

SLOW = 5.0  # seconds of waiting after which it is said for whom
OF_STALL = 0.75  # of the seconds after which a peer that hears nothing gives up: so long is another one waited for
Place = tuple[int, int, tuple[int, ...]]  # draw, variable, step
Waiting = Callable[[Collection[str]], None]  # told the owners that are waited for


class TooFewOwners(NetworkError):
    """So many owners are gone that the others do not go on."""


def silent(_: Collection[str]) -> None:
    """For a caller that tells nobody."""


@dataclass
class _Meeting:
    """What has been brought of one sum, and the total once nothing more is waited for."""

    together: int  # `Pooled.together`
    brought: dict[str, Array] = field(default_factory=dict[str, Array])
    total: Array | None = None


class Pool:
    """Where the runs of one party meet after each step."""

    def __init__(self, owners: Sequence[str], least: int, waiting: Waiting = silent, stall: float = inf) -> None:
        """`least` owners it takes to go on; each gives up after `stall` seconds without a word."""
        self._owners, self._least, self._waiting, self._patience = tuple(owners), least, waiting, OF_STALL * stall
        self._changed = Condition()
        self._meetings: dict[Place, _Meeting] = {}
        self._gone: dict[str, str] = {}
        self._ready: set[str] = set()
        self._step: dict[str, tuple[int, tuple[int, ...]]] = {}  # of each owner's run: draw, step
        self._last: dict[tuple[int, int], Array] = {}
        self._interrupted: Interrupted | None = None

    @property
    def gone(self) -> Mapping[str, str]:
        """Owners that are no longer there, and why."""
        with self._changed:
            return dict(self._gone)

    def totals(self, draw: int) -> dict[int, Array]:
        """Of the step that the runs are at, by variable."""
        with self._changed:
            return {variable: total for (of, variable), total in self._last.items() if of == draw}

    @property
    def over(self) -> bool:
        """Too few are left."""
        with self._changed:
            return self._left < self._least

    def leave(self, owner: str, why: str) -> None:
        """The run with this owner is over; what it has brought counts, and nothing after it."""
        with self._changed:
            self._lost(owner, why)

    def interrupt(self, what: str) -> None:
        """All runs are to end: whoever waits here, now or later, gets Interrupted."""
        with self._changed:
            self._interrupted = Interrupted(what)
            for owner in self._owners:
                self._lost(owner, str(self._interrupted))

    def gather(self, owner: str) -> None:
        """Return when every owner that is not gone is as far: what one of them tells is charged, and of no use without
        the others.  Raises TooFewOwners."""
        with self._changed:
            self._still(owner)
            self._ready.add(owner)
            self._changed.notify_all()
            self._wait_for(owner, self._ready)

    def pooled(self, owner: str, at: Pooled, own: Array, position: tuple[int, ...]) -> Array:
        """The sum of what all owners have told of this step, once all have that are still there.

        It stays the same however often a run asks: a plan makes a word once for each of its readers.

        Raises TooFewOwners, and so in the run of an owner that is gone.
        """
        place = at.draw, at.variable, position
        exact = own if at.together < 1 << 63 else own.astype(object)
        with self._changed:
            self._still(owner)
            self._step[owner] = at.draw, position
            meeting = self._meetings.setdefault(place, _Meeting(at.together))
            assert meeting.together == at.together, "sums of different units"
            meeting.brought.setdefault(owner, np.clip(exact, -at.most, at.most))
            self._changed.notify_all()
            self._wait_for(owner, meeting.brought)
            if meeting.total is None:
                meeting.total = sum(meeting.brought.values(), np.zeros_like(exact))
                self._last[at.draw, at.variable] = meeting.total
            self._forget()
            return meeting.total

    def _wait_for(self, owner: str, there: Collection[str]) -> None:
        """Until all that are left are among those there, which `owner` is.  Raises TooFewOwners."""
        began = monotonic()
        while missing := [o for o in self._owners if o not in there and o not in self._gone]:
            self._enough()
            left = began + self._patience - monotonic()
            if left <= 0:
                for slow in missing:
                    self._lost(slow, f"the others have waited {self._patience:.0f} s for it")
            elif not self._changed.wait(min(SLOW, left)) and left > SLOW:
                self._waiting(missing)
        self._still(owner)
        self._enough()

    def _lost(self, owner: str, why: str) -> None:
        self._gone.setdefault(owner, why)
        self._forget()
        self._changed.notify_all()

    def _forget(self) -> None:
        """Sums of steps that all are past who are left: they have one of a later step."""
        left = [owner for owner in self._owners if owner not in self._gone]
        latest = {self._step.get(owner) for owner in left}
        for (draw, variable, position), meeting in list(self._meetings.items()):
            came = meeting.total is not None and all(owner in meeting.brought for owner in left)
            if came and (draw, position) not in latest:
                del self._meetings[draw, variable, position]

    def _still(self, owner: str) -> None:
        if self._interrupted is not None:
            raise Interrupted(self._interrupted.what)
        if owner in self._gone:
            raise TooFewOwners(f"the run goes on without {owner}: {self._gone[owner]}")

    @property
    def _left(self) -> int:
        return len(self._owners) - len(self._gone)

    def _enough(self) -> None:
        if self._left < self._least:
            lost = "; ".join(f"{owner}: {why}" for owner, why in self._gone.items())
            raise TooFewOwners(f"{self._left} of {len(self._owners)} owners are left ({lost})")
