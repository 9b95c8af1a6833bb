"""What hides in a session comes from the operating system, whatever its seed."""

from __future__ import annotations

from threading import Thread
from typing import Any

import numpy as np
import pytest
from support.memory_channel import MemoryChannel, pair

from compiler import pipeline
from compiler.joint.shares import Products
from compiler.program import Compiled
from compiler.schedule.plan import Product, Repeat, Step
from compiler.words.integers import Array
from lang.source import Source
from runtime.net.frames import Frame
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


@pytest.fixture(scope="module")
def program() -> Compiled:
    compiled = pipeline.build(pipeline.understand(Source("two.ccr", TEXT)), Products.SHARES)
    assert any(isinstance(step, Product) for step in every(compiled.plan.steps))
    return compiled


def every(steps: tuple[Step, ...]) -> list[Step]:
    return [s for step in steps for s in ([step, *every(step.body)] if isinstance(step, Repeat) else [step])]


class Kept(MemoryChannel):
    """An end that keeps what passes through it."""

    def __init__(self, end: MemoryChannel) -> None:
        super().__init__(end._inbox, end._outbox, end.timeout)
        self.passed: list[tuple[int, bytes]] = []

    def send(self, kind: int, payload: bytes | bytearray | memoryview) -> None:
        self.passed.append((kind, bytes(payload)))
        super().send(kind, payload)

    def receive(self, limit: int) -> tuple[int, bytes]:
        self.passed.append(super().receive(limit))
        return self.passed[-1]


def play(program: Compiled) -> tuple[set[bytes], list[int]]:
    """A whole session under one seed: all 16 bytes on the wire that could hide something, and the vendor's weights."""
    here, there = pair(timeout=10)
    hospital, outputs = Kept(here), dict[str, dict[str, Array]]()

    def one(party: str, channel: MemoryChannel) -> None:
        sources = PartySources(INPUTS[party], RunSecret.from_seed(1))
        records = {"records": 4} if party == "hospital" else {}
        session = Session(program, "two", "digest", party, records, sources, Phases())
        outputs[party] = session.run(channel).outputs

    other = Thread(target=one, args=("hospital", hospital))
    other.start()
    one("vendor", there)
    other.join()
    hiding = [data for kind, data in hospital.passed if kind not in (Frame.HELLO, Frame.DECODING)]
    blocks = {data[i : i + 16] for data in hiding for i in range(0, len(data) - 15, 16)}
    return {block for block in blocks if block.count(0) < 8}, outputs["vendor"]["w"].tolist()  # without padding


def test_a_seed_makes_no_label(program: Compiled) -> None:
    """Two sessions of the same seed and inputs: the same weights, and not 16 bytes alike."""
    (first, weights), (second, again) = play(program), play(program)
    assert weights == again
    assert len(first) > 2000
    assert not first & second
