"""Where the runs of one party with several owners meet: none is a step ahead, and all count the same."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event, Thread
from time import monotonic
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command import MILLIONAIRES
from support.memory_channel import pair

from compiler.words.integers import Array
from compiler.words.operations import Pooled
from runtime import api
from runtime.cli import signals
from runtime.execute import beside as module
from runtime.execute.beside import Met, side_by_side
from runtime.execute.follow import Follow
from runtime.execute.pool import OF_STALL, Pool, TooFewOwners
from runtime.net.errors import NetworkError
from runtime.net.frames import Frame
from runtime.party.run import prepare, run
from runtime.privacy.randomness import RunSecret
from runtime.session.errors import PeerAborted

NAMES = ("bank_a", "bank_b", "bank_c", "bank_d")
SUMS = 2  # of each step
MOST = 100
NEVER = 1 << 20


def at(sum: int, owners: int, most: int = MOST) -> Pooled:
    return Pooled("vendor", 0, sum, most, owners * most, (1,) * owners)


@dataclass
class Played:
    """What each owner's run was given, place by place, and what it ended with."""

    pool: Pool
    given: dict[str, list[Array]] = field(default_factory=dict[str, list[Array]])
    ended: dict[str, str] = field(default_factory=dict[str, str])
    places: dict[str, int] = field(default_factory=dict[str, int])
    kept: int = 0  # sums that waited to be taken, at the most


