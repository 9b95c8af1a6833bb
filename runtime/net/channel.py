"""A channel of typed frames between two parties: a kind (1 byte), a length (4 bytes, little-endian), a payload."""

from __future__ import annotations

import struct
import time
from math import inf
from typing import Protocol

from runtime.net.errors import Interrupted, ProtocolError, Timeout
from runtime.net.queue import ByteQueue

WINDOW = 8 << 20
"""Bytes that may wait to be sent before `send` blocks, so that a fast party does not fill the memory."""

HEADER = struct.Struct("<BI")


class Channel(Protocol):
    """A two-way channel.  One thread may send while another receives; two may not do the same at once."""

    timeout: float
    """Seconds that any wait may last without progress before it raises Timeout."""

    deadline: float
    """When every wait raises Timeout, progress or not; in time.monotonic() seconds, infinite at first."""

    @property
    def sent_bytes(self) -> int:
        """Bytes sent so far: headers and payloads, without what TLS adds."""
        ...

    @property
    def received_bytes(self) -> int:
        """Bytes received so far, counted like `sent_bytes`."""
        ...

    def send(self, kind: int, payload: bytes | bytearray | memoryview) -> None:
        """Queue a frame; blocks while the window is full.  The payload may be changed once this returns.

        Raises Timeout, PeerClosed or ConnectionLost.
        """
        ...

    def receive(self, limit: int) -> tuple[int, bytes]:
        """The next frame's kind and payload, of at most `limit` bytes.

        Raises ProtocolError, before any memory is taken for it, if the frame is longer; Timeout, after which the
        call may be repeated; PeerClosed or ConnectionLost once everything that arrived before has been read.
        """
        ...

    def flush(self) -> None:
        """Wait until everything queued has left this process.  Raises Timeout, PeerClosed or ConnectionLost."""
        ...

    def close(self) -> None:
        """Deliver everything queued, say goodbye and free the resources.  A second call does nothing.

        Raises what `flush` raises if something queued could not be delivered; the resources are free even so.
        """
        ...

    def interrupt(self, what: str) -> None:
        """From any thread: whoever receives gets Interrupted; what is sent still goes, such as why.  Never raises."""
        ...

    def abort(self) -> None:
        """End at once: what is queued is lost, and the peer sees a broken connection.  Never raises."""
        ...


def expect(channel: Channel, kind: int, limit: int) -> bytes:
    """The payload of the next frame, which must be of this kind; ProtocolError if it is not."""
    received, payload = channel.receive(limit)
    if received != kind:
        raise ProtocolError(
            f"the peer sent a message of kind {received} where one of kind {kind} belongs; "
            "check that both parties run the same version"
        )
    return payload


class Framing:
    """Frames over a queue of bytes in each direction: the part that every channel shares."""

    def __init__(self, inbox: ByteQueue, outbox: ByteQueue, timeout: float) -> None:
        self.timeout, self.deadline = timeout, inf
        self._inbox = inbox
        self._outbox = outbox
        self._sent = 0
        self._received = 0
        self._header: tuple[int, int] | None = None

    @property
    def sent_bytes(self) -> int:
        return self._sent

    @property
    def received_bytes(self) -> int:
        return self._received

    def send(self, kind: int, payload: bytes | bytearray | memoryview) -> None:
        view = memoryview(payload).cast("B")
        self._outbox.put((HEADER.pack(kind, len(view)), view), self.timeout, self.deadline)
        self._sent += HEADER.size + len(view)

    def receive(self, limit: int) -> tuple[int, bytes]:
        # The header is kept until its payload is whole, so that a call that timed out can be repeated.
        if self._header is None:
            self._header = HEADER.unpack(self._take(HEADER.size))
        kind, length = self._header
        if length > limit:
            error = ProtocolError(
                f"the peer announced a message of kind {kind} with {length} bytes where at most "
                f"{limit} are allowed; check that both parties run the same program and version"
            )
            self._inbox.end(error, discard=True)
            raise error
        payload = self._take(length)
        self._header = None
        self._received += HEADER.size + length
        return kind, payload

    def interrupt(self, what: str) -> None:
        self._inbox.end(Interrupted(what), discard=True)

    def _take(self, count: int) -> bytes:
        """Nothing comes while the peer is still being sent what its answer waits for: that is no stall."""
        while True:
            before = self._outbox.taken
            try:
                return self._inbox.take(count, self.timeout, self.deadline)
            except Timeout:
                if self._outbox.taken == before or time.monotonic() >= self.deadline:
                    raise
