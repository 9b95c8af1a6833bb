"""The door: who comes when, and who waits for whom.  Loopback only."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.callers import free_port, raw_context, turned_away
from support.loopback import CLIENT, HERE, SERVER

from runtime.net.errors import (
    CannotListen,
    ConnectionLost,
    NetworkError,
    PeerUnreachable,
    ProtocolError,
    Timeout,
)
from runtime.net.tls import Listener, connect


def test_a_client_waits_for_a_server_that_starts_later() -> None:
    port = free_port()
    with ThreadPoolExecutor() as pool:
        connecting = pool.submit(connect, HERE, port, CLIENT, SERVER.certificate, 10, 10)
        threading.Event().wait(0.3)
        with contextlib.closing(Listener(HERE, port, SERVER, CLIENT.certificate)) as listener:
            server = listener.accept(10, 10)
        client = connecting.result()
    client.send(1, b"hello")
    assert server.receive(10) == (1, b"hello")
    client.close()
    server.close()


def test_callers_that_say_nothing_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """The door is full of them, and the peer is let in all the same; so it is where the system has no handle left."""
    monkeypatch.setattr("runtime.net.door.MOST", 4)
    reasons: list[NetworkError] = []
    accept = socket.socket.accept
    fails = iter([errno.EMFILE, 0, errno.ECONNABORTED, errno.EMFILE])

    def scarce(listening: socket.socket) -> tuple[socket.socket, object]:
        if error := next(fails, 0):
            raise OSError(error, "as the test wants it")
        return accept(listening)

    monkeypatch.setattr(socket.socket, "accept", scarce)
    with (
        contextlib.closing(Listener(HERE, 0, SERVER, CLIENT.certificate)) as listener,
        ThreadPoolExecutor() as pool,
        contextlib.ExitStack() as stack,
    ):
        for _ in range(20):
            stack.enter_context(socket.create_connection((HERE, listener.port)))
        accepting = pool.submit(listener.accept, 10, 10, reasons.append)
        client = connect(HERE, listener.port, CLIENT, SERVER.certificate, 10, 10)
        accepting.result().abort()
        client.abort()
    assert len(reasons) >= 16 and all("make room" in str(reason) for reason in reasons)


def test_a_handshake_that_does_not_end(tmp_path: Path) -> None:
    """As many bytes as the length of its first record allows, again and again."""
    hello = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        raw_context(CLIENT, tmp_path, is_server=False).wrap_bio(ssl.MemoryBIO(), hello).do_handshake()

    def act(port: int) -> None:
        with socket.create_connection((HERE, port)) as plain, contextlib.suppress(OSError):
            plain.sendall(hello.read())
            while True:
                plain.sendall(b"\x14\x03\x03\x00\x01\x01" * 4000)

    assert isinstance(turned_away(act), ProtocolError)


def test_a_client_tries_again_where_the_line_is_there_before_the_peer() -> None:
    """As a tunnel does, which answers at once and hangs up."""
    reasons: list[NetworkError] = []
    with ThreadPoolExecutor() as pool:
        with socket.create_server((HERE, 0)) as tunnel:
            port = tunnel.getsockname()[1]
            connecting = pool.submit(connect, HERE, port, CLIENT, SERVER.certificate, 10, 7, reasons.append)
            tunnel.accept()[0].close()
        with contextlib.closing(Listener(HERE, port, SERVER, CLIENT.certificate)) as listener:
            server, client = listener.accept(10, 10), connecting.result()
    assert reasons and all(type(reason) is ConnectionLost for reason in reasons) and client.timeout == 7
    server.abort()
    client.abort()


def test_a_wait_of_months() -> None:
    """Longer than the system's calls count."""
    with contextlib.closing(Listener(HERE, 0, SERVER, CLIENT.certificate)) as listener, ThreadPoolExecutor() as pool:
        connecting = pool.submit(connect, HERE, listener.port, CLIENT, SERVER.certificate, 1e12, 1e7)
        server, client = listener.accept(1e12, 1e7), connecting.result()
    server.send(1, b"x")
    assert client.receive(1) == (1, b"x")
    server.close()
    client.close()


def test_nobody_there() -> None:
    with pytest.raises(PeerUnreachable, match="nobody answered at"):
        connect(HERE, free_port(), CLIENT, SERVER.certificate, 0.3, 10)
    with (
        contextlib.closing(Listener(HERE, 0, SERVER, CLIENT.certificate)) as listener,
        pytest.raises(Timeout, match="nobody connected"),
    ):
        listener.accept(0.1, 10)


def test_an_address_in_use() -> None:
    with (
        contextlib.closing(Listener(HERE, 0, SERVER, CLIENT.certificate)) as listener,
        pytest.raises(CannotListen, match=str(listener.port)),
    ):
        Listener(HERE, listener.port, SERVER, CLIENT.certificate)
