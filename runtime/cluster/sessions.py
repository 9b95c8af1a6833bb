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

    def lose(self, worker: str) -> None:
        """One by the name that a launcher has given it."""
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
        """What goes on behind the last step that was told, with so many workers.  Raises `lost` where nothing can, and
        another one where another worker goes meanwhile."""
        ...


Hire = Callable[[Launcher], Staff]  # raises WorkerLost


def through(cluster: Cluster[Launcher], first: Sitting[Ended], hire: Hire, wait: float, roll_call: float) -> Ended:
    """Session upon session until one ends well; `wait` seconds for workers at first, `roll_call` for those left.

    Raises NoCluster where not all are there at first, and what the last session raises.
    """
    attempts, launcher, sitting = len(cluster), all_there(cluster, wait), first
    lost: ClusterBroken | None = None
    while True:
        try:
            if lost is not None:
                sitting = sitting.again(lost, len(cluster))
                launcher = _left(cluster, lost, roll_call)  # of whom some may have gone since the roll call before
            return _session(sitting, hire(launcher))
        except ClusterBroken as error:
            attempts -= 1
            if error is lost or not attempts:
                raise
            lost = error
            if isinstance(lost, WorkerLost):
                cluster.lose(lost.name)
            _left(cluster, lost, roll_call)


def all_there(cluster: Cluster[Launching], wait: float) -> Launching:
    """Its launcher.  Raises NoCluster where a worker does not answer within so many seconds."""
    asked, launcher = len(cluster), cluster.launcher(wait)
    have(cluster, asked, wait)
    return launcher


def have(cluster: Cluster[Launcher], asked: int, wait: float) -> None:
    """Raises NoCluster unless so many have answered within so many seconds."""
    if len(cluster) < asked:
        raise NoCluster(
            f"of {asked} workers {asked - len(cluster)} did not answer within {wait:g} s",
            "look whether they are busy with something else, or allow more with --wait",
        )


def _left(cluster: Cluster[Launcher], lost: ClusterBroken, roll_call: float) -> Launcher:
    """Of those that answer; raises `lost` where nobody does."""
    launcher = cluster.launcher(roll_call)
    if not len(cluster):
        raise lost
    return launcher


def _session(sitting: Sitting[Ended], staff: Staff) -> Ended:
    try:
        return sitting.play(staff)
    finally:
        staff.end()
