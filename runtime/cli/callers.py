"""What is told of callers that are not the peer: each of the first ones, then how many there were, once a minute."""

from __future__ import annotations

import time
from collections.abc import Callable

from runtime.cli.screen import say
from runtime.net.errors import NetworkError

FIRST = 10  # callers that are told one by one
EVERY = 60.0  # seconds between lines about the others


class Callers:
    """Hears why each was turned away."""

    def __init__(self, what: str, quiet: bool, clock: Callable[[], float] = time.monotonic) -> None:
        """`what` goes before the reason: what has been done about it."""
        self._what, self._quiet, self._clock = what, quiet, clock
        self.count = self._untold = 0
        self._last = clock()

    def __call__(self, error: NetworkError) -> None:
        self.count += 1
        if self._quiet:
            return
        if self.count <= FIRST:
            say(f"{self._what}: {error}")
            self._last = self._clock()
            return
        self._untold += 1
        if self._clock() - self._last >= EVERY:
            say(f"{self._what}: {self._untold} more, {self.count} in all; the last: {error}")
            self._untold, self._last = 0, self._clock()
