"""Channels over TCP and TLS 1.3, both sides authenticated by certificates known beforehand."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

from runtime.net import keys
from runtime.net.channel import expect
from runtime.net.door import HANDSHAKE, Door, Told
from runtime.net.errors import CannotListen, ConnectionLost, NetworkError, PeerClosed, PeerUnreachable, Timeout
from runtime.net.frames import Frame
from runtime.net.keys import Identity
from runtime.net.link import Link
from runtime.net.stream import TlsChannel

_RETRY_SECONDS = 0.1
_LONGEST_DIAL = 60.0  # seconds of one attempt
_BACKLOG = 128  # callers that the system holds before they are let in


def _unheard(_: NetworkError) -> None:
    """For those who do not want to be told."""


class Listener:
    """Waits for the one peer whose certificate (PEM) it was given."""

    def __init__(self, host: str, port: int, identity: Identity, peer_certificate: bytes) -> None:
        """Listen at once; port 0 takes any free one, see `port`.  Raises CannotListen."""
        self._context = _context(identity, peer_certificate, is_server=True)
        self._expected = keys.der(peer_certificate)
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
            self._socket = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        except OSError as error:
            raise CannotListen(f"cannot listen on {host}:{port}: {_why_not(error, port)}") from error
        self.port: int = self._socket.getsockname()[1]
        self._where = f"{host}:{self.port}"

    def accept(self, wait: float, timeout: float, told: Told = _unheard) -> TlsChannel:
        """The channel to the agreed peer, for which this waits `wait` seconds whoever else calls; `told` hears why
        another was turned away.  `timeout` holds for the channel's later waits.

        Raises Timeout; it may be called again then.
        """
        with Door(self._socket, self._context, self._expected, told) as door:
            link = door.admit(time.monotonic() + wait)
            if link is None:
                raise self._nobody(wait, door)
        link.peer = link.peer.replace("caller", "peer", 1)
        channel = TlsChannel(link, timeout)
        # The first word is the server's: a client whose certificate is refused learns it only after its own
        # handshake has succeeded, and must not have sent anything by then.
        with _aborted_on_error(channel):
            channel.send(Frame.READY, b"")
        return channel

    def _nobody(self, wait: float, door: Door) -> Timeout:
        what = f"the peer did not come to {self._where}" if door.last else f"nobody connected to {self._where}"
        others = f" (turned away: {door.turned_away}; the last: {door.last})" if door.last else ""
        return Timeout(
            f"{what} within {wait:g} s{others}; start the peer, ask whether it has refused the run on its side, check "
            "the address it connects to, or allow more with --wait"
        )

    def close(self) -> None:
        """Stop listening; channels that were accepted stay open."""
        self._socket.close()


def _why_not(error: OSError, port: int) -> str:
    """Why, and what to do; of an address that is not to be had Python repeats the address in its own words."""
    why = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or errno.EIO)
    if error.errno == errno.EADDRINUSE:
        return f"{why}; another process listens there: give another port"
    if error.errno == errno.EACCES:
        return f"{why}; ports below 1024 ask for rights: give a higher one"
    return f"{why}; give an address of this machine, such as 0.0.0.0:{port} for all that it has"


def connect(
    host: str,
    port: int,
    identity: Identity,
    peer_certificate: bytes,
    wait: float,
    timeout: float,
    told: Told = _unheard,
) -> TlsChannel:
    """Connect to a listening peer; it has accepted this party's certificate when this returns.

    For `wait` seconds it tries again while nobody answers, and where the connection ends before the peer has said a
    word (its door was crowded, or what forwards the connection is there before the peer): `told` hears why.
    `timeout` holds for the channel's later waits.
    Raises PeerUnreachable, PeerNotTrusted, ProtocolError, ConnectionLost or Timeout.
    """
    deadline = time.monotonic() + wait
    context = _context(identity, peer_certificate, is_server=False)
    while True:
        link = Link(_dial(host, port, deadline, wait), context, False, f"the peer at {host}:{port}")
        try:
            return _greeted(link, min(deadline, time.monotonic() + HANDSHAKE), keys.der(peer_certificate), timeout)
        except (ConnectionLost, PeerClosed, Timeout) as error:
            if time.monotonic() + _RETRY_SECONDS >= deadline:
                raise
            told(error)
        time.sleep(_RETRY_SECONDS)


def _greeted(link: Link, deadline: float, expected: bytes, timeout: float) -> TlsChannel:
    """The channel over this link once the listening side has spoken."""
    try:
        while link.within(deadline) and not link.shake(expected):
            pass
    except TimeoutError:
        link.socket.close()
        raise Timeout(
            f"{link.peer} did not finish the TLS handshake in time; check that it is ccr that listens "
            "and connects there"
        ) from None
    except NetworkError:
        link.part()
        link.linger(time.monotonic() + 1.0)
        link.socket.close()
        raise
    except BaseException:
        link.socket.close()
        raise
    channel = TlsChannel(link, max(deadline - time.monotonic(), _RETRY_SECONDS))
    with _aborted_on_error(channel):
        expect(channel, Frame.READY, 0)
    channel.timeout = timeout
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
            patience = min(max(deadline - time.monotonic(), _RETRY_SECONDS), _LONGEST_DIAL)
            return socket.create_connection((host, port), timeout=patience)
        except socket.gaierror as error:
            raise PeerUnreachable(f"the host name {host} is unknown ({error.strerror}); check the address") from error
        except OSError as error:
            if time.monotonic() + _RETRY_SECONDS >= deadline:
                raise PeerUnreachable(
                    f"nobody answered at {host}:{port} within {timeout:g} s "
                    f"({error.strerror or error}); start the peer, ask whether it has refused the run on its side, or "
                    "check address and firewall"
                ) from error
            time.sleep(_RETRY_SECONDS)


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
