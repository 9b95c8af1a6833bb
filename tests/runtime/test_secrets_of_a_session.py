"""What hides comes from the operating system, and nothing that a bad batch of transfers could tell leaves after it."""

from __future__ import annotations

from threading import Thread
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.memory_channel import MemoryChannel, pair

from compiler import pipeline
from compiler.joint.shares import Products
from compiler.program import Compiled
from compiler.schedule.plan import Product, Repeat, Step
from lang.source import Source
from runtime.crypto.labels import Labels
from runtime.net.errors import NetworkError
from runtime.net.frames import Frame
from runtime.ot.check import PROOF_BYTES
from runtime.ot.errors import CheatingDetected
from runtime.ot.extension import Receiver
from runtime.party.sources import PartySources
from runtime.privacy.randomness import RunSecret
from runtime.session.phases import Phases
from runtime.session.session import Session

TEXT = """party vendor;
party hospital;
input w0: fix<12, 6>[3] from vendor;
dataset records from hospital { x: fix<9, 8>[3] where norm2(x) <= 1.0; y: bit; }
var w = w0;
dpsgd w on records(batch = 2, steps = 2, clip = 2.0, noise = 1.0, rate = 1.0) as row {
    loss logistic(dot(w, row.x), row.y);
}
output w to vendor;
"""
INPUTS: dict[str, dict[str, Any]] = {
    "vendor": {"w0": np.array([30, -60, 10])},
    "hospital": {"records": {"x": np.arange(12).reshape(4, 3) * 8, "y": np.array([0, 1, 1, 0])}},
}
Frames = tuple[str, int, bytes]  # sent or received, its kind, its payload


@pytest.fixture(scope="module")
def program() -> Compiled:
    compiled = pipeline.build(pipeline.understand(Source("two.ccr", TEXT)), Products.SHARES)
    assert any(isinstance(step, Product) for step in every(compiled.plan.steps))
    return compiled


def every(steps: tuple[Step, ...]) -> list[Step]:
    return [s for step in steps for s in ([step, *every(step.body)] if isinstance(step, Repeat) else [step])]


class Kept(MemoryChannel):
    """An end that keeps what passes through it, in order."""

    def __init__(self, end: MemoryChannel) -> None:
        super().__init__(end._inbox, end._outbox, end.timeout)
        self.passed: list[Frames] = []

    def send(self, kind: int, payload: bytes | bytearray | memoryview) -> None:
        self.passed.append(("sent", kind, bytes(payload)))
        super().send(kind, payload)

    def receive(self, limit: int) -> tuple[int, bytes]:
        kind, payload = super().receive(limit)
        self.passed.append(("received", kind, payload))
        return kind, payload


def play(program: Compiled) -> tuple[list[Frames], dict[str, Any]]:
    """A whole session under one seed: what passed the hospital's end, and what each party was left with."""
    here, there = pair(timeout=10)
    hospital, left = Kept(here), dict[str, Any]()

    def one(party: str, channel: MemoryChannel) -> None:
        sources = PartySources(INPUTS[party], RunSecret.from_seed(1))
        session = Session(program, "two", "digest", party, {"records": 4}, sources, Phases())
        try:
            left[party] = session.run(channel).outputs
        except (NetworkError, CheatingDetected) as error:
            left[party] = error

    other = Thread(target=one, args=("hospital", hospital))
    other.start()
    one("vendor", there)
    other.join()
    return hospital.passed, left


def blocks(passed: list[Frames]) -> set[bytes]:
    """All 16 bytes of a session that could hold a label or come of one."""
    return {
        data[i : i + 16]
        for _, kind, data in passed
        if kind not in (Frame.HELLO, Frame.DECODING)
        for i in range(0, len(data) - 15, 16)
    }


def test_a_seed_makes_no_label(program: Compiled) -> None:
    """Two sessions of the same seed and inputs: the same weights, and not 16 bytes alike on the wire."""
    (first, result), (second, again) = play(program), play(program)
    assert result["vendor"]["w"].tolist() == again["vendor"]["w"].tolist()
    assert len(blocks(first)) > 2000
    assert not blocks(first) & blocks(second)


@pytest.mark.parametrize("bad", range(3))
def test_nothing_but_the_farewell_leaves_after_a_bad_batch(
    bad: int, program: Compiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever batch of a run it is: the weights', the first step's shares and coins, the second's."""
    honest, batches = Receiver.extend, iter(range(1000))

    def extend(self: Receiver, choices: NDArray[np.uint8]) -> tuple[bytes, Labels]:
        message, labels = honest(self, choices)
        if next(batches) != bad:
            return message, labels
        columns = message[:-PROOF_BYTES]
        return bytes(b ^ 1 for b in columns) + message[-PROOF_BYTES:], labels  # in all columns, so where Δ has a 1

    monkeypatch.setattr(Receiver, "extend", extend)
    passed, left = play(program)
    assert isinstance(left["hospital"], CheatingDetected)
    received = [i for i, (way, kind, _) in enumerate(passed) if (way, kind) == ("received", Frame.OT_BATCH)]
    assert len(received) == bad + 1
    assert [(way, kind) for way, kind, _ in passed[received[-1] + 1 :]] == [("sent", Frame.ABORT)]
