"""A session each of whose steps is told, over TLS, with a peer that leaves the protocol in the middle."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from support.loopback import tls_pair

from compiler import artifact, pipeline
from compiler.pipeline import understand
from lang.source import Source
from runtime.net.channel import Channel
from runtime.net.errors import NetworkError, ProtocolError
from runtime.net.frames import Frame
from runtime.ot.errors import CheatingDetected
from runtime.ot.extension import Receiver
from runtime.party.run import Report, prepare, run
from runtime.privacy.randomness import RunSecret
from runtime.program import Program
from runtime.session.guard import PeerAborted
from runtime.session.permit import Permit

TEXT = """party vendor; party hospital;
input w0: fix<8, 5>[3] from vendor;
dataset records from hospital {{ x: fix<5, 4>[3] where norm2(x) <= 1.0; y: bit; }}
var w = w0;
dpsgd w on records(batch = 1, steps = 3, clip = 1.0, noise = 1.0{}, rate = 1.0, release = step) as row {{
    loss logistic(dot(w, row.x), row.y);
}}
output w to vendor;
"""
RECORDS = "x0,x1,x2,y\n0.5,0.25,-0.5,1\n-0.25,0.5,0,0\n0,0.75,0.5,1\n0.5,-0.5,0.25,0\n"
DRAWN = {"a share": "", "opened": " drawn by both"}
Event = tuple[str, int]  # sent or received, the frame's kind; or what was asked of the permit
Frames = list[tuple[int, bytes]]


@cache
def program(drawn: str) -> Program:
    meaning = understand(Source("steps.ccr", TEXT.format(drawn)))
    compiled = pipeline.build(meaning)
    return Program("steps.ccr", compiled, artifact.encode(compiled), meaning)


def honestly(number: int, kind: int, payload: bytes) -> Frames:
    return [(kind, payload)]


@dataclass
class Cheating:
    """A channel on which a party sends other frames than it would, and that keeps what passed."""

    inner: Channel
    instead: Callable[[int, int, bytes], Frames] = honestly  # of (how often this kind was sent before, kind, payload)
    events: list[Event] = field(default_factory=list[Event])
    counts: dict[int, int] = field(default_factory=dict[int, int])

    def send(self, kind: int, payload: bytes | bytearray | memoryview) -> None:
        number = self.counts.get(kind, 0)
        self.counts[kind] = number + 1
        for other, data in self.instead(number, kind, bytes(payload)):
            self.events.append(("sent", other))
            self.inner.send(other, data)

    def receive(self, limit: int) -> tuple[int, bytes]:
        kind, payload = self.inner.receive(limit)
        self.events.append(("received", kind))
        return kind, payload

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@dataclass
class Asked(Permit):
    """Keeps what it is asked for, among what is sent."""

    events: list[Event]
    contract = ""

    def releasing_step(self, index: int) -> None:
        self.events.append(("releasing", index))


Played = dict[str, tuple[list[Event], Report | BaseException]]


def played(
    folder: Path,
    drawn: str,
    cheat: str = "",
    instead: Callable[[int, int, bytes], Frames] = honestly,
    timeout: float = 20.0,
) -> Played:
    """Both parties' events, and how it ended for each."""
    (folder / "records.csv").write_text(RECORDS)
    np.save(folder / "w0.npy", np.array([0.5, -1.0, 0.25]))
    files = {"hospital": {"records": str(folder / "records.csv")}, "vendor": {"w0": str(folder / "w0.npy")}}
    made = program(DRAWN[drawn])
    ends = {
        name: Cheating(end, instead if name == cheat else honestly)
        for name, end in zip(files, tls_pair(timeout), strict=True)
    }
    found: dict[str, Report | BaseException] = {}

    def play(party: str) -> None:
        try:
            sources = prepare(made, party, files[party], RunSecret.of(None))
            found[party] = run(made, party, sources, ends[party], permit=Asked(ends[party].events))
        except Exception as error:
            found[party] = error

    other = Thread(target=play, args=("hospital",))
    other.start()
    play("vendor")
    other.join()
    return {name: (ends[name].events, found[name]) for name in files}


def told(events: list[Event]) -> int:
    return events.count(("sent", Frame.NOISY_SUM))


@pytest.mark.parametrize("drawn", DRAWN)
def test_an_honest_session(drawn: str, tmp_path: Path) -> None:
    """Each step is asked for right before it is told, and told behind all that is entered in it."""
    events, report = played(tmp_path, drawn)["hospital"]
    assert isinstance(report, Report)
    last = [i for i, event in enumerate(events) if event == ("sent", Frame.NOISY_SUM)]
    assert [events[i - 1] for i in last] == [("releasing", step) for step in range(3)]
    for start, end in zip([0, *last], last, strict=False):
        assert ("received", Frame.OT_BATCH) in events[start:end]


# -- the garbler ----------------------------------------------------------------------------------


