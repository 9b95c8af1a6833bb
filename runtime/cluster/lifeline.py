"""A worker's second connection to its coordinator, on which nobody says a word: who works is at its end.

The first one carries orders, which a worker that is in the middle of one does not look at, and its end lies behind
whatever has not been read.  This one ends when the session fails, when the coordinator is gone, and when the run has
lasted as long as any may: what is secret is wiped then, whatever the worker waits for.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread

from runtime.net.channel import Channel
from runtime.net.errors import NetworkError


class Lifeline:
    """The worker's end."""

    def __init__(self, channel: Channel, longest: float) -> None:
        """It holds for `longest` seconds at most."""
        self._channel = channel
        channel.timeout = longest
        self._one = Lock()
        self._wipes: list[Callable[[], object]] = []
        self._over = False
        self._thread = Thread(target=self._hold, name="ccr-lifeline", daemon=True)
        self._thread.start()

    def wipes(self, *each: Callable[[], object]) -> None:
        """What is called at the end, in this order, in a thread of its own; at once where that has come."""
        with self._one:
            self._wipes += each
            if not self._over:
                return
        for wipe in each:
            wipe()

    def let_go(self) -> None:
        """The worker ends it, with nothing left to wipe."""
        self._channel.abort()
        self._thread.join()

    def _hold(self) -> None:
        with suppress(NetworkError):
            self._channel.receive(0)
        with self._one:
            self._over = True
            wipes = list(self._wipes)
        for wipe in wipes:
            wipe()
