"""A peer that cheats over a real connection, in each of its frames: nothing is kept that was not authenticated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import pytest
from support.fuzz_frames import COMPARING, EXPECTED, Setting
from support.loopback import tls_pair

from compiler.words.integers import Array
from runtime.net.channel import Channel
from runtime.net.errors import ProtocolError
from runtime.net.frames import Frame
from runtime.party.run import Report, prepare, run
from runtime.privacy.randomness import RunSecret
from runtime.session.state import Role

Way = Callable[[Channel, int, bytes], object]
RIGHT = {"less": 0, "most": 3}  # of x = 3 and y = -4


def flipped(channel: Channel, kind: int, payload: bytes) -> None:
    channel.send(kind, bytes([*payload[:-1], payload[-1] ^ 1]) if payload else b"\1")


def cut(channel: Channel, kind: int, payload: bytes) -> None:
    channel.send(kind, payload[: len(payload) // 2])


def twice(channel: Channel, kind: int, payload: bytes) -> None:
    channel.send(kind, payload)
    channel.send(kind, payload)


def gone(channel: Channel, kind: int, payload: bytes) -> None:
    channel.send(kind, payload)
    channel.flush()
    channel.abort()


def no_more(channel: Channel, kind: int, payload: bytes) -> None:
    channel.abort()


def ended(channel: Channel, kind: int, payload: bytes) -> None:
    channel.send(Frame.ABORT, b"because")


def another(instead: Frame) -> Way:
    return lambda channel, kind, payload: channel.send(instead, payload)


WAYS: Mapping[str, Way] = {
    "flipped": flipped,
    "cut": cut,
    "twice": twice,
    "gone behind it": gone,
    "gone before it": no_more,
    "ended": ended,
    **{f"as {frame.name}": another(frame) for frame in (Frame.TABLES, Frame.DECODING, Frame.DONE)},
}


class Cheat:
    """A channel one of whose frames, by its number, goes another way."""

    def __init__(self, channel: Channel, number: int, way: Way | None) -> None:
        self._channel, self._number, self._way, self.kinds = channel, number, way, list[int]()

    def send(self, kind: int, payload: Any) -> None:
        self.kinds.append(kind)
        if self._way is not None and len(self.kinds) == self._number + 1:
            self._way(self._channel, kind, bytes(payload))
        else:
            self._channel.send(kind, payload)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)


@cache
def setting() -> Setting:
    return Setting.of(COMPARING, {"x": "3"}, {"y": "-4"})


def party(role: Role) -> str:
    return setting().program.compiled.garbler if role is Role.GARBLER else setting().program.compiled.evaluator


def played(role: Role, channel: Channel, keep: Callable[[Mapping[str, Array]], object]) -> Report | Exception:
    sources = prepare(setting().program, party(role), setting().given[role], RunSecret.of(None))
    try:
        return run(setting().program, party(role), sources, channel, keep=keep)
    except EXPECTED as error:
        return error


def meet(cheating: Role, number: int, way: Way | None) -> tuple[Report | Exception, dict[str, Array], list[int]]:
    """How the honest party ended, what it kept, and the frames that the other one meant to send."""
    honest = Role.EVALUATOR if cheating is Role.GARBLER else Role.GARBLER
    here, there = tls_pair(10.0)
    cheat: Any = Cheat(there, number, way)
    kept: dict[str, Array] = {}
    with ThreadPoolExecutor() as pool:
        other = pool.submit(played, cheating, cheat, lambda _: None)
        found = played(honest, here, kept.update)
        here.abort()
        other.result()
        there.abort()
    return found, kept, cheat.kinds


QUICK = frozenset({"flipped", "gone behind it"})


@pytest.mark.parametrize("cheating", Role)
@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in WAYS]
)
def test_every_frame(cheating: Role, name: str) -> None:
    found, kept, frames = meet(cheating, 0, None)
    assert isinstance(found, Report) and {name: int(value) for name, value in kept.items()}.items() <= RIGHT.items()
    for number, kind in enumerate(frames):
        if name == f"as {Frame(kind).name}":
            continue
        found, kept, _ = meet(cheating, number, WAYS[name])
        said = f"{Frame(kind).name} {name}: {found}"
        assert bool(kept) == isinstance(found, Report), said
        if cheating is Role.EVALUATOR and kept:  # whose labels are the garbler's outputs
            assert int(kept["less"]) == RIGHT["less"] and kind in (Frame.OUTPUT_LABELS, Frame.DONE), said
        if kind < Frame.OUTPUT_LABELS and name != "flipped":  # tables that fit in length are the garbler's to choose
            assert not kept, said


def test_an_evaluator_that_goes_when_its_labels_are_out() -> None:
    """They have come and are right: the garbler's outputs are complete, although it can send no more."""
    _, _, frames = meet(Role.EVALUATOR, 0, None)
    found, kept, _ = meet(Role.EVALUATOR, frames.index(Frame.OUTPUT_LABELS), gone)
    assert isinstance(found, Report) and found.farewell
    assert int(kept["less"]) == int(found.outputs["less"]) == RIGHT["less"]


def test_a_peer_that_counts_records_which_are_none_of_its_own() -> None:
    """What it says is told and divided by in the end: no data set has 0 rows, and none is counted but its own."""

    def counting(records: bytes) -> Way:
        return lambda channel, kind, payload: channel.send(kind, payload.replace(b'"records":{}', records))

    for records in (b'"records":{"x":3}', b'"records":{"x":0}', b'"records":{"":1}'):
        found, kept, _ = meet(Role.GARBLER, 0, counting(records))
        assert isinstance(found, ProtocolError) and "greeting" in str(found) and not kept
