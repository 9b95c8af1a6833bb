"""TLS channels: who is let in, and how every way of failing looks.  Loopback only."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import stat
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID
from support.callers import raw_context, turned_away
from support.loopback import CLIENT, HERE, SERVER, STRANGER, tls_pair

from runtime.net import keys
from runtime.net.channel import HEADER
from runtime.net.errors import (
    CannotListen,
    ConnectionLost,
    NetworkError,
    PeerClosed,
    PeerNotTrusted,
    ProtocolError,
    Timeout,
)
from runtime.net.keys import Identity
from runtime.net.stream import TlsChannel
from runtime.net.tls import Listener, _context, _load, connect


def against_raw_client(act: Callable[[int], None]) -> NetworkError:
    """How the first receive ends on a listener's side when the client, which it lets in, does `act` with its port."""
    with contextlib.closing(Listener(HERE, 0, SERVER, CLIENT.certificate)) as listener, ThreadPoolExecutor() as pool:
        acting = pool.submit(act, listener.port)
        channel = listener.accept(10, 10)
        with pytest.raises(NetworkError) as caught:
            channel.receive(100)
        channel.abort()
        acting.result()
    return caught.value


def end_of(accepting: Future[TlsChannel]) -> None:
    """It may have let the client in, which refused the server only then."""
    with contextlib.suppress(Timeout, ConnectionLost):
        accepting.result().abort()


def test_the_protocol_is_tls_1_3(tmp_path: Path) -> None:
    context = raw_context(CLIENT, tmp_path, is_server=False)

    def act(port: int) -> None:
        with context.wrap_socket(socket.create_connection((HERE, port))) as client:
            assert client.version() == "TLSv1.3"
            assert client.recv(5) == HEADER.pack(0, 0)

    assert isinstance(against_raw_client(act), NetworkError)


def test_an_older_tls_is_refused(tmp_path: Path) -> None:
    context = raw_context(CLIENT, tmp_path, is_server=False)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def act(port: int) -> None:
        with socket.create_connection((HERE, port)) as plain, pytest.raises(ssl.SSLError):
            context.wrap_socket(plain)

    error = turned_away(act)
    assert isinstance(error, ProtocolError)
    assert "TLS 1.3" in str(error)


def test_a_client_that_speaks_no_tls_is_refused() -> None:
    def act(port: int) -> None:
        with socket.create_connection((HERE, port)) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n" * 20)
            while plain.recv(1000):
                pass

    assert isinstance(turned_away(act), ProtocolError)


def test_a_client_that_says_nothing_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.net.door.HANDSHAKE", 0.2)

    def act(port: int) -> None:
        with socket.create_connection((HERE, port)) as plain:
            assert plain.recv(1000) == b""

    error = turned_away(act)
    assert isinstance(error, Timeout) and "did not finish the TLS handshake" in str(error)


def test_a_client_that_leaves_during_the_handshake() -> None:
    assert isinstance(turned_away(lambda port: socket.create_connection((HERE, port)).close()), ConnectionLost)


def test_a_client_without_a_certificate_is_refused() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    def act(port: int) -> None:
        with context.wrap_socket(socket.create_connection((HERE, port))) as client, pytest.raises(ssl.SSLError):
            client.recv(5)

    assert isinstance(turned_away(act), PeerNotTrusted)


@pytest.mark.parametrize("impostor", [STRANGER, keys.new("client")], ids=["stranger", "same name"])
def test_a_client_with_another_certificate_is_refused_on_both_sides(impostor: Identity) -> None:
    with contextlib.closing(Listener(HERE, 0, SERVER, CLIENT.certificate)) as listener, ThreadPoolExecutor() as pool:
        connecting = pool.submit(connect, HERE, listener.port, impostor, SERVER.certificate, 10, 10)
        reasons: list[NetworkError] = []
        accepting = pool.submit(listener.accept, 10, 10, reasons.append)
        with pytest.raises(PeerNotTrusted, match="does not accept this party's certificate"):
            connecting.result()
        # The listener is as good as before.
        client = connect(HERE, listener.port, CLIENT, SERVER.certificate, 10, 10)
        accepting.result().abort()
        client.abort()
        assert [type(reason) for reason in reasons] == [PeerNotTrusted]
        assert f"told to expect, {keys.fingerprint(CLIENT.certificate)};" in str(reasons[0])


@pytest.mark.parametrize("impostor", [STRANGER, keys.new("server")], ids=["stranger", "same name"])
def test_a_server_with_another_certificate_is_refused_on_both_sides(impostor: Identity) -> None:
    with contextlib.closing(Listener(HERE, 0, impostor, CLIENT.certificate)) as listener, ThreadPoolExecutor() as pool:
        connecting = pool.submit(connect, HERE, listener.port, CLIENT, SERVER.certificate, 10, 10)
        reasons: list[NetworkError] = []
        with pytest.raises(Timeout, match=r"turned away: 1; the last: .* does not accept this party's"):
            listener.accept(1, 10, reasons.append)
        with pytest.raises(PeerNotTrusted, match=f"told to expect, {keys.fingerprint(SERVER.certificate)};"):
            connecting.result()
        assert [type(reason) for reason in reasons] == [PeerNotTrusted]


