"""What a step is cut into, whose rows are whose, and where labels are."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.memory_channel import pair

from compiler.schedule.plan import Launch, Transfer, View, addresses
from runtime.cluster.hand import HELD_BYTES, RemoteHand
from runtime.cluster.holdings import HOME, NONE, Holdings, bit
from runtime.cluster.orders import MOST_BYTES, Order, Run, decode_orders, decode_wires, encode_order
from runtime.cluster.parts import Cut, Part, own_rows, part
from runtime.crypto.labels import fresh
from runtime.execute.sharing import MOST, axis_of, cut, words_of
from runtime.net.errors import ProtocolError

SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple)


@given(st.integers(1, 300), st.integers(1, 63), st.integers(1, 64))
def test_a_cut_takes_each_lane_once(extent: int, workers: int, unit: int) -> None:
    ranges = cut(extent, workers, unit)
    assert len(ranges) == workers and [lane for each in ranges for lane in each] == list(range(extent))
    assert all(each.start % unit == 0 for each in ranges if each)
    lengths = [len(each) for each in cut(extent, workers)]
    assert max(lengths) - min(lengths) <= 1


@given(SIZES, st.integers(1, 12))
def test_parts_are_the_step(lanes: tuple[int, ...], workers: int) -> None:
    """Views of a launch that takes its lanes backwards and has two ports a lane."""
    strides = tuple(2 * prod(lanes[i + 1 :]) for i in range(len(lanes)))
    view = View(3, 5, strides, ((2, 1),), ())
    step = Launch(0, lanes, (view,), (view,), 7)
    axis = axis_of(lanes, workers)
    if axis is None:
        assert prod(lanes) == 1
        return
    wires: list[int] = []
    for at in cut(lanes[axis], workers):
        if at:
            mine = part(step, Cut(axis, at.start, at.stop))
            assert isinstance(mine, Launch) and mine.row == step.row
            wires += addresses(mine.reads[0], mine.lanes, ()).reshape(-1).tolist()
            seen = Part.of(0, 0, step, Cut(axis, at.start, at.stop)).reads[0]
            assert seen.wires.tolist() == sorted(set(addresses(mine.reads[0], mine.lanes, ()).reshape(-1).tolist()))
    assert sorted(wires) == sorted(addresses(view, lanes, ()).reshape(-1).tolist())


@given(st.integers(1, 500), st.integers(1, 700), st.integers(1, 20), st.integers(1, 48))
def test_rows_of_a_part_of_a_product_fit_those_of_it(words: int, shared: int, workers: int, ring: int) -> None:
    shape = Transfer(words, 9, True, shared, ring)
    parts = [Transfer(len(each), 9, True, shared, ring) for each in words_of(shape, workers) if each]
    assert sum(each.words for each in parts) == words and all(each.rows <= shape.rows for each in parts)
    if words % workers == 0 and words // workers * shared % 64 == 0:
        assert sum(each.correction_bytes for each in parts) == shape.correction_bytes


def test_rows_are_of_one_worker() -> None:
    last = (1 << 48) - 1
    rows = {own_rows(worker, row) for worker in range(MOST) for row in (0, 1, last)} | {0, 1, last}
    assert len(rows) == 3 * (MOST + 1) and max(rows) < 1 << 64
    with pytest.raises(ValueError, match="cannot be shared"):
        own_rows(0, last + 1)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.sets(st.integers(0, 9), min_size=1)), max_size=20))
def test_holdings_are_those_of_a_plain_table(events: list[tuple[bool, int, set[int]]]) -> None:
    """3 is at home."""
    holdings, plain = Holdings((10,)), [{3} for _ in range(10)]
    who = [bit(0), bit(1), bit(2), HOME]
    for wrote, worker, wires in events:
        at = np.array(sorted(wires))
        (holdings.wrote if wrote else holdings.copied)(0, at, who[worker])
        for wire in wires:
            plain[wire] = {worker} if wrote else plain[wire] | {worker}
    every = np.arange(10)
    for worker in range(4):
        assert holdings.lacking(0, every, who[worker]).tolist() == [w for w in range(10) if worker not in plain[w]]
    away = [w for w in range(10) if 3 not in plain[w]]
    assert holdings.away(0).tolist() == away
    found = {w: worker for worker, wires in holdings.holders(0, np.array(away)) for w in wires} if away else {}
    assert sorted(found) == away and all(worker in plain[w] for w, worker in found.items())
    holdings.free(0)
    assert holdings.away(0).tolist() == NONE.tolist()


def test_orders_that_nobody_waits_for_go_with_the_next() -> None:
    here, there = pair()
    hand = RemoteHand(0, "worker 0", here, pair()[0])
    labels = fresh(HELD_BYTES // 16 // 2)
    hand.free(7)
    hand.put(3, np.arange(2), labels[:2])
    hand.run(5, Cut(0, 1, 2), (4,), 9)
    kind, payload = there.receive(MOST_BYTES)
    orders = list(decode_orders(payload))
    assert kind == Order.SEVERAL and [order for order, _ in orders] == [Order.FREE, Order.PUT, Order.RUN]
    buffer, wires, put = decode_wires(orders[1][1])
    assert buffer == 3 and wires.tolist() == [0, 1] and np.array_equal(put, labels[:2])
    assert Run.decode(orders[2][1]) == Run(5, Cut(0, 1, 2), (4,), 9)
    for buffer in (1, 2):  # together more than is held
        hand.put(buffer, np.arange(len(labels)), labels)
    hand.clear()
    sizes = [[order for order, _ in decode_orders(there.receive(MOST_BYTES)[1])] for _ in range(2)]
    assert sizes == [[Order.PUT], [Order.PUT, Order.CLEAR]]


def test_orders_fill_their_frame() -> None:
    one = encode_order(Order.FREE, b"1234")
    for frame in (one[:-1], one + one[:3], encode_order(Order.SEVERAL, one)):
        with pytest.raises(ProtocolError, match="do not fill"):
            list(decode_orders(frame))
