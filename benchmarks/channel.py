"""MB a second by the clock from one process to another of this machine, in frames as long as those of tables.

Over the channel of a session, and over a bare socket: what TLS and the frames cost, and what a run can reach at most.
"""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing.process import BaseProcess

from benchmarks.figures import Figure, Scale
from benchmarks.pair import HERE
from runtime.execute.backend import CHUNK_BYTES
from runtime.net import keys
from runtime.net.frames import Frame
from runtime.net.keys import Identity
from runtime.net.tls import Listener, connect

WAIT = 60.0
FRAMES, QUICK = 4000, 4  # a gigabyte


def measure(scale: Scale) -> Iterator[Figure]:
    frames = QUICK if scale.quick else FRAMES
    ways = {"TLS, frames of a session": _over_tls, "a bare socket": _over_socket}
    for subject, way in ways.items():
        rates = [frames * CHUNK_BYTES / 1e6 / way(frames) for _ in range(scale.runs)]
        yield Figure("channel", subject, "one way", "MB/s", rates)


def _over_tls(frames: int) -> float:
    """Seconds from the first frame that arrived to the last."""
    own, peer = keys.new("garbler"), keys.new("evaluator")
    with closing(Listener(HERE, 0, own, peer.certificate)) as listener:
        process = _started(_send_tls, listener.port, frames, peer, own.certificate)
        channel = listener.accept(WAIT, WAIT)
        with closing(channel):
            channel.receive(CHUNK_BYTES)
            start = time.perf_counter()
            for _ in range(frames):
                channel.receive(CHUNK_BYTES)
            seconds = time.perf_counter() - start
            channel.send(Frame.DONE, b"")
        process.join()
    return seconds


def _send_tls(port: int, frames: int, own: Identity, peer: bytes) -> None:
    with closing(connect(HERE, port, own, peer, WAIT, WAIT)) as channel:
        for _ in range(frames + 1):
            channel.send(Frame.TABLES, bytes(CHUNK_BYTES))
        channel.receive(0)


def _over_socket(frames: int) -> float:
    with socket.create_server((HERE, 0)) as server:
        process = _started(_send_bare, server.getsockname()[1], frames)
        near, _ = server.accept()
        buffer = bytearray(CHUNK_BYTES)
        with near:
            _fill(near, buffer)
            start = time.perf_counter()
            for _ in range(frames):
                _fill(near, buffer)
            seconds = time.perf_counter() - start
        process.join()
    return seconds


def _send_bare(port: int, frames: int) -> None:
    with socket.create_connection((HERE, port)) as far:
        for _ in range(frames + 1):
            far.sendall(bytes(CHUNK_BYTES))


def _fill(near: socket.socket, buffer: bytearray) -> None:
    rest = memoryview(buffer)
    while rest:
        size = near.recv_into(rest)
        if not size:
            raise RuntimeError("the sender ended too early")
        rest = rest[size:]


def _started(work: Callable[..., None], *arguments: object) -> BaseProcess:
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
    process.start()
    return process