def test_a_certificate_signed_by_the_pinned_key_is_not_the_pinned_one() -> None:
    # The pinned certificate is a trust anchor to the library; only the comparison of bytes makes it the one peer.
    key = load_pem_private_key(SERVER.private_key, None)
    assert isinstance(key, Ed25519PrivateKey)
    issuer = x509.load_pem_x509_certificate(SERVER.certificate)
    now = datetime.now(UTC)
    other = (
        x509.CertificateBuilder(
            issuer.subject,
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")]),
            key.public_key(),
            x509.random_serial_number(),
        )
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, None)
    )
    impostor = Identity("server", other.public_bytes(Encoding.PEM), SERVER.private_key)
    with contextlib.closing(Listener(HERE, 0, impostor, CLIENT.certificate)) as listener, ThreadPoolExecutor() as pool:
        connecting = pool.submit(connect, HERE, listener.port, CLIENT, SERVER.certificate, 10, 10)
        accepting = pool.submit(listener.accept, 1, 10)
        with pytest.raises(PeerNotTrusted, match="told to expect"):
            connecting.result()
        end_of(accepting)


def test_only_the_pinned_certificate_counts_of_several_trusted_ones() -> None:
    both = SERVER.certificate + STRANGER.certificate
    with contextlib.closing(Listener(HERE, 0, STRANGER, CLIENT.certificate)) as listener, ThreadPoolExecutor() as pool:
        connecting = pool.submit(connect, HERE, listener.port, CLIENT, both, 10, 10)
        accepting = pool.submit(listener.accept, 1, 10)
        agreed, shown = keys.fingerprint(SERVER.certificate), keys.fingerprint(STRANGER.certificate)
        with pytest.raises(PeerNotTrusted, match=f"told to expect, {agreed} but another, of {shown}; compare"):
            connecting.result()
        end_of(accepting)


def test_a_client_is_silent_until_the_server_has_spoken(tmp_path: Path) -> None:
    context = raw_context(SERVER, tmp_path, is_server=True)
    with socket.create_server((HERE, 0)) as server, ThreadPoolExecutor() as pool:
        connecting = pool.submit(connect, HERE, server.getsockname()[1], CLIENT, SERVER.certificate, 0.5, 10)
        with context.wrap_socket(server.accept()[0], server_side=True) as channel:
            with pytest.raises(Timeout):
                connecting.result()
            with contextlib.suppress(ConnectionResetError, ssl.SSLError):
                assert channel.recv(100) == b"", "not one byte before READY"


@pytest.mark.parametrize("clean", [True, False], ids=["farewell", "torn"])
def test_a_peer_that_ends_within_a_frame(tmp_path: Path, clean: bool) -> None:
    context = raw_context(CLIENT, tmp_path, is_server=False)

    def act(port: int) -> None:
        with context.wrap_socket(socket.create_connection((HERE, port))) as client:
            client.recv(5)
            client.sendall(HEADER.pack(7, 50) + b"only this")
            if clean:
                client.unwrap()

    assert type(against_raw_client(act)) is (PeerClosed if clean else ConnectionLost)


def test_garbage_on_the_wire_breaks_the_connection(tmp_path: Path) -> None:
    context = raw_context(CLIENT, tmp_path, is_server=False)

    def act(port: int) -> None:
        with context.wrap_socket(socket.create_connection((HERE, port))) as client:
            client.recv(5)
            with socket.socket(fileno=client.detach()) as plain:
                plain.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
                with contextlib.suppress(ConnectionResetError):
                    while plain.recv(1000):
                        pass

    assert isinstance(against_raw_client(act), ConnectionLost)


def test_a_close_that_cannot_deliver_says_so() -> None:
    server, client = tls_pair(0.3)
    with pytest.raises(Timeout):
        while True:
            server.send(1, bytes(1 << 20))
    with pytest.raises(Timeout):
        server.close()
    server.close()
    client.abort()


def test_bytes_lost_with_the_connection_are_reported_by_close() -> None:
    server, client = tls_pair(0.3)
    with pytest.raises(Timeout):
        while True:
            server.send(1, bytes(1 << 20))
    client.abort()
    with pytest.raises(ConnectionLost):
        server.close()


def test_no_key_stays_on_disk_and_no_thread_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = threading.active_count()
    for end in tls_pair(10):
        assert list(tmp_path.iterdir()) == []
        end.close()
    assert threading.active_count() == before


def test_no_session_is_resumed() -> None:
    """A ticket would let its bearer in without the key."""
    assert _context(SERVER, CLIENT.certificate, is_server=True).num_tickets == 0


def test_the_key_is_on_disk_for_its_owner_alone() -> None:
    modes: list[int] = []

    class Loading:
        def load_cert_chain(self, path: Path) -> None:
            modes.extend(stat.S_IMODE(place.stat().st_mode) for place in (path, path.parent))
            assert path.read_bytes() == SERVER.private_key + SERVER.certificate

    loading: Any = Loading()
    before = os.umask(0)
    try:
        _load(loading, SERVER)
    finally:
        os.umask(before)
    assert modes == [0o600, 0o700]


@pytest.mark.parametrize("host", ["203.0.113.9", "no.such.host.invalid"])
def test_an_address_that_is_not_this_machines_is_told_once(host: str) -> None:
    with pytest.raises(CannotListen) as caught:
        Listener(host, 0, SERVER, CLIENT.certificate)
    said = str(caught.value)
    assert said.count(host) == 1 and "give an address of this machine, such as 0.0.0.0:0" in said


def test_a_port_that_is_taken() -> None:
    taken = pytest.raises(CannotListen, match="in use; another process listens there: give another port")
    with contextlib.closing(Listener(HERE, 0, SERVER, CLIENT.certificate)) as first, taken:
        Listener(HERE, first.port, SERVER, CLIENT.certificate)
