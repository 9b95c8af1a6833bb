"""One TLS connection over one socket, for one thread at a time: bytes in memory on one side, the network on the other.

`ssl.SSLObject` over memory buffers: the library never touches the socket, so it can never wait.
"""

from __future__ import annotations

import socket
import ssl
import time

from runtime.net.errors import ConnectionLost, NetworkError, PeerClosed, PeerNotTrusted, ProtocolError, Timeout

CHUNK = 256 << 10
"""Bytes moved at a time, so that the memory buffers stay small."""

_RECORD = 16 << 10


class Link:
    """A socket and the TLS state on top of it.  Owns the socket."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, is_server: bool, peer: str) -> None:
        self.peer = peer
        self.socket = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=is_server)
        self._sealed = memoryview(b"")
        self.ended: NetworkError | None = None
        """Why nothing more will arrive: PeerClosed after the peer's farewell, ConnectionLost without one."""

    def handshake(self, deadline: float, expected: bytes) -> None:
        """Agree on keys and check that the peer presented the `expected` certificate (DER).

        `deadline` is in time.monotonic() seconds.  Raises PeerNotTrusted, ProtocolError, ConnectionLost or Timeout.
        """
        try:
            while not self._step(deadline):
                data = self._within(deadline).recv(CHUNK)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
        except TimeoutError as error:
            raise Timeout(
                f"{self.peer} did not finish the TLS handshake in time; check that it is ccr that listens "
                "and connects there"
            ) from error
        except ssl.SSLError as error:
            self._refuse()
            raise self._explain(error, handshake=True) from error
        except OSError as error:
            raise self._explain(error) from error
        if self._tls.getpeercert(binary_form=True) != expected:
            self._refuse()
            raise _untrusted(self.peer)

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
            self._sealed = memoryview(self._outgoing.read())
        try:
            while self._sealed:
                self._sealed = self._sealed[self.socket.send(self._sealed) :]
        except BlockingIOError:
            return
        except OSError as error:
            raise self._explain(error) from error

    def pull(self) -> list[bytes]:
        """What has arrived, decrypted, in pieces; look at `ended` afterwards.  Raises ConnectionLost."""
        try:
            data = self.socket.recv(CHUNK)
        except BlockingIOError:
            return []
        except OSError as error:
            raise self._explain(error) from error
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        return self._open()

    def farewell(self, timeout: float) -> None:
        """Say goodbye, then wait until the peer has hung up too, so that nothing on its way to it is cut off."""
        deadline = time.monotonic() + timeout
        try:
            self._unwrap()
            self._within(deadline).sendall(self._sealed)
            self._within(deadline).sendall(self._outgoing.read())
            self._hang_up(deadline)
        except OSError:
            # The peer is gone already, or does not hang up: there is nobody left to be polite to.
            return

    def _open(self) -> list[bytes]:
        pieces: list[bytes] = []
        try:
            while True:
                piece = self._tls.read(_RECORD)
                if not piece:
                    self.ended = PeerClosed(f"{self.peer} closed the connection; look at its own message")
                    return pieces
                pieces.append(piece)
        except ssl.SSLWantReadError:
            return pieces
        except ssl.SSLError as error:
            self.ended = self._explain(error)
            return pieces

    def _step(self, deadline: float) -> bool:
        """One move of the handshake; whether it is complete."""
        try:
            self._tls.do_handshake()
            done = True
        except ssl.SSLWantReadError:
            done = False
        self._within(deadline).sendall(self._outgoing.read())
        return done

    def _refuse(self) -> None:
        """Send the alert that TLS has prepared, and let it arrive, before the connection goes."""
        deadline = time.monotonic() + 1.0
        try:
            self._within(deadline).sendall(self._outgoing.read())
            self._hang_up(deadline)
        except OSError:
            return

    def _hang_up(self, deadline: float) -> None:
        """Closing a socket with unread bytes resets it, which may destroy what the peer has not read yet."""
        self.socket.shutdown(socket.SHUT_WR)
        while self._within(deadline).recv(CHUNK):
            pass

    def _unwrap(self) -> None:
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            # Wants the peer's farewell, which `_hang_up` does not need: the end of the stream says as much.
            return

    def _within(self, deadline: float) -> socket.socket:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self.socket.settimeout(remaining)
        return self.socket

    def _explain(self, error: OSError, handshake: bool = False) -> NetworkError:
        if isinstance(error, ssl.SSLCertVerificationError):
            return _untrusted(self.peer)
        reason = getattr(error, "reason", None)
        if isinstance(error, ssl.SSLError) and isinstance(reason, str):
            if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
                return PeerNotTrusted(
                    f"{self.peer} does not accept this party's certificate; give it the certificate "
                    "that belongs to the key used here"
                )
            if "NO_CERTIFICATE" in reason or "DID_NOT_RETURN_A_CERTIFICATE" in reason:
                return _untrusted(self.peer)
            if handshake and not isinstance(error, ssl.SSLEOFError):
                return ProtocolError(
                    f"{self.peer} does not speak TLS 1.3 as this party does ({reason}); check that "
                    "the address is the peer's and that both run the same version"
                )
        why = "it ended without a farewell" if isinstance(error, ssl.SSLEOFError) else reason or error.strerror
        return ConnectionLost(
            f"the connection to {self.peer} broke ({why}); look at the peer's own message, and start again"
        )


def _untrusted(peer: str) -> PeerNotTrusted:
    return PeerNotTrusted(
        f"{peer} does not present the certificate that this party was told to expect; compare "
        "fingerprints with `ccr keys show` on both sides"
    )
