"""Clients that do not keep to the rules, before a listener."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.loopback import CLIENT, HERE, SERVER

from runtime.net import keys
from runtime.net.errors import (
    NetworkError,
)
from runtime.net.keys import Identity
from runtime.net.tls import Listener, connect


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


def raw_context(identity: Identity, folder: Path, is_server: bool) -> ssl.SSLContext:
    """A TLS context that trusts everyone, for peers that do not keep to our rules."""
    keys.save(identity, folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if is_server else ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(folder / f"{identity.name}.crt", folder / f"{identity.name}.key")
    return context


def turned_away(act: Callable[[int], None]) -> NetworkError:
    """Why a listener turns away a client that does `act` with its port; the peer, which comes after it, is let in."""
    reasons: list[NetworkError] = []
    with contextlib.closing(Listener(HERE, 0, SERVER, CLIENT.certificate)) as listener, ThreadPoolExecutor() as pool:
        accepting = pool.submit(listener.accept, 10, 10, reasons.append)
        act(listener.port)
        client = connect(HERE, listener.port, CLIENT, SERVER.certificate, 10, 10)
        accepting.result().abort()
        client.abort()
    (reason,) = reasons
    return reason
