"""One TLS connection over one socket, for one thread at a time: bytes in memory on one side, the network on the other.

`ssl.SSLObject` over memory buffers: the library never touches the socket, so it can never wait.
"""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import suppress

from runtime.net import keys
from runtime.net.errors import ConnectionLost, NetworkError, PeerClosed, PeerNotTrusted, ProtocolError
from runtime.net.queue import ByteQueue

CHUNK = 512 << 10
"""Bytes moved at a time, a block of the queue, so that the memory buffers stay small."""

_RECORD = 16 << 10
_LONGEST_HANDSHAKE = 64 << 10


class Link:
    """A socket and the TLS state on top of it.  Owns the socket."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, is_server: bool, peer: str) -> None:
        self.peer = peer
        self.socket = sock
        with suppress(OSError):  # where the peer is gone already, the handshake says so
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=is_server)
        self._arrived = memoryview(b"")  # room for what comes behind the handshake: strangers get none
        self._sealed = memoryview(b"")
        self._heard, self._answered = 0, False
        self.ended: NetworkError | None = None
        """Why nothing more will arrive: PeerClosed after the peer's farewell, ConnectionLost without one."""

    def shake(self, expected: bytes) -> bool:
        """One move of the handshake; whether it is complete, and the peer presented the `expected` certificate (DER).

        What the peer has to say next is waited for as the socket is set to: BlockingIOError or TimeoutError where
        there is nothing yet, after which this may be called again.
        Raises PeerNotTrusted, ProtocolError or ConnectionLost, and then `part` tells the peer.
        """
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self.push()
            self._hear()
            return False
        except ssl.SSLError as error:
            raise self._explain(error, expected) from error
        self.push()
        if (presented := self._tls.getpeercert(binary_form=True)) != expected:
            raise _untrusted(self.peer, expected, presented)
        return True

    @property
    def answered(self) -> bool:
        """Whether the peer's words had made enough of a handshake for an answer."""
        return self._answered

    def _hear(self) -> None:
        try:
            data = self.socket.recv(_RECORD)
        except (BlockingIOError, TimeoutError):
            raise
        except OSError as error:
            raise self._explain(error) from error
        self._heard += len(data)
        if self._heard > _LONGEST_HANDSHAKE:
            raise ProtocolError(f"{self.peer} sent {self._heard} bytes of a handshake that does not end")
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def part(self) -> None:
        """Hand over the alert that TLS has prepared and say that no more will come; never waits, never raises."""
        with suppress(NetworkError, OSError):
            self.push()
            self.socket.shutdown(socket.SHUT_WR)

    def seal(self, data: bytes | memoryview) -> None:
        """Encrypt bytes to be sent; only when `pending` is false."""
        offset = 0
        while offset < len(data):
            offset += self._tls.write(data[offset:])
        self._sealed = memoryview(self._outgoing.read())

    @property
    def pending(self) -> bool:
        """Whether encrypted bytes wait for the socket."""
        return bool(self._sealed)

    def push(self) -> None:
        """Hand the socket, which must not block, as many encrypted bytes as it takes."""
        if not self._sealed and self._outgoing.pending:
            self._sealed, self._answered = memoryview(self._outgoing.read()), True
        try:
            while self._sealed:
                self._sealed = self._sealed[self.socket.send(self._sealed) :]
        except (BlockingIOError, TimeoutError):
            return
        except OSError as error:
            raise self._explain(error) from error

    def pull(self, target: ByteQueue) -> None:
        """Decrypt what has arrived to its place in the queue; look at `ended` afterwards.  Raises ConnectionLost."""
        if not self._arrived:
            self._arrived = memoryview(bytearray(CHUNK))
        try:
            count = self.socket.recv_into(self._arrived)
        except BlockingIOError:
            return
        except OSError as error:
            raise self._explain(error) from error
        if count:
            self._incoming.write(self._arrived[:count])
        else:
            self._incoming.write_eof()
        self._open(target)

    def within(self, deadline: float) -> socket.socket:
        """The socket, which from here on waits until the deadline at most; TimeoutError if that has passed."""
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self.socket.settimeout(remaining)
        return self.socket

    def linger(self, deadline: float) -> None:
        """Wait until the peer has hung up: closing a socket with unread bytes resets it, which may destroy what the
        peer has not read yet."""
        with suppress(OSError):
            while self.within(deadline).recv(CHUNK):
                pass

    def farewell(self, timeout: float) -> None:
        """Say goodbye, then wait until the peer has hung up too, so that nothing on its way to it is cut off."""
        deadline = time.monotonic() + timeout
        try:
            self._unwrap()
            self.within(deadline).sendall(self._sealed)
            self.within(deadline).sendall(self._outgoing.read())
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return  # the peer is gone already: there is nobody left to be polite to
        self.linger(deadline)

    def _open(self, target: ByteQueue) -> None:
        try:
            while self._fill(target):
                pass
        except ssl.SSLWantReadError:
            return
        except ssl.SSLError as error:
            self.ended = self._explain(error)

    def _fill(self, target: ByteQueue) -> bool:
        """Records as long as there is space; False after the peer's farewell."""
        space, count = target.space(), 0
        try:
            while count < len(space):
                # With a buffer it gives a number: typeshed knows only what it gives without one.
                read = int(self._tls.read(len(space) - count, space[count:]))
                if not read:
                    self.ended = PeerClosed(f"{self.peer} closed the connection; look at its own message")
                    return False
                count += read
        finally:
            target.filled(count)
        return True

    def _unwrap(self) -> None:
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            # Wants the peer's farewell, which `linger` does not need: the end of the stream says as much.
            return

    def _explain(self, error: OSError, expected: bytes | None = None) -> NetworkError:
        """In words; in the handshake the `expected` certificate is known."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return _untrusted(self.peer, expected)
        reason = getattr(error, "reason", None)
        if isinstance(error, ssl.SSLError) and isinstance(reason, str):
            if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
                return PeerNotTrusted(
                    f"{self.peer} does not accept this party's certificate; give it the certificate "
                    "that belongs to the key used here"
                )
            if "NO_CERTIFICATE" in reason or "DID_NOT_RETURN_A_CERTIFICATE" in reason:
                return _untrusted(self.peer, expected)
            if expected is not None and not isinstance(error, ssl.SSLEOFError):
                return ProtocolError(
                    f"{self.peer} does not speak TLS 1.3 as this party does ({reason}); check that "
                    "the address is the peer's and that both run the same version"
                )
        why = "it ended without a farewell" if isinstance(error, ssl.SSLEOFError) else reason or error.strerror
        return ConnectionLost(
            f"the connection to {self.peer} broke ({why}); look at the peer's own message, or whether it still runs"
        )


def _untrusted(peer: str, expected: bytes | None, presented: bytes | None = None) -> PeerNotTrusted:
    """With the agreed fingerprint, and the presented one where there is one: of a certificate that does not verify the
    TLS library hands out nothing."""
    agreed = "" if expected is None else f", {_fingerprint(expected)}"
    found = "" if presented is None else f" but another, of {_fingerprint(presented)}"
    return PeerNotTrusted(
        f"{peer} does not present the certificate that this party was told to expect{agreed}{found}; compare "
        "fingerprints with `ccr keys show` on both sides"
    )


def _fingerprint(certificate: bytes) -> str:
    try:
        return keys.fingerprint(ssl.DER_cert_to_PEM_cert(certificate).encode())
    except ValueError:
        return "a key of another kind"
