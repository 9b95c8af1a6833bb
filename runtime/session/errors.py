"""What can end a session besides the network: the parties differ, or the peer says why it goes."""

from __future__ import annotations

from runtime.net.errors import NetworkError


class PeerAborted(NetworkError):
    """The peer ended the session and said why."""


class PeerRefused(PeerAborted):
    """The peer's contract or ledger does not allow the run; it says no more than that."""


class ClusterBroken(NetworkError):
    """A worker is gone on one of the sides, and the session ends; a run that tells steps can be gone on with."""


class WorkerLost(ClusterBroken):
    """A worker of this party's is gone, or gave up."""

    def __init__(self, number: int, name: str, why: str) -> None:
        """`number` counts from 0."""
        super().__init__(f"{name} of this party's cluster is gone: {why}")
        self.number, self.name = number, name


class PeerWorkerLost(ClusterBroken):
    """A worker of the peer's is gone or silent, as the one of this party's says that works with it."""

    def __init__(self, number: int, name: str, why: str) -> None:
        super().__init__(f"worker {number + 1} of the peer's cluster is gone, says {name} of this party's: {why}")
        self.number = number


class PeerWithoutWorker(PeerAborted, ClusterBroken):
    """The peer ended the session because a worker of either side is gone, and said which."""


class Disagreement(Exception):
    """The two parties are about to run different things; nothing secret has been sent."""


class DifferentVersions(Disagreement):
    pass


class DifferentPrograms(Disagreement):
    pass


class DifferentProducts(Disagreement):
    pass


class DifferentEvaluators(Disagreement):
    pass


class DifferentRoles(Disagreement):
    pass


class DifferentContracts(Disagreement):
    pass


class DifferentStarts(Disagreement):
    pass


class DifferentRecords(Disagreement):
    pass


class DifferentWorkers(Disagreement):
    pass
