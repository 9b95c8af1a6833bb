"""The channel without encryption: on loopback alone, between two that know a token, and never by mistake."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.command import MILLIONAIRES, call
from support.loopback import CLIENT, SERVER

from runtime.net.channel import HEADER
from runtime.net.errors import NetworkError, PeerClosed, PeerUnreachable, ProtocolError, Timeout
from runtime.net.plain import LOOPBACK, TOKEN_BYTES, PlainListener, connect_plainly
from runtime.net.stream import LinkChannel
from runtime.net.tls import Listener, connect
from runtime.report.run import INSECURE

TOKEN, OTHER = bytes(TOKEN_BYTES), bytes([1]) * TOKEN_BYTES
MANY = bytes(range(256)) * (3 << 12)  # more than a socket holds
RUN = ("run", MILLIONAIRES, "--input", "a=3", "--input", "b=2")


@pytest.fixture
def pair() -> Iterator[tuple[LinkChannel, LinkChannel]]:
    with contextlib.closing(PlainListener(TOKEN)) as listener, ThreadPoolExecutor() as pool:
        connecting = pool.submit(connect_plainly, listener.port, TOKEN, 10)
        accepted = listener.accept(10, 10)
        yield accepted, connecting.result()
    for end in (accepted, connecting.result()):
        end.abort()


def test_frames_pass_both_ways_as_they_are(pair: tuple[LinkChannel, LinkChannel]) -> None:
    one, other = pair
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(other.send, 32, MANY)
        one.send(33, MANY)
        assert one.receive(len(MANY)) == (32, MANY) and other.receive(len(MANY)) == (33, MANY)
        sending.result()
        parting = pool.submit(other.close)
        one.close()
        parting.result()
    with pytest.raises(PeerClosed):
        one.receive(0)


def test_it_listens_on_loopback_alone() -> None:
    with contextlib.closing(PlainListener(TOKEN)) as listener:
        assert listener._socket.getsockname() == (LOOPBACK, listener.port) == ("127.0.0.1", listener.port)


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\n\r\n" + bytes(60), b"ccr without encryption\n" + OTHER])
def test_who_does_not_know_the_token_does_not_get_in(said: bytes) -> None:
    with contextlib.closing(PlainListener(TOKEN)) as listener, ThreadPoolExecutor() as pool:
        accepting = pool.submit(listener.accept, 10, 10)
        with socket.create_connection((LOOPBACK, listener.port)) as stranger:
            stranger.sendall(said)
            with contextlib.suppress(OSError):  # it may be hung up on before it has said all
                stranger.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError):
                assert stranger.recv(1) == b""
        own = connect_plainly(listener.port, TOKEN, 10)
        accepting.result().send(40, b"yes")
        assert own.receive(3) == (40, b"yes")
        own.abort()
        accepting.result().abort()


@pytest.mark.parametrize("said", [b"", b"ccr without"])
def test_who_says_too_little_keeps_nobody_waiting(said: bytes) -> None:
    with (
        contextlib.closing(PlainListener(TOKEN)) as listener,
        ThreadPoolExecutor() as pool,
        socket.create_connection((LOOPBACK, listener.port)) as stranger,
    ):
        stranger.sendall(said)
        accepting = pool.submit(listener.accept, 6, 6)
        own = connect_plainly(listener.port, TOKEN, 4)
        own.abort()
        accepting.result().abort()


def test_nobody_came() -> None:
    with contextlib.closing(PlainListener(TOKEN)) as listener, pytest.raises(Timeout, match="nobody with the token"):
        listener.accept(0.05, 1)
    with pytest.raises(PeerUnreachable):
        connect_plainly(listener.port, TOKEN, 1)


def test_one_end_with_encryption_and_one_without_do_not_meet() -> None:
    """Both have to have chosen it."""
    with contextlib.closing(PlainListener(TOKEN)) as listener, ThreadPoolExecutor() as pool:
        accepting = pool.submit(listener.accept, 1, 1)
        with pytest.raises(NetworkError):
            connect(LOOPBACK, listener.port, CLIENT, SERVER.certificate, 0.3, 1)
        with pytest.raises(Timeout):
            accepting.result()
    with contextlib.closing(Listener(LOOPBACK, 0, SERVER, CLIENT.certificate)) as secure, ThreadPoolExecutor() as pool:
        waiting = pool.submit(secure.accept, 1, 1)
        with pytest.raises((ProtocolError, NetworkError)):
            connect_plainly(secure.port, TOKEN, 1)
        with pytest.raises(Timeout):
            waiting.result()


def test_what_a_listener_says_first() -> None:
    with contextlib.closing(PlainListener(TOKEN)) as listener, ThreadPoolExecutor() as pool:
        accepting = pool.submit(listener.accept, 10, 10)
        with socket.create_connection((LOOPBACK, listener.port)) as raw:
            raw.sendall(b"ccr without encryption\n" + TOKEN)
            assert raw.recv(HEADER.size) == HEADER.pack(0, 0)
        accepting.result().abort()


def test_a_run_says_so_loudly_and_computes_the_same() -> None:
    plain, secure = call(*RUN, "--insecure", "--json"), call(*RUN, "--json")
    told, other = json.loads(plain.stdout), json.loads(secure.stdout)
    assert told["insecure"] is True and "insecure" not in other
    assert told["outputs"] == other["outputs"] == {"out": 1} and told["bytes"] == other["bytes"]
    assert f"warning: {INSECURE}" in plain.stderr and INSECURE not in secure.stderr
    assert f"WARNING: {INSECURE}" in call(*RUN, "--insecure", "--quiet").stdout


@pytest.mark.parametrize(
    "more",
    [
        ("--as", "alice", "--listen", "127.0.0.1:0"),
        ("--as", "alice", "--connect", "192.0.2.1:7000"),
        ("--contract", "none.contract"),
    ],
)
def test_it_is_refused_where_another_is_met_or_a_budget_is_spent(more: tuple[str, ...]) -> None:
    done = call(*RUN, "--insecure", *more)
    assert done.exit_code == 2 and "--insecure" in done.stderr
