"""The noisy sums of one step of several owners, which one party learns in as many runs and goes on from together.

Its runs walk the same schedule side by side, each in a thread.  Each brings what its owner has told of a step and waits
for the others, so that none is a step ahead; of an owner that is gone it counts nothing from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Condition

import numpy as np

from compiler.words.integers import Array
from compiler.words.operations import Pooled
from runtime.net.errors import NetworkError

SLOW = 5.0  # seconds of waiting after which it is said for whom
Place = tuple[int, int, tuple[int, ...]]  # draw, variable, step
Waiting = Callable[[Collection[str]], None]  # told the owners that are waited for


class TooFewOwners(NetworkError):
    """So many owners are gone that the others do not go on."""


def silent(_: Collection[str]) -> None:
    """For a caller that tells nobody."""


@dataclass
class _Meeting:
    """What has been brought of one sum, and the total once nothing more is waited for."""

    brought: dict[str, Array] = field(default_factory=dict[str, Array])
    total: Array | None = None
    taken: set[str] = field(default_factory=set[str])


class Pool:
    """Where the runs of one party meet after each step."""

    def __init__(self, owners: Sequence[str], least: int, waiting: Waiting = silent) -> None:
        """`least` owners it takes to go on."""
        self._owners, self._least, self._waiting = tuple(owners), least, waiting
        self._changed = Condition()
        self._meetings: dict[Place, _Meeting] = {}
        self._gone: dict[str, str] = {}
        self._ready: set[str] = set()

    @property
    def gone(self) -> Mapping[str, str]:
        """Owners that are no longer there, and why."""
        with self._changed:
            return dict(self._gone)

    def leave(self, owner: str, why: str) -> None:
        """The run with this owner is over; what it has brought counts, and nothing after it."""
        with self._changed:
            self._gone.setdefault(owner, why)
            self._changed.notify_all()

    def gather(self, owner: str) -> None:
        """Return when every owner that is not gone is as far: what one of them tells is charged, and of no use without
        the others.  Raises TooFewOwners."""
        with self._changed:
            self._ready.add(owner)
            self._changed.notify_all()
            while missing := [o for o in self._owners if o not in self._ready and o not in self._gone]:
                self._enough()
                if not self._changed.wait(SLOW):
                    self._waiting(missing)
            self._enough()

    def pooled(self, owner: str, at: Pooled, own: Array, position: tuple[int, ...]) -> Array:
        """The sum of what all owners have told of this step, once all have that are still there.

        Raises TooFewOwners.
        """
        place = at.draw, at.variable, position
        with self._changed:
            meeting = self._meetings.setdefault(place, _Meeting())
            meeting.brought[owner] = np.clip(own, -at.most, at.most)
            self._changed.notify_all()
            while meeting.total is None:
                self._enough()
                missing = [o for o in self._owners if o not in meeting.brought and o not in self._gone]
                if not missing:
                    meeting.total = sum(meeting.brought.values(), np.zeros_like(own))
                    self._changed.notify_all()
                elif not self._changed.wait(SLOW):
                    self._waiting(missing)
            self._enough()
            meeting.taken.add(owner)
            if meeting.taken >= set(self._owners) - self._gone.keys():
                del self._meetings[place]
            return meeting.total

    def _enough(self) -> None:
        if len(self._owners) - len(self._gone) < self._least:
            lost = "; ".join(f"{owner}: {why}" for owner, why in self._gone.items())
            raise TooFewOwners(f"{len(self._owners) - len(self._gone)} of {len(self._owners)} owners are left ({lost})")
