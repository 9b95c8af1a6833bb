"""What can end a session besides the network: the parties differ, or the peer says why it goes."""

from __future__ import annotations

from runtime.net.errors import NetworkError


class PeerAborted(NetworkError):
    """The peer ended the session and said why."""


class PeerRefused(PeerAborted):
    """The peer's contract or ledger does not allow the run; it says no more than that."""


class WorkerLost(NetworkError):
    """A worker of this party's is gone, or gave up; the run ends with it."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} of this party's cluster is gone: {why}")


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
