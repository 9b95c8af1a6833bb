"""Parties with throw-away keys on the loopback interface."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor

from runtime.net import keys
from runtime.net.channel import Channel
from runtime.net.tls import Listener, connect

HERE = "127.0.0.1"
SERVER, CLIENT, STRANGER = keys.new("server"), keys.new("client"), keys.new("stranger")


def tls_pair(timeout: float) -> tuple[Channel, Channel]:
    """A TLS channel within this process: the listening and the connecting end."""
    with contextlib.closing(Listener(HERE, 0, SERVER, CLIENT.certificate)) as listener, ThreadPoolExecutor() as pool:
        connecting = pool.submit(connect, HERE, listener.port, CLIENT, SERVER.certificate, 10.0, timeout)
        return listener.accept(10.0, timeout), connecting.result()
