"""Where a party's workers are, as the options say: what every run loads, with a cluster or without."""

from __future__ import annotations

from dataclasses import dataclass

LOCAL = "local"  # some that are started for the run, on this machine


@dataclass(frozen=True, slots=True)
class Doors:
    """Where workers are reached from outside: a host that leads to each of them, and a port for each."""

    host: str
    first: int
    last: int
