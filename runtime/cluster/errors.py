"""What can go wrong with a party's workers, beside what a session raises."""

from __future__ import annotations

from runtime.net.errors import NetworkError


class NoCluster(Exception):
    """The cluster that was asked for cannot be had: why, and what to do."""

    def __init__(self, what: str, help: str) -> None:
        super().__init__(what)
        self.help = help


class Parted(NetworkError):
    """At a worker: the peer's worker is gone, or silent."""
