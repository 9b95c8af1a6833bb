"""What can go wrong with a party's own workers."""

from __future__ import annotations

from runtime.net.errors import NetworkError


class WorkerLost(NetworkError):
    """A worker of this party's is gone, or gave up; the run ends with it."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} of this party's cluster is gone: {why}")


class NoCluster(Exception):
    """The cluster that was asked for cannot be had: why, and what to do."""

    def __init__(self, what: str, help: str) -> None:
        super().__init__(what)
        self.help = help
