"""A bounded queue of bytes between two threads."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from threading import Condition

from runtime.net.errors import NetworkError, Timeout

BLOCK = 512 << 10
"""Bytes are held in blocks of this size: what a byte costs does not depend on how many came at once, and less where a
block, for which threads wake and take turns, is of many."""

SPARE = 16
"""Blocks that are kept for other bytes once they are read, a full window: one that is new has to be found and wiped."""


class ByteQueue:
    """Bytes in, bytes out, in order; the writer waits while more than `window` bytes are held.

    One thread writes (`put`, or `space` and `filled` after a look at `room`), one reads (`take`, or `peek` and `drop`).
    Who waits is woken when there is what it waits for, and `changed` is called, without the lock, when `put` or `take`
    have given the other side work that it did not have: not for every block that passes.
    A wait ends with Timeout after `timeout` seconds in which nothing moved, and at `deadline` (time.monotonic) in any
    case: a peer that sends a byte now and then moves too.
    """

    def __init__(self, window: int, peer: str, changed: Callable[[], None] | None = None) -> None:
        self._window = window
        self._peer = peer
        self._changed = changed
        self._blocks: deque[_Block] = deque()
        self._spare: list[_Block] = []
        self._size = 0
        self._wanted = 0  # bytes that the reader waits for
        self._coming = 0  # and that the writer has
        self.taken = 0
        """Bytes that were removed so far."""
        self._end: NetworkError | None = None
        self._lost = False
        self._moved = 0.0  # when a byte last came or went
        self._condition = Condition()

    def put(self, pieces: Sequence[bytes | bytearray | memoryview], timeout: float, deadline: float = inf) -> None:
        """Add bytes, all or none, waiting for room.  More than the window is accepted when nothing else is held."""
        self._coming = count = sum(map(len, pieces))
        with self._condition:
            start = time.monotonic()
            while self._end is None and not self._roomy():
                if not self._wait(start, timeout, deadline):
                    raise self._not_taken(timeout)
            self._raise_end()
            first = not self._size
            for piece in pieces:
                rest = memoryview(piece)
                while rest:
                    rest = self._last().fill(rest)
            self._size += count
            self._arrived()
        if first:
            self._signal()

    def space(self) -> memoryview:
        """Room for the next bytes, which the writer may put there: `filled` adds them."""
        with self._condition:
            return self._last().room()

    def filled(self, count: int) -> None:
        """Add what stands in the `space`, without waiting; after the end it is thrown away."""
        with self._condition:
            if self._end is None and count:
                self._blocks[-1].end += count
                self._size += count
                self._arrived()

    def room(self) -> int:
        """How many more bytes the reader is ready to hold; not positive if it holds enough."""
        with self._condition:
            return max(self._window, self._wanted) - self._size

    def take(self, count: int, timeout: float, deadline: float = inf) -> bytes:
        """The next `count` bytes, waiting for them; a wait without any new byte raises Timeout and takes nothing."""
        with self._condition:
            self._wanted = count
            if self._size < count:
                self._signal()
            start = time.monotonic()
            while self._size < count:
                self._raise_end()
                if not self._wait(start, timeout, deadline):
                    raise Timeout(
                        f"nothing came from {self._peer} for {timeout:g} s; check that it still runs, "
                        "or allow more time (--timeout)"
                    )
            self._wanted, full = 0, self._size >= self._window
            data = b"".join(self._remove(count))
            self._left()
        if full:
            self._signal()
        return data

    def peek(self, limit: int) -> memoryview | bytes:
        """Some of the next bytes, at most `limit`, without waiting and without removing them; none if there are none.

        They stay as they are until they are dropped.
        """
        with self._condition:
            return self._blocks[0].held()[:limit] if self._blocks else b""

    def drop(self, count: int) -> None:
        """Remove the next `count` bytes."""
        with self._condition:
            self._remove(count)
            self._left()

    def wait_empty(self, timeout: float, deadline: float = inf) -> None:
        """Wait until everything has been removed; raises Timeout if nothing moves for `timeout` seconds."""
        with self._condition:
            start = time.monotonic()
            while self._size or self._lost:
                self._raise_end()
                if not self._wait(start, timeout, deadline):
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
                self._blocks.clear()
                self._size = 0
            self._condition.notify_all()

    def _roomy(self) -> bool:
        """Whether what the writer has may come in."""
        return not self._size or self._size + self._coming <= max(self._window, self._wanted)

    def _arrived(self) -> None:
        self._moved = time.monotonic()
        if self._size >= self._wanted:
            self._condition.notify_all()

    def _left(self) -> None:
        self._moved = time.monotonic()
        if self._roomy():
            self._condition.notify_all()

    def _wait(self, start: float, timeout: float, deadline: float) -> bool:
        """Until something changes; False if since the `start` of the wait nothing has moved for `timeout` seconds.
        Raises Timeout at the deadline."""
        now = time.monotonic()
        left, quiet = deadline - now, max(start, self._moved) + timeout - now
        if left <= 0:
            raise Timeout(
                f"the run with {self._peer} has taken longer than its work can take even over a slow link, and was "
                "ended; if the link is slower than that, say so with --link"
            )
        if quiet <= 0:
            return False
        self._condition.wait(min(left, quiet))
        return True

    def _last(self) -> _Block:
        """A block that is not full."""
        if not self._blocks or self._blocks[-1].full:
            self._blocks.append(self._spare.pop() if self._spare else _Block())
        return self._blocks[-1]

    def _remove(self, count: int) -> list[memoryview]:
        """They stay as they are until the lock is free."""
        self._size -= count
        self.taken += count
        parts, read = list[memoryview](), list[_Block]()
        while count:
            first = self._blocks[0]
            parts.append(first.held()[:count])
            first.start += len(parts[-1])
            count -= len(parts[-1])
            if first.start == BLOCK:
                read.append(self._blocks.popleft())
        for block in read[: SPARE - len(self._spare)]:
            block.start = block.end = 0
            self._spare.append(block)
        return parts

    def _not_taken(self, timeout: float) -> Timeout:
        return Timeout(
            f"{self._peer} took nothing for {timeout:g} s while {self._size} bytes were waiting for it; check that it "
            "still runs, or allow more time (--timeout)"
        )

    def _raise_end(self) -> None:
        if self._end is not None:
            # A fresh copy each time: an exception keeps the traceback of where it was raised.
            raise type(self._end)(*self._end.args)

    def _signal(self) -> None:
        if self._changed is not None:
            self._changed()


class _Block:
    """Bytes from `start` to `end` of a buffer that is filled from front to back."""

    __slots__ = ("_buffer", "end", "start")

    def __init__(self) -> None:
        self._buffer = memoryview(bytearray(BLOCK))
        self.start = self.end = 0

    @property
    def full(self) -> bool:
        return self.end == BLOCK

    def fill(self, data: memoryview) -> memoryview:
        """Take as many bytes as there is room for; the others."""
        count = min(len(data), BLOCK - self.end)
        self._buffer[self.end : self.end + count] = data[:count]
        self.end += count
        return data[count:]

    def room(self) -> memoryview:
        """What is free behind them."""
        return self._buffer[self.end :]

    def held(self) -> memoryview:
        return self._buffer[self.start : self.end].toreadonly()