def at(which: int, change: Callable[[bytes], Frames]) -> Callable[[int, int, bytes], Frames]:
    """Instead of a step's noisy sum."""
    return lambda number, kind, payload: (
        change(payload) if kind == Frame.NOISY_SUM and number == which else [(kind, payload)]
    )


SUMS: dict[str, Callable[[bytes], Frames]] = {
    "too short": lambda data: [(Frame.NOISY_SUM, data[:-1])],
    "too long": lambda data: [(Frame.NOISY_SUM, data + b"\0")],
    "empty": lambda data: [(Frame.NOISY_SUM, b"")],
    "twice": lambda data: [(Frame.NOISY_SUM, data)] * 2,
    "tables in its place": lambda data: [(Frame.TABLES, data)],
    "the end in its place": lambda data: [(Frame.DECODING, data)],
}


@pytest.mark.parametrize("which", [0, 2])
@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("drawn", DRAWN)
def test_a_sum_that_is_none_ends_the_session(drawn: str, name: str, which: int, tmp_path: Path) -> None:
    found = played(tmp_path, drawn, "hospital", at(which, SUMS[name]))
    events, error = found["vendor"]
    assert isinstance(found["hospital"][1], Exception)
    assert isinstance(error, ProtocolError)
    assert [event for event in events if event[0] == "sent"][-1] == ("sent", Frame.ABORT)


def test_a_sum_that_is_left_out_is_waited_for_and_then_no_more(tmp_path: Path) -> None:
    found = played(tmp_path, "a share", "hospital", at(1, lambda data: []), timeout=2.0)
    assert all(isinstance(ended, NetworkError) for _, ended in found.values())


@pytest.mark.parametrize("drawn", DRAWN)
def test_made_up_sums_are_seen_by_nobody(drawn: str, tmp_path: Path) -> None:
    """The receiver goes on from anything, and sends and waits as ever: that tells nothing of its weights."""
    honest, _ = played(tmp_path, drawn)["vendor"]
    for byte in (b"\xff", b"\0", b"\x80"):
        events, report = played(
            tmp_path,
            drawn,
            "hospital",
            lambda number, kind, data, byte=byte: [(kind, byte * len(data) if kind == Frame.NOISY_SUM else data)],
        )["vendor"]
        assert isinstance(report, Report) and events == honest


# -- the evaluator --------------------------------------------------------------------------------


@contextmanager
def spoilt(which: int) -> Generator[None]:
    """The evaluator's batch of that number fails the check."""
    honest, made = Receiver.extend, [0]

    def extend(self: Receiver, choices: Any) -> Any:
        message, labels = honest(self, choices)
        made[0] += 1
        return (bytes(message[:-1]) + bytes([message[-1] ^ 1]), labels) if made[0] == which + 1 else (message, labels)

    with patch.object(Receiver, "extend", extend):
        yield


@pytest.mark.parametrize("drawn", DRAWN)
def test_no_sum_leaves_before_the_check_of_its_step(drawn: str, tmp_path: Path) -> None:
    events, _ = played(tmp_path, drawn)["hospital"]
    batches = [i for i, event in enumerate(events) if event == ("received", Frame.OT_BATCH)]
    for which, place in enumerate(batches):
        with spoilt(which):
            found, error = played(tmp_path, drawn)["hospital"]
        assert isinstance(error, CheatingDetected)
        assert told(found) == told(events[:place])
        sent = [event for event in found[place + 1 :] if event[0] != "received"]
        assert sent == [("sent", Frame.ABORT)]


WORDS: dict[str, tuple[Callable[[bytes], Frames], type[Exception]]] = {
    "a sum of its own": (lambda data: [(Frame.NOISY_SUM, data)], ProtocolError),
    "the labels of the end": (lambda data: [(Frame.OUTPUT_LABELS, b"")], ProtocolError),
    "that it is done": (lambda data: [(Frame.DONE, b"")], ProtocolError),
    "farewell": (lambda data: [(Frame.ABORT, b"enough")], PeerAborted),
    "half a batch": (lambda data: [(Frame.OT_BATCH, data[: len(data) // 2])], Exception),
}


@pytest.mark.parametrize("name", WORDS)
@pytest.mark.parametrize("drawn", DRAWN)
def test_a_receiver_that_leaves_the_steps_is_told_no_more(drawn: str, name: str, tmp_path: Path) -> None:
    """In place of what it enters first behind the first sum."""
    cheat, kind = WORDS[name]
    events, _ = played(tmp_path, drawn)["vendor"]
    first = events[: events.index(("received", Frame.NOISY_SUM))].count(("sent", Frame.OT_BATCH))
    found, error = played(
        tmp_path,
        drawn,
        "vendor",
        lambda number, sent, data: cheat(data) if sent == Frame.OT_BATCH and number == first else [(sent, data)],
    )["hospital"]
    assert isinstance(error, kind)
    assert told(found) == 1 and found.count(("releasing", 1)) == 0
