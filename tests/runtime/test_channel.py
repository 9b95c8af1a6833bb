"""What every channel does: framing, limits, windows, timeouts, ends."""

from __future__ import annotations

import secrets
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from support import memory_channel
from support.loopback import tls_pair

from runtime.net.channel import HEADER, WINDOW, Channel, Framing, expect
from runtime.net.errors import ConnectionLost, PeerClosed, ProtocolError, Timeout
from runtime.net.queue import ByteQueue

Ends = tuple[Channel, Channel]


@pytest.fixture(params=["memory", "tls"])
def channels(request: pytest.FixtureRequest) -> Iterator[Ends]:
    """Two connected channels of each kind, with a timeout of ten seconds."""
    ends: Ends = memory_channel.pair(10.0) if request.param == "memory" else tls_pair(10.0)
    yield ends
    for end in ends:
        end.abort()


def test_frames_arrive_in_order_both_ways(channels: Ends) -> None:
    left, right = channels
    payloads = [b"", b"x", secrets.token_bytes(70_000), secrets.token_bytes(3)]
    before = left.sent_bytes, right.received_bytes
    for kind, payload in enumerate(payloads):
        left.send(kind, payload)
        right.send(kind + 100, payload)
    for kind, payload in enumerate(payloads):
        assert right.receive(1 << 20) == (kind, payload)
        assert left.receive(1 << 20) == (kind + 100, payload)
    size = sum(len(payload) + HEADER.size for payload in payloads)
    assert (left.sent_bytes - before[0], right.received_bytes - before[1]) == (size, size)


def test_payloads_larger_than_the_window(channels: Ends) -> None:
    left, right = channels
    payload = secrets.token_bytes(2 * WINDOW + 12345)
    with ThreadPoolExecutor() as pool:
        sending = [pool.submit(left.send, 1, payload), pool.submit(right.send, 2, payload)]
        receiving = pool.submit(right.receive, len(payload))
        assert left.receive(len(payload)) == (2, payload)
        assert receiving.result() == (1, payload)
        for done in sending:
            done.result()


@pytest.mark.parametrize("make", [bytearray, memoryview, bytes])
def test_a_buffer_may_change_after_it_was_sent(channels: Ends, make: type) -> None:
    left, right = channels
    buffer = bytearray(b"before")
    left.send(1, make(buffer))
    buffer[:] = b"after!"
    assert right.receive(10) == (1, b"before")


def test_a_view_of_words_counts_in_bytes(channels: Ends) -> None:
    left, right = channels
    left.send(1, memoryview(bytes(range(16))).cast("Q"))
    assert right.receive(16) == (1, bytes(range(16)))


def test_an_oversized_frame_is_refused_and_the_channel_stays_refused(channels: Ends) -> None:
    left, right = channels
    left.send(9, bytes(101))
    with pytest.raises(ProtocolError, match="kind 9 with 101 bytes where at most 100"):
        right.receive(100)
    with pytest.raises(ProtocolError):
        right.receive(1000)


def feed(queue: ByteQueue, *pieces: bytes) -> None:
    """As the thread that moves bytes does, which waits for nobody."""
    for piece in pieces:
        while piece:
            space = queue.space()
            count = min(len(space), len(piece))
            space[:count] = piece[:count]
            queue.filled(count)
            piece = piece[count:]


def framing(*pieces: bytes) -> tuple[Framing, ByteQueue]:
    """A channel whose peer has sent these bytes so far."""
    inbox, outbox = ByteQueue(WINDOW, "the peer"), ByteQueue(WINDOW, "the peer")
    feed(inbox, *pieces)
    return Framing(inbox, outbox, 0.05), inbox


def test_the_limit_is_checked_before_any_memory_is_taken() -> None:
    channel, _ = framing(HEADER.pack(9, 2**32 - 1))
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError, match=str(2**32 - 1)):
            channel.receive(1 << 20)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_what_a_byte_costs_does_not_depend_on_how_many_come_at_once() -> None:
    queue = ByteQueue(WINDOW, "the peer")
    tracemalloc.start()
    try:
        for _ in range(40):
            feed(queue, *[b"x"] * 1000)
        assert tracemalloc.get_traced_memory()[0] < 1 << 20
    finally:
        tracemalloc.stop()
    assert queue.room() == WINDOW - 40_000 and queue.take(40_000, 1.0) == b"x" * 40_000


def test_blocks_are_used_again_and_hold_what_was_put_last() -> None:
    """In pieces that blocks do not divide, with some always waiting."""
    queue, data = ByteQueue(WINDOW, "the peer"), bytes(range(251)) * 4000
    taken = b""
    for start in range(0, len(data), 70_001):
        queue.put([data[start : start + 33_000], memoryview(data)[start + 33_000 : start + 70_001]], 1.0)
        if start:
            taken += queue.take(60_000, 1.0)
    queue.put([data], 1.0)
    assert taken + queue.take(2 * len(data) - len(taken), 1.0) == 2 * data
    assert queue.room() == WINDOW and queue.taken == 2 * len(data)
    tracemalloc.start()
    try:
        for _ in range(50):
            queue.put([data], 1.0)
            assert queue.take(len(data), 1.0) == data
        assert tracemalloc.get_traced_memory()[0] < 1 << 20
    finally:
        tracemalloc.stop()


