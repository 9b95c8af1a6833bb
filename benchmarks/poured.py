"""Bytes through the channel of two processes of this machine, in frames as tables go: what there is to reach."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection

from runtime.net import keys
from runtime.net.frames import Frame
from runtime.net.keys import Identity
from runtime.net.plain import PlainListener, connect_plainly
from runtime.net.tls import Listener, connect
from runtime.party.child import Child
from runtime.party.nursery import Start, starting

TABLES = 1 << 20  # bytes of a frame
TOKEN = bytes(32)
HOST = "127.0.0.1"
WAIT = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Pour:
    """What an end of a channel is told."""

    size: int
    insecure: bool
    own: Identity
    peer: bytes
    listens: bool


def poured(pipe: Connection, told: Pour) -> None:
    """One end: bytes in frames as tables go."""
    if told.listens:
        with closing(PlainListener(TOKEN) if told.insecure else Listener(HOST, 0, told.own, told.peer)) as door:
            pipe.send(door.port)
            channel = door.accept(WAIT, WAIT)
        frame = bytes(TABLES)
        for _ in range(told.size // TABLES):
            channel.send(Frame.TABLES, frame)
        channel.receive(0)
    else:
        port: int = pipe.recv()
        if told.insecure:
            channel = connect_plainly(port, TOKEN, WAIT)
        else:
            channel = connect(HOST, port, told.own, told.peer, WAIT, WAIT)
        for _ in range(told.size // TABLES):
            channel.receive(TABLES)
        channel.send(Frame.DONE, b"")
    channel.close()


def pour(size: int, insecure: bool) -> None:
    """From one process to another."""
    with starting() as start:
        _pour(start, size, insecure)


def _pour(start: Start, size: int, insecure: bool) -> None:
    first, second = keys.new("first"), keys.new("second")
    sends = Child("first", poured, Pour(size, insecure, first, second.certificate, True), start)
    takes = Child("second", poured, Pour(size, insecure, second, first.certificate, False), start)
    takes.pipe.send(sends.pipe.recv())
    for child in (sends, takes):
        child.process.wait()
        child.stop()
