"""What can go wrong before a party's workers are there."""

from __future__ import annotations


class NoCluster(Exception):
    """The cluster that was asked for cannot be had: why, and what to do."""

    def __init__(self, what: str, help: str) -> None:
        super().__init__(what)
        self.help = help
