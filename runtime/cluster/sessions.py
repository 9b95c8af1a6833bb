"""A run that loses workers: it ends, or goes on with those that are left.

A session that loses one is over on both sides.  A run that tells its steps goes on behind the last one that was told,
as `--continue` does by hand: in a session of its own, with a Δ, labels and certificates of its own, so that nothing of
the one before is ever garbled again.  Every session that follows takes one more of the attempts, of which there are as
many as the run had workers at first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from runtime.cluster.errors import NoCluster
from runtime.cluster.staff import Launcher, Staff
from runtime.session.errors import ClusterBroken, WorkerLost

Ended = TypeVar("Ended", covariant=True)
Launching = TypeVar("Launching", bound=Launcher, covariant=True)


class Cluster(Protocol[Launching]):
    """What a party has of workers; who was lost is not hired again."""

    def launcher(self, wait: float) -> Launching:
        """Of all that are left, and answer within so many seconds.  Raises NoCluster."""
        ...

    def lose(self, worker: int) -> None:
        """One of those that the last launcher has, by its number."""
        ...

    def __len__(self) -> int:
        """How many are left."""
        ...


class Sitting(Protocol[Ended]):
    """A run as one session sees it, with its own inputs and permit."""

    def play(self, staff: Staff) -> Ended:
        """Raises ClusterBroken, and whatever else ends a session."""
        ...

    def again(self, lost: ClusterBroken, left: int) -> Sitting[Ended]:
        """What goes on behind the last step that was told, with so many workers.  Raises `lost` where nothing can."""
        ...


Hire = Callable[[Launcher], Staff]  # raises WorkerLost


def all_there(cluster: Cluster[Launching], wait: float) -> Launching:
    """Its launcher.  Raises NoCluster where a worker does not answer within so many seconds."""
    asked, launcher = len(cluster), cluster.launcher(wait)
    if len(cluster) < asked:
        raise NoCluster(
            f"of {asked} workers {asked - len(cluster)} did not answer within {wait:g} s",
            "look whether they are busy with something else, or allow more with --wait",
        )
    return launcher


def through(cluster: Cluster[Launcher], first: Sitting[Ended], hire: Hire, wait: float, roll_call: float) -> Ended:
    """Session upon session until one ends well; `wait` seconds for workers at first, `roll_call` for those left.

    Raises NoCluster where not all are there at first, and what the last session raises.
    """
    attempts, launcher, sitting = len(cluster), all_there(cluster, wait), first
    while True:
        try:
            return _session(sitting, hire(launcher))
        except ClusterBroken as lost:
            attempts -= 1
            if isinstance(lost, WorkerLost):
                cluster.lose(lost.number)
            if not attempts:
                raise
            launcher = cluster.launcher(roll_call)
            if not len(cluster):
                raise
            sitting = sitting.again(lost, len(cluster))


def _session(sitting: Sitting[Ended], staff: Staff) -> Ended:
    try:
        return sitting.play(staff)
    finally:
        staff.end()
