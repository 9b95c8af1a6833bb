"""A worker's second connection: whatever ends it, what is secret is wiped, in its order and once."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

import pytest
from support.memory_channel import MemoryChannel, pair

from runtime.cluster.lifeline import Lifeline

PATIENT = 30.0


def ended(life: Lifeline) -> None:
    life._thread.join(5.0)
    assert not life._thread.is_alive()


@pytest.mark.parametrize(
    "end", [MemoryChannel.abort, MemoryChannel.close, lambda channel: channel.send(1, b"a word that nobody says")]
)
def test_the_end_of_the_connection_wipes(end: Callable[[MemoryChannel], None]) -> None:
    here, there = pair()
    life, done = Lifeline(there, PATIENT), list[int]()
    life.wipes(lambda: done.append(1), lambda: done.append(2))
    life.wipes(lambda: done.append(3))
    time.sleep(0.05)
    assert not done
    end(here)
    ended(life)
    assert done == [1, 2, 3]


def test_it_holds_no_longer_than_a_run() -> None:
    _, there = pair()
    there.timeout = PATIENT
    life, wiped = Lifeline(there, 0.05), Event()
    life.wipes(wiped.set)
    assert wiped.wait(5.0)
    ended(life)


def test_what_is_made_after_the_end_is_wiped_at_once() -> None:
    here, there = pair()
    life, done = Lifeline(there, PATIENT), list[int]()
    here.abort()
    ended(life)
    life.wipes(lambda: done.append(1))
    assert done == [1]


def test_a_worker_that_lets_go_has_nothing_left_behind() -> None:
    _, there = pair()
    life = Lifeline(there, PATIENT)
    life.let_go()
    assert not life._thread.is_alive()
