"""Channels over TCP and TLS 1.3, both sides authenticated by certificates known beforehand."""

from __future__ import annotations

import contextlib
import socket
import ssl
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

from runtime.net import keys
from runtime.net.channel import expect
from runtime.net.errors import CannotListen, PeerUnreachable, Timeout
from runtime.net.frames import Frame
from runtime.net.keys import Identity
from runtime.net.link import Link
from runtime.net.stream import TlsChannel

_RETRY_SECONDS = 0.1


class Listener:
    """Waits for the one peer whose certificate (PEM) it was given."""

    def __init__(self, host: str, port: int, identity: Identity, peer_certificate: bytes) -> None:
        """Listen at once; port 0 takes any free one, see `port`.  Raises CannotListen."""
        self._context = _context(identity, peer_certificate, is_server=True)
        self._expected = keys.der(peer_certificate)
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
            self._socket = socket.create_server((host, port), family=family)
        except OSError as error:
            raise CannotListen(f"cannot listen on {host}:{port}: {error.strerror}; choose another address") from error
        self.port: int = self._socket.getsockname()[1]
        self._where = f"{host}:{self.port}"

    def accept(self, timeout: float) -> TlsChannel:
        """The channel to the first that connects; `timeout` seconds hold for this and for its later waits.

        Raises Timeout, PeerNotTrusted, ProtocolError or ConnectionLost; it may be called again after any of them.
        """
        deadline = time.monotonic() + timeout
        self._socket.settimeout(timeout)
        try:
            sock, address = self._socket.accept()
        except TimeoutError as error:
            raise Timeout(
                f"nobody connected to {self._where} within {timeout:g} s; start the peer, or check the "
                "address it connects to"
            ) from error
        channel = _open(
            sock, self._context, True, f"the peer at {address[0]}:{address[1]}", deadline, self._expected, timeout
        )
        # The first word is the server's: a client whose certificate is refused learns it only after its own
        # handshake has succeeded, and must not have sent anything by then.
        with _aborted_on_error(channel):
            channel.send(Frame.READY, b"")
        return channel

    def close(self) -> None:
        """Stop listening; channels that were accepted stay open."""
        self._socket.close()


def connect(host: str, port: int, identity: Identity, peer_certificate: bytes, timeout: float) -> TlsChannel:
    """Connect to a listening peer, trying again for `timeout` seconds while nobody answers; the peer has accepted
    this party's certificate when it returns.  The timeout holds for the channel's later waits too.

    Raises PeerUnreachable, PeerNotTrusted, ProtocolError, ConnectionLost or Timeout.
    """
    deadline = time.monotonic() + timeout
    context = _context(identity, peer_certificate, is_server=False)
    sock = _dial(host, port, deadline, timeout)
    channel = _open(sock, context, False, f"the peer at {host}:{port}", deadline, keys.der(peer_certificate), timeout)
    with _aborted_on_error(channel):
        expect(channel, Frame.READY, 0)
    return channel


@contextlib.contextmanager
def _aborted_on_error(channel: TlsChannel) -> Generator[None, None, None]:
    try:
        yield
    except BaseException:
        channel.abort()
        raise


def _dial(host: str, port: int, deadline: float, timeout: float) -> socket.socket:
    while True:
        try:
            return socket.create_connection((host, port), timeout=max(deadline - time.monotonic(), _RETRY_SECONDS))
        except socket.gaierror as error:
            raise PeerUnreachable(f"the host name {host} is unknown ({error.strerror}); check the address") from error
        except OSError as error:
            if time.monotonic() + _RETRY_SECONDS >= deadline:
                raise PeerUnreachable(
                    f"nobody answered at {host}:{port} within {timeout:g} s "
                    f"({error.strerror or error}); start the peer, or check address and firewall"
                ) from error
            time.sleep(_RETRY_SECONDS)


def _open(
    sock: socket.socket,
    context: ssl.SSLContext,
    is_server: bool,
    peer: str,
    deadline: float,
    expected: bytes,
    timeout: float,
) -> TlsChannel:
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = Link(sock, context, is_server, peer)
        link.handshake(deadline, expected)
    except BaseException:
        sock.close()
        raise
    return TlsChannel(link, timeout)


def _context(identity: Identity, peer_certificate: bytes, is_server: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if is_server else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # The peer is known by its certificate, not by a host name.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=peer_certificate.decode("ascii"))
    if is_server:
        # Sessions are never resumed.
        context.num_tickets = 0
    _load(context, identity)
    return context


def _load(context: ssl.SSLContext, identity: Identity) -> None:
    """The standard library reads keys from files alone: a private folder holds one for that moment."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "identity.pem"
        path.touch(mode=0o600)
        path.write_bytes(identity.private_key + identity.certificate)
        context.load_cert_chain(path)
