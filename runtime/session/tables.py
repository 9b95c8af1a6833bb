"""The stream of tables and corrections over a channel, cut into frames as it suits the sender."""

from __future__ import annotations

from runtime.execute.backend import CHUNK_BYTES
from runtime.net.channel import Channel, expect
from runtime.net.errors import ProtocolError
from runtime.net.frames import Frame

TABLE_FRAME = 1 << 20  # bytes; the longest TABLES frame that is accepted


class TablesSent:
    """The garbler's end."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._held = bytearray()  # of the stream, less than a frame

    def send(self, data: memoryview) -> None:
        """In whole pieces, short ones together: so what the evaluator asks for lies in one frame.

        What is held goes with what comes next, or `now`.
        """
        if len(self._held) + len(data) > CHUNK_BYTES:
            self.now()
        if len(data) <= CHUNK_BYTES // 2:
            self._held += data
            return
        self.now()
        for start in range(0, len(data), TABLE_FRAME):
            self._channel.send(Frame.TABLES, data[start : start + TABLE_FRAME])

    def now(self) -> None:
        """Before anything else is sent or waited for: the peer may need it for its answer.

        The bytes go with their frame: they cannot be cut while anybody sees them, as a profiler does that looks at the
        frames of `send`, and Dask has one.
        """
        if self._held:
            held, self._held = self._held, bytearray()
            self._channel.send(Frame.TABLES, held)


class TablesReceived:
    """The evaluator's end."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._tables = b""
        self._at = 0

    def receive(self, count: int) -> memoryview:
        """The next bytes of the stream, however the garbler cut it into frames."""
        if self._at + count <= len(self._tables):
            self._at += count
            return memoryview(self._tables)[self._at - count : self._at]
        parts, have = [self._tables[self._at :]] if self._at < len(self._tables) else [], len(self._tables) - self._at
        while have < count:
            part = expect(self._channel, Frame.TABLES, TABLE_FRAME)
            if not part:
                raise ProtocolError("the peer sent an empty piece of the tables")
            parts.append(part)
            have += len(part)
        self._tables, self._at = b"".join(parts), count
        return memoryview(self._tables)[:count]
