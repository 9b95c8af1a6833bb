"""What TLS takes: two ends in one process, a message back and forth, and many bytes one way."""

from __future__ import annotations

import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

from runtime.net import keys
from runtime.net.channel import Channel
from runtime.net.tls import Listener, connect

HERE, PATIENCE = "127.0.0.1", 30.0  # seconds
PIECE, PIECES, TRIPS, REPEATS = 1 << 18, 24, 20, 5
_KIND = 1


def wire() -> dict[str, float]:
    """By the names of `Rates`.  Raises NetworkError and OSError where nothing may listen."""
    with _ends() as (near, far), ThreadPoolExecutor(1) as other:
        each = min(_bytes(near, far, other) for _ in range(REPEATS))
        trip = min(_trips(near, far, other) for _ in range(REPEATS))
    return {"send": each / 2, "receive": each / 2, "trip": trip}


def _bytes(near: Channel, far: Channel, other: ThreadPoolExecutor) -> float:
    """Processor seconds a byte, of both ends."""
    piece, begun = bytes(PIECE), time.process_time()
    read = other.submit(lambda: [far.receive(PIECE) for _ in range(PIECES)])
    for _ in range(PIECES):
        near.send(_KIND, piece)
    read.result()
    return (time.process_time() - begun) / (PIECE * PIECES)


def _trips(near: Channel, far: Channel, other: ThreadPoolExecutor) -> float:
    """Seconds, of the clock, of a message there and one back."""

    def answer() -> None:
        for _ in range(TRIPS):
            far.send(_KIND, far.receive(PIECE)[1])

    begun, answering = time.perf_counter(), other.submit(answer)
    for _ in range(TRIPS):
        near.send(_KIND, b"-")
        near.receive(PIECE)
    answering.result()
    return (time.perf_counter() - begun) / TRIPS


@contextmanager
def _ends() -> Generator[tuple[Channel, Channel]]:
    one, two = keys.new("one"), keys.new("two")
    with ThreadPoolExecutor(1) as pool, closing(Listener(HERE, 0, one, two.certificate)) as listener:
        accepted = pool.submit(listener.accept, PATIENCE, PATIENCE)
        near = connect(HERE, listener.port, two, one.certificate, PATIENCE, PATIENCE)
        far = accepted.result()
    try:
        yield near, far
    finally:
        near.abort()
        far.abort()
