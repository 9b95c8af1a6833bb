"""A bounded queue of bytes between two threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import islice
from threading import Condition

from runtime.net.errors import NetworkError, Timeout


class ByteQueue:
    """Bytes in, bytes out, in order; the writer waits while more than `window` bytes are held.

    One thread writes (`put`, or `feed` after looking at `room`), one reads (`take`, or `peek` and `drop`).
    `changed` is called, without the lock, whenever `put` or `take` may have given the other side work.
    """

    def __init__(self, window: int, peer: str, changed: Callable[[], None] | None = None) -> None:
        self._window = window
        self._peer = peer
        self._changed = changed
        self._pieces: deque[memoryview] = deque()
        self._size = 0
        self._wanted = 0
        self._end: NetworkError | None = None
        self._lost = False
        self._condition = Condition()

    def put(self, data: bytes, timeout: float) -> None:
        """Add bytes, waiting for room.  More than the window at once is accepted when nothing else is held."""
        with self._condition:
            while self._end is None and self._size and self._size + len(data) > max(self._window, self._wanted):
                if not self._condition.wait(timeout):
                    raise self._not_taken(timeout)
            self._raise_end()
            self._add(data)
        self._signal()

    def feed(self, pieces: list[bytes]) -> None:
        """Add bytes without waiting; after the end they are thrown away."""
        with self._condition:
            if self._end is None:
                for piece in pieces:
                    self._add(piece)

    def room(self) -> int:
        """How many more bytes the reader is ready to hold; not positive if it holds enough."""
        with self._condition:
            return max(self._window, self._wanted) - self._size

    def take(self, count: int, timeout: float) -> bytes:
        """The next `count` bytes, waiting for them; a wait without any new byte raises Timeout and takes nothing."""
        with self._condition:
            self._wanted = count
            if self._size < count:
                self._signal()
            while self._size < count:
                before = self._size
                self._raise_end()
                if not self._condition.wait(timeout) and self._size == before:
                    raise Timeout(
                        f"nothing came from {self._peer} for {timeout:g} s; check that it still runs, "
                        "or allow more time"
                    )
            self._wanted = 0
            data = self._remove(count)
            self._condition.notify_all()
        self._signal()
        return data

    def peek(self, limit: int) -> memoryview | bytes:
        """Up to `limit` of the next bytes, without waiting and without removing them."""
        with self._condition:
            if not self._pieces:
                return b""
            first = self._pieces[0][:limit]
            if len(first) == limit or len(self._pieces) == 1:
                return first
            pieces, size = [first], len(first)
            for piece in islice(self._pieces, 1, None):
                pieces.append(piece[: limit - size])
                size += len(pieces[-1])
                if size == limit:
                    break
            return b"".join(pieces)

    def drop(self, count: int) -> None:
        """Remove the next `count` bytes."""
        with self._condition:
            self._skip(count)
            self._condition.notify_all()

    def wait_empty(self, timeout: float) -> None:
        """Wait until everything has been removed; raises Timeout if nothing moves for `timeout` seconds."""
        with self._condition:
            while self._size or self._lost:
                before = self._size
                self._raise_end()
                if not self._condition.wait(timeout) and self._size == before:
                    raise self._not_taken(timeout)

    def end(self, error: NetworkError, discard: bool = False) -> None:
        """No byte will be added any more: a reader gets `error` after the last byte, a writer at once.

        The first end stays.  With `discard` what is held is thrown away.
        """
        with self._condition:
            if self._end is None:
                self._end = error
            if discard:
                self._lost = self._size > 0
                self._pieces.clear()
                self._size = 0
            self._condition.notify_all()

    def _add(self, data: bytes) -> None:
        if data:
            self._pieces.append(memoryview(data))
            self._size += len(data)
            self._condition.notify_all()

    def _remove(self, count: int) -> bytes:
        parts: list[memoryview] = []
        missing = count
        while missing:
            piece = self._pieces[0]
            parts.append(piece[:missing])
            if len(piece) > missing:
                self._pieces[0] = piece[missing:]
            else:
                self._pieces.popleft()
            missing -= len(parts[-1])
        self._size -= count
        return b"".join(parts)

    def _skip(self, count: int) -> None:
        self._size -= count
        while count:
            piece = self._pieces.popleft()
            if len(piece) > count:
                self._pieces.appendleft(piece[count:])
            count -= min(count, len(piece))

    def _not_taken(self, timeout: float) -> Timeout:
        return Timeout(
            f"{self._peer} took nothing for {timeout:g} s while {self._size} bytes were waiting for it; check that it "
            "still runs, or allow more time"
        )

    def _raise_end(self) -> None:
        if self._end is not None:
            # A fresh copy each time: an exception keeps the traceback of where it was raised.
            raise type(self._end)(*self._end.args)

    def _signal(self) -> None:
        if self._changed is not None:
            self._changed()