def test_what_is_put_after_the_end_is_thrown_away() -> None:
    queue = ByteQueue(WINDOW, "the peer")
    feed(queue, b"abc")
    queue.end(ConnectionLost("gone"))
    feed(queue, b"def")
    assert queue.take(3, 1.0) == b"abc"
    with pytest.raises(ConnectionLost, match="gone"):
        queue.take(1, 1.0)


def test_bytes_that_come_now_and_then_do_not_hold_a_run_for_ever() -> None:
    channel, inbox = framing(HEADER.pack(1, 100))
    channel.timeout, channel.deadline = 10.0, time.monotonic() + 0.3
    stop = Event()

    def drip() -> None:
        while not stop.wait(0.02):
            feed(inbox, b"x")

    with ThreadPoolExecutor() as pool:
        dripping = pool.submit(drip)
        with pytest.raises(Timeout, match="longer than its work can take"):
            channel.receive(100)
        stop.set()
        dripping.result()
    full = ByteQueue(1, "the peer")
    full.put([b"x"], 1.0)
    for wait in (lambda: full.put([b"y"], 10.0, time.monotonic() + 0.1), lambda: full.wait_empty(10.0, 0.0)):
        with pytest.raises(Timeout, match="longer than its work can take"):
            wait()


def test_a_peer_that_is_still_being_sent_to_has_not_stalled() -> None:
    """Over a slow link its answer waits for what goes before it."""
    inbox, outbox = ByteQueue(WINDOW, "the peer"), ByteQueue(WINDOW, "the peer")
    channel = Framing(inbox, outbox, 0.2)
    channel.send(1, b"x" * 5)

    def slowly() -> None:
        for _ in range(8):
            time.sleep(0.1)
            outbox.drop(1)
        feed(inbox, HEADER.pack(2, 0))

    with ThreadPoolExecutor() as pool:
        sending = pool.submit(slowly)
        assert channel.receive(10) == (2, b"")
        sending.result()
    with pytest.raises(Timeout, match="nothing came"):
        channel.receive(10)


def test_a_peer_that_stalls_or_vanishes_within_a_frame() -> None:
    channel, inbox = framing(HEADER.pack(1, 6)[:2])
    with pytest.raises(Timeout):
        channel.receive(10)
    feed(inbox, HEADER.pack(1, 6)[2:], b"abc")
    with pytest.raises(Timeout):
        channel.receive(10)
    feed(inbox, b"de", b"f" + HEADER.pack(2, 1))
    assert channel.receive(10) == (1, b"abcdef")
    inbox.end(ConnectionLost("gone"))
    with pytest.raises(ConnectionLost, match="gone"):
        channel.receive(10)


def test_another_kind_than_expected(channels: Ends) -> None:
    left, right = channels
    left.send(3, b"")
    with pytest.raises(ProtocolError, match="kind 3 where one of kind 4"):
        expect(right, 4, 10)


def test_a_timeout_loses_nothing(channels: Ends) -> None:
    left, right = channels
    right.timeout = 0.05
    with pytest.raises(Timeout, match="nothing came from"):
        right.receive(10)
    left.send(1, b"late")
    right.timeout = 10.0
    assert right.receive(10) == (1, b"late")


def test_the_window_holds_a_fast_sender_back(channels: Ends) -> None:
    left, right = channels
    payload, stuck = bytes(1 << 20), Event()
    left.timeout = 0.3

    def fill() -> int:
        sent = 0
        try:
            while sent < 1000:
                left.send(1, payload)
                sent += 1
        except Timeout:
            stuck.set()
        return sent

    with ThreadPoolExecutor() as pool:
        filling = pool.submit(fill)
        sent = filling.result()
        assert stuck.is_set(), "a peer that reads nothing must block the sender"
        assert 7 <= sent < 100
        for _ in range(sent):
            assert right.receive(len(payload)) == (1, payload)
        left.send(2, b"on")
        assert right.receive(10) == (2, b"on")


def test_a_blocked_sender_goes_on_when_the_peer_reads(channels: Ends) -> None:
    left, right = channels
    payload, count = bytes(1 << 20), 60
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(lambda: [left.send(1, payload) for _ in range(count)])
        for _ in range(count):
            right.receive(len(payload))
        assert len(sending.result()) == count


def test_close_delivers_what_was_queued(channels: Ends) -> None:
    left, right = channels
    payload = secrets.token_bytes(5 << 20)
    left.send(1, payload)
    left.close()
    assert right.receive(len(payload)) == (1, payload)
    for _ in range(2):
        with pytest.raises(PeerClosed, match="closed"):
            right.receive(10)
    with pytest.raises(PeerClosed):
        right.send(1, b"too late")


def test_closing_twice_and_from_both_sides(channels: Ends) -> None:
    left, right = channels
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(left.close), pool.submit(right.close)]:
            done.result()
    left.close()
    left.abort()
    with pytest.raises(PeerClosed):
        left.receive(1)
    with pytest.raises(PeerClosed):
        left.send(1, b"")


def test_a_broken_connection_is_not_a_farewell(channels: Ends) -> None:
    left, right = channels
    left.send(1, b"last words")
    left.flush()
    left.abort()
    assert right.receive(10) == (1, b"last words")
    with pytest.raises(ConnectionLost):
        right.receive(10)


def test_an_end_wakes_a_waiting_receiver(channels: Ends) -> None:
    left, right = channels
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(right.receive, 10)
        left.close()
        with pytest.raises(PeerClosed):
            waiting.result()