def played(values: dict[str, list[Array]], leaves: dict[str, int], least: int) -> Played:
    """Each run brings its values, of `SUMS` a step, and leaves before the place that is said."""
    owners = tuple(values)
    found = Played(Pool(owners, least))
    for owner in owners:
        found.given[owner], found.places[owner] = [], -1

    def run(owner: str) -> None:
        try:
            for place, value in enumerate(values[owner]):
                if place == leaves[owner]:
                    raise NetworkError("broken by the test")
                found.places[owner] = place
                total = found.pool.pooled(owner, at(place % SUMS, len(owners)), value, (place // SUMS,))
                for _ in range(place % 3):  # as a plan asks that makes the word once for each of its readers
                    again = found.pool.pooled(owner, at(place % SUMS, len(owners)), value, (place // SUMS,))
                    assert np.array_equal(again, total)
                assert all(found.places[o] >= min(place, leaves[o] - 1) for o in owners)  # nobody is left behind
                found.given[owner].append(total)
                found.kept = max(found.kept, len(found.pool._meetings))
            found.ended[owner] = ""
        except BaseException as error:
            found.ended[owner] = type(error).__name__
            found.pool.leave(owner, str(error))

    threads = [Thread(target=run, args=(owner,)) for owner in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20.0)
    assert not any(thread.is_alive() for thread in threads)
    return found


@st.composite
def plays(draw: st.DrawFn) -> tuple[dict[str, list[Array]], dict[str, int], int]:
    owners = NAMES[: draw(st.integers(2, 4))]
    places = SUMS * draw(st.integers(1, 6))
    number = st.integers(-3 * MOST, 3 * MOST) | st.sampled_from([-(1 << 62), (1 << 62) - 1, MOST, -MOST])
    values = {
        owner: [np.array(draw(st.lists(number, min_size=2, max_size=2)), np.int64) for _ in range(places)]
        for owner in owners
    }
    leaves = {owner: draw(st.just(NEVER) | st.integers(0, places - 1)) for owner in owners}
    return values, leaves, draw(st.integers(1, len(owners)))


@settings(max_examples=60, deadline=None)
@given(plays())
def test_all_count_the_same_and_nothing_of_who_is_gone(
    play: tuple[dict[str, list[Array]], dict[str, int], int],
) -> None:
    values, leaves, least = play
    found = played(values, leaves, least)
    places = len(next(iter(values.values())))
    totals = [
        sum(np.clip(values[owner][place], -MOST, MOST) for owner in values if place < leaves[owner])
        for place in range(places)
    ]
    lost = sorted(leave for leave in leaves.values() if leave < NEVER)
    last = lost[len(values) - least] if len(lost) > len(values) - least else NEVER  # from here on too few are left
    for owner, got in found.given.items():
        assert all(np.array_equal(one, total) for one, total in zip(got, totals, strict=False))
        if leaves[owner] < last:
            assert len(got) == leaves[owner] and found.ended[owner] == "NetworkError"
        elif last < NEVER:  # it hears of the loss when it comes to the place, or asks for the one before
            assert last - 1 <= len(got) <= last
            assert found.ended[owner] in ("TooFewOwners", "NetworkError")
        else:
            assert len(got) == places and found.ended[owner] == ""
    assert found.kept <= 2 * SUMS
    assert set(found.pool.gone) >= {owner for owner, leave in leaves.items() if leave < last}


def test_memory_does_not_grow_with_the_steps() -> None:
    values = {owner: [np.zeros(3, np.int64)] * 1_000 for owner in NAMES[:3]}
    found = played(values, {NAMES[0]: NEVER, NAMES[1]: 501, NAMES[2]: NEVER}, 2)
    assert found.kept <= 2 * SUMS and len(found.pool._meetings) <= SUMS


def test_many_owners_at_the_edge_of_what_64_bits_hold() -> None:
    owners, most = [f"bank_{i}" for i in range(8)], (1 << 61) + 3
    pool, totals = Pool(owners, 8), list[Array]()

    def run(owner: str) -> None:
        totals.append(pool.pooled(owner, at(0, 8, most), np.full(2, (1 << 63) - 1, np.int64), (0,)))

    threads = [Thread(target=run, args=(owner,)) for owner in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20.0)
    assert [[int(n) for n in total] for total in totals] == [[8 * most] * 2] * 8


def test_who_is_gone_counts_no_more_even_if_it_comes() -> None:
    pool = Pool(NAMES[:2], 1, stall=4.0)
    pool.leave(NAMES[1], "away")
    with pytest.raises(TooFewOwners, match="goes on without bank_b: away"):
        pool.pooled(NAMES[1], at(0, 2), np.ones(1, np.int64), (0,))
    with pytest.raises(TooFewOwners, match="goes on without bank_b: away"):
        pool.gather(NAMES[1])
    assert pool.pooled(NAMES[0], at(0, 2), np.ones(1, np.int64), (0,)) == [1]


def test_a_sum_stays_what_it_was_whoever_leaves_since() -> None:
    pool, found = Pool(NAMES[:3], 2, stall=4.0), list[list[Array]]()

    def run(owner: str, times: int) -> None:
        found.append([pool.pooled(owner, at(0, 3), np.array([1]), (0,)) for _ in range(times)])

    others = [Thread(target=run, args=(owner, 1)) for owner in NAMES[:2]]
    for other in others:
        other.start()
    run(NAMES[2], 2)
    for other in others:
        other.join(20.0)
    pool.leave(NAMES[2], "away")
    run(NAMES[0], 2)
    assert [total.tolist() for totals in found for total in totals] == [[3]] * 6


def test_two_trainings_and_their_steps_are_apart() -> None:
    """Runs that come to the same place are at the same sum of the same step of the same training."""
    pool = Pool(NAMES[:2], 2)
    places = [(draw, sum, step) for draw in (0, 3) for step in (0, 1) for sum in (0, 1)]
    found: dict[str, list[int]] = {name: [] for name in NAMES[:2]}

    def run(owner: str, own: int) -> None:
        for draw, variable, step in places:
            op = replace(at(variable, 2), draw=draw)
            total = pool.pooled(owner, op, np.array([own * (1 + len(found[owner]))]), (step,))
            found[owner].append(int(total[0]))

    other = Thread(target=run, args=(NAMES[0], 1))
    other.start()
    run(NAMES[1], 10)
    other.join()
    assert found[NAMES[0]] == found[NAMES[1]] == [min(11 * n, MOST + n) for n in range(1, 9)]


# -- who is slow ------------------------------------------------------------------------------------


def test_one_that_lets_the_others_wait_too_long_is_left_behind() -> None:
    """Before they give up, who hear nothing while it is waited for."""
    stall, waited = 0.4, list[Any]()
    pool = Pool(NAMES[:3], 2, waited.append, stall)
    found = dict[str, Array]()

    def run(owner: str, own: int) -> None:
        found[owner] = pool.pooled(owner, at(0, 3), np.array([own]), (0,))

    others = [Thread(target=run, args=(owner, own)) for own, owner in enumerate(NAMES[:2], 1)]
    for other in others:
        other.start()
    for other in others:
        other.join(20.0)
    assert found == {NAMES[0]: [3], NAMES[1]: [3]}
    assert pool.gone == {NAMES[2]: f"the others have waited {OF_STALL * stall:.0f} s for it"}
    with pytest.raises(TooFewOwners):
        pool.pooled(NAMES[2], at(0, 3), np.array([7]), (0,))


def test_where_all_are_needed_the_slow_one_is_named() -> None:
    pool = Pool(NAMES[:2], 2, stall=0.2)
    with pytest.raises(TooFewOwners, match=r"1 of 2 owners are left \(bank_b: the others have waited 0 s for it\)"):
        pool.gather(NAMES[0])
    assert pool.over


# -- the runs themselves ----------------------------------------------------------------------------


Does = Callable[[Pool, str, Met], int]


def beside(least: int, *does: Does) -> tuple[Pool, Callable[[], dict[str, int]]]:
    owners = NAMES[: len(does)]
    pool = Pool(owners, least)
    works = {owner: partial(work, pool, owner) for owner, work in zip(owners, does, strict=True)}
    return pool, lambda: side_by_side(pool, works, least)


def honest(pool: Pool, owner: str, met: Met) -> int:
    met(lambda: pair()[0])
    for step in range(3):
        total = pool.pooled(owner, at(0, len(pool._owners)), np.array([1]), (step,))
    return int(total[0])


def failing(pool: Pool, owner: str, met: Met) -> int:
    met(lambda: pair()[0])
    pool.pooled(owner, at(0, len(pool._owners)), np.array([1]), (0,))
    raise NetworkError("broken by the test")


def absent(pool: Pool, owner: str, met: Met) -> int:
    """Its peer does not come."""
    Event().wait(60.0)
    return len(met(lambda: pair()[0]).receive(1))


def stalling(pool: Pool, owner: str, met: Met) -> int:
    """Its peer says nothing more."""
    return len(met(lambda: pair(30.0)[0]).receive(1))


def test_what_all_runs_come_to() -> None:
    _, run = beside(3, honest, honest, honest)
    assert run() == dict.fromkeys(NAMES[:3], 3)


def test_one_that_fails_is_left_behind_or_ends_all() -> None:
    pool, run = beside(2, honest, failing, honest)
    assert run() == {NAMES[0]: 2, NAMES[2]: 2} and pool.gone == {NAMES[1]: "broken by the test"}
    _, run = beside(3, honest, failing, honest)
    with pytest.raises(NetworkError, match="broken by the test") as caught:
        run()
    assert caught.value.__notes__ == [NAMES[1]]


def test_whatever_it_fails_with() -> None:
    def wrong(pool: Pool, owner: str, met: Met) -> int:
        raise SystemExit("of a thread")

    _, run = beside(2, honest, wrong)
    with pytest.raises(SystemExit, match="of a thread"):
        run()
    _, run = beside(1, honest, wrong)
    assert run() == {NAMES[0]: 1}


@pytest.mark.parametrize("late", [absent, stalling])
def test_nobody_is_waited_for_once_the_run_is_over(late: Does) -> None:
    """Neither who would have come in ten minutes nor who would have gone on in two."""

    def refused(pool: Pool, owner: str, met: Met) -> int:
        met(lambda: pair()[0])
        raise NetworkError("refused by the test")

    _, run = beside(3, refused, honest, late)
    began = monotonic()
    with patch.object(module, "PARTING", 0.5), pytest.raises(NetworkError, match="refused by the test"):
        run()
    assert monotonic() - began < 15.0


def test_the_run_goes_on_without_one_who_comes_too_late() -> None:
    def gathering(pool: Pool, owner: str, met: Met) -> int:
        pool.gather(owner)
        return honest(pool, owner, met)

    owners = NAMES[:3]
    pool = Pool(owners, 2, stall=0.4)
    works = {o: partial(work, pool, o) for o, work in zip(owners, (gathering, absent, gathering), strict=True)}
    began = monotonic()
    assert side_by_side(pool, works, 2) == {NAMES[0]: 2, NAMES[2]: 2}
    assert monotonic() - began < 15.0 and list(pool.gone) == [NAMES[1]]


@pytest.fixture
def hearing() -> Iterator[None]:
    """A test run that was started in the background ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hearing")
@pytest.mark.parametrize("soon", [True, False])
@pytest.mark.parametrize("others", [(stalling, stalling), (absent, stalling), (honest, absent)])
def test_ctrl_c_ends_all_of_them(others: tuple[Does, Does], soon: bool) -> None:
    """Also if it comes while they are being started."""

    def interrupting(pool: Pool, owner: str, met: Met) -> int:
        met(lambda: pair()[0])
        main = threading.main_thread().ident
        assert main is not None
        Event().wait(0.0 if soon else 0.5)
        signal.pthread_kill(main, signal.SIGINT)
        return stalling(pool, owner, met)

    pool, run = beside(1, interrupting, *others)
    before = threading.enumerate()
    with pytest.raises(KeyboardInterrupt):
        run()
    assert set(pool.gone) == set(NAMES[:3])
    left = {thread for thread in threading.enumerate() if thread not in before}
    for thread in left:
        thread.join(0.1)
    assert sum(thread.is_alive() for thread in left) <= others.count(absent)  # it ends with the process


@pytest.fixture
def heeding() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    signals.heed()
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("hearing", "heeding")
@pytest.mark.parametrize(("number", "said"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
def test_what_ends_a_party_is_told_to_every_peer(number: int, said: str) -> None:
    """To the one that is waited for and to the one whose run waits for the others; it looked like a broken line."""
    program = api.compile(MILLIONAIRES)
    silent, waiting = pair(30.0), pair(30.0)
    owners = dict(zip(NAMES, (silent[1], waiting[1]), strict=False))
    pool = Pool(tuple(owners), 1)

    def evaluates(owner: str, met: Met) -> object:
        channel = met(lambda: owners[owner])
        sources = prepare(program, program.compiled.evaluator, {"b": "2"}, RunSecret.of(None))
        follow = Follow(gather=partial(pool.gather, owner))
        return run(program, program.compiled.evaluator, sources, channel, follow=follow)

    def garbles() -> None:
        sources = prepare(program, program.compiled.garbler, {"a": "3"}, RunSecret.of(None))
        with pytest.raises(PeerAborted, match=f"it was {said} there"):
            run(program, program.compiled.garbler, sources, waiting[0])
        told.set()

    told, main = Event(), threading.main_thread().ident
    assert main is not None
    Thread(target=garbles, daemon=True).start()
    threading.Timer(1.0, signal.pthread_kill, (main, number)).start()
    with pytest.raises(KeyboardInterrupt):
        side_by_side(pool, {owner: partial(evaluates, owner) for owner in owners}, 1)
    assert told.wait(20.0)
    frames = [silent[0].receive(1 << 16) for _ in range(2)]
    assert frames[1] == (Frame.ABORT, f"it was {said} there".encode())
