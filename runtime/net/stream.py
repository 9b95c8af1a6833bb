"""A channel over a link that one thread of its own moves bytes through.

Only that thread touches the link: reading and writing one TLS object from two threads at once corrupts it.
The parties' threads see two queues of bytes.
"""

from __future__ import annotations

import selectors
import socket
from threading import Thread
from typing import Protocol

from runtime.net.channel import WINDOW, Framing
from runtime.net.errors import ConnectionLost, NetworkError, PeerClosed
from runtime.net.link import CHUNK
from runtime.net.queue import ByteQueue

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Link(Protocol):
    """A socket that does not block, and what it makes of the bytes (`link.py`, `plain.py`)."""

    socket: socket.socket
    peer: str
    ended: NetworkError | None

    @property
    def pending(self) -> bool: ...
    def seal(self, data: bytes | memoryview) -> None: ...
    def push(self) -> None: ...
    def pull(self, target: ByteQueue) -> None: ...
    def farewell(self, timeout: float) -> None: ...


class LinkChannel(Framing):
    """A channel over such a link."""

    def __init__(self, link: Link, timeout: float) -> None:
        """Takes over a link whose handshake is done."""
        super().__init__(ByteQueue(WINDOW, link.peer, self._wake), ByteQueue(WINDOW, link.peer, self._wake), timeout)
        self._link = link
        link.socket.setblocking(False)
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)
        self._asleep = False
        self._closing = False
        self._aborting = False
        self._sealed = 0
        self._thread = Thread(target=self._run, name="ccr-network", daemon=True)
        self._thread.start()

    def flush(self) -> None:
        self._outbox.wait_empty(self.timeout, self.deadline)

    def close(self) -> None:
        if self._closing or self._aborting:
            return
        try:
            self.flush()
        except NetworkError:
            self.abort()
            raise
        self._closing = True
        self._finish("the connection is closed")

    def abort(self) -> None:
        """End at once: what is queued is lost, and the peer sees a broken connection.  Never raises."""
        self._aborting = True
        self._finish("the connection was aborted")

    def _finish(self, reason: str) -> None:
        self._inbox.end(PeerClosed(reason), discard=True)
        self._wake()
        self._thread.join()
        self._waker.close()

    def _wake(self) -> None:
        # `_asleep` is set before the thread looks at the queues for the last time, so no change is missed.
        if self._asleep:
            try:
                self._waker.send(b"\0")
            except OSError:
                # Full: it will wake.  Closed: it is gone.
                return

    def _run(self) -> None:
        with self._link.socket, self._woken, selectors.DefaultSelector() as selector:
            selector.register(self._woken, _READ)
            end: NetworkError = ConnectionLost("the network thread failed; this is a defect of ccr, please report it")
            try:
                self._move(selector)
                end = PeerClosed("the connection is closed")
            except NetworkError as error:
                end = error
            finally:
                self._inbox.end(end)
                self._outbox.end(end, discard=True)
            if not self._aborting and isinstance(end, PeerClosed):
                self._link.farewell(self.timeout)

    def _move(self, selector: selectors.BaseSelector) -> None:
        """Move bytes both ways until this side closes, or an end raises."""
        watched = 0
        while not self._aborting:
            self._asleep = True
            wanted = self._interest()
            if wanted != watched:
                _watch(selector, self._link.socket, watched, wanted)
                watched = wanted
            if self._aborting or (self._closing and not wanted & _WRITE):
                return
            ready = selector.select()
            self._asleep = False
            for key, events in ready:
                if key.fileobj is self._woken:
                    self._woken.recv(4096)
                elif events & _READ:
                    self._link.pull(self._inbox)
                    if self._link.ended is not None:
                        raise self._link.ended
            self._push()

    def _interest(self) -> int:
        reading = _READ if self._inbox.room() > 0 else 0
        writing = _WRITE if self._link.pending or self._outbox.peek(1) else 0
        return reading | writing

    def _push(self) -> None:
        if not self._link.pending:
            data = self._outbox.peek(CHUNK)
            if data:
                self._link.seal(data)
                self._sealed = len(data)
        self._link.push()
        if self._sealed and not self._link.pending:
            # Only now: `flush` waits until the operating system has taken the bytes.
            self._outbox.drop(self._sealed)
            self._sealed = 0


class TlsChannel(LinkChannel):
    """An authenticated, encrypted channel; made by `runtime.net.tls`."""


def _watch(selector: selectors.BaseSelector, sock: socket.socket, before: int, after: int) -> None:
    if not before:
        selector.register(sock, after)
    elif not after:
        selector.unregister(sock)
    else:
        selector.modify(sock, after)
