"""Two channels joined in memory, for both parties in one process."""

from __future__ import annotations

from runtime.net.channel import WINDOW, Framing
from runtime.net.errors import ConnectionLost, NetworkError, PeerClosed
from runtime.net.queue import ByteQueue


class MemoryChannel(Framing):
    """One end of a pair; thread safe."""

    def last(self, data: bytes) -> None:
        """Bytes for the peer, whatever frames they make, and no more after them; what it sends is taken."""
        self._outbox.put([data], self.timeout)
        self._outbox.end(PeerClosed("the peer closed the connection"))

    def flush(self) -> None:
        """Nothing to do: what was sent is with the peer."""

    def close(self) -> None:
        self._end(PeerClosed("the peer closed the connection"))

    def abort(self) -> None:
        self._end(ConnectionLost("the connection to the peer broke"))

    def _end(self, seen_by_peer: NetworkError) -> None:
        self._outbox.end(seen_by_peer)
        self._inbox.end(PeerClosed("the connection is closed"), discard=True)


def pair(timeout: float = 30.0, window: int = WINDOW) -> tuple[MemoryChannel, MemoryChannel]:
    """Two connected channels."""
    there, back = ByteQueue(window, "the peer"), ByteQueue(window, "the peer")
    return MemoryChannel(back, there, timeout), MemoryChannel(there, back, timeout)
