"""A channel without encryption between two processes of this machine, to measure what encryption costs: `--insecure`.

It has no address but loopback, and both ends have to know a token that whoever started them drew: nobody else who is on
this machine gets in, and who expects TLS does not understand a word.  What passes is as it is on the wire.
"""

from __future__ import annotations

import hmac
import socket
import time
from contextlib import suppress

from runtime.net.channel import expect
from runtime.net.errors import CannotListen, ConnectionLost, NetworkError, PeerClosed, PeerUnreachable, Timeout
from runtime.net.frames import Frame
from runtime.net.queue import ByteQueue
from runtime.net.stream import LinkChannel

LOOPBACK = "127.0.0.1"
TOKEN_BYTES = 32
_GREETING = b"ccr without encryption\n"
_BACKLOG = 16
_GREETED = 0.5  # seconds in which a caller has to have said the token, so that a silent one keeps nobody waiting
_CHUNK = 256 << 10  # bytes that are thrown away at a time


class PlainLink:
    """A socket, as `runtime.net.link.Link` is one with TLS on top of it."""

    def __init__(self, sock: socket.socket, peer: str) -> None:
        self.peer, self.socket = peer, sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._waiting = memoryview(b"")
        self.ended: NetworkError | None = None

    def seal(self, data: bytes | memoryview) -> None:
        """Bytes to be sent, which stay as they are until they are; only when `pending` is false."""
        self._waiting = memoryview(data)

    @property
    def pending(self) -> bool:
        return bool(self._waiting)

    def push(self) -> None:
        """Hand the socket as many as it takes.  Raises ConnectionLost."""
        try:
            while self._waiting:
                self._waiting = self._waiting[self.socket.send(self._waiting) :]
        except BlockingIOError:
            return
        except OSError as error:
            raise self._lost(error) from error

    def pull(self, target: ByteQueue) -> None:
        """What has arrived, to its place in the queue; look at `ended` afterwards.  Raises ConnectionLost."""
        try:
            count = self.socket.recv_into(target.space())
        except BlockingIOError:
            return
        except OSError as error:
            raise self._lost(error) from error
        target.filled(count)
        if not count:
            self.ended = PeerClosed(f"{self.peer} closed the connection; look at its own message")

    def farewell(self, timeout: float) -> None:
        """Say that no more comes, and wait until the peer has hung up too."""
        deadline = time.monotonic() + timeout
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
            while (left := deadline - time.monotonic()) > 0:
                self.socket.settimeout(left)
                if not self.socket.recv(_CHUNK):
                    return

    def _lost(self, error: OSError) -> ConnectionLost:
        why = error.strerror or str(error)
        return ConnectionLost(
            f"the connection to {self.peer} broke ({why}); look at the peer's own message, or whether it still runs"
        )


class PlainListener:
    """Waits on loopback for the one who knows the token."""

    def __init__(self, token: bytes) -> None:
        """At any port that is free, see `port`.  Raises CannotListen."""
        self._greeting = _GREETING + token
        try:
            self._socket = socket.create_server((LOOPBACK, 0), backlog=_BACKLOG)
        except OSError as error:
            raise CannotListen(f"cannot listen on {LOOPBACK}: {error.strerror}") from error
        self.port: int = self._socket.getsockname()[1]

    def accept(self, wait: float, timeout: float) -> LinkChannel:
        """Raises Timeout where nobody with the token comes within `wait` seconds."""
        deadline = time.monotonic() + wait
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                sock, _ = self._socket.accept()
            except TimeoutError:
                break
            if hmac.compare_digest(_first(sock, len(self._greeting), min(left, _GREETED)), self._greeting):
                channel = LinkChannel(PlainLink(sock, "the peer"), timeout)
                channel.send(Frame.READY, b"")
                return channel
            sock.close()
        raise Timeout(f"nobody with the token connected to {LOOPBACK}:{self.port} within {wait:g} s")

    def close(self) -> None:
        self._socket.close()


def connect_plainly(port: int, token: bytes, timeout: float) -> LinkChannel:
    """To whoever listens there with this token.  Raises PeerUnreachable, ConnectionLost, PeerClosed, ProtocolError."""
    try:
        sock = socket.create_connection((LOOPBACK, port), timeout)
        sock.sendall(_GREETING + token)
    except OSError as error:
        raise PeerUnreachable(f"nobody answered at {LOOPBACK}:{port} ({error.strerror or error})") from error
    channel = LinkChannel(PlainLink(sock, "the peer"), timeout)
    try:
        expect(channel, Frame.READY, 0)
    except BaseException:
        channel.abort()
        raise
    return channel


def _first(sock: socket.socket, count: int, within: float) -> bytes:
    """So many bytes, or fewer if no more come in so many seconds."""
    found, deadline = b"", time.monotonic() + within
    with suppress(OSError):
        while len(found) < count and (left := deadline - time.monotonic()) > 0:
            sock.settimeout(left)
            if not (data := sock.recv(count - len(found))):
                break
            found += data
    return found
