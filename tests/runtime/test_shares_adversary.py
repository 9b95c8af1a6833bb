"""A session over shares whose peer does not follow the protocol: what the other party sends, and when."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from support.memory_channel import pair

from compiler import artifact, pipeline
from compiler.joint.shares import Products
from compiler.pipeline import understand
from lang.source import Source
from runtime.crypto.columns import Leaves
from runtime.execute import products
from runtime.execute.products import EvaluatorProducts
from runtime.net.channel import Channel
from runtime.net.frames import Frame
from runtime.ot import check, trees
from runtime.ot.errors import CheatingDetected
from runtime.ot.extension import Receiver
from runtime.party.run import Report, prepare, run
from runtime.privacy.randomness import RunSecret
from runtime.program import Program

TEXT = """party vendor; party hospital;
input w0: fix<8, 5>[3] from vendor;
dataset records from hospital { x: fix<5, 4>[3] where norm2(x) <= 1.0; y: bit; }
var w = w0;
dpsgd w on records(batch = 1, steps = 2, clip = 1.0, noise = 1.0 drawn by hospital, rate = 1.0) as row {
    loss logistic(dot(w, row.x), row.y);
}
output w to vendor;
"""
RECORDS = "x0,x1,x2,y\n0.5,0.25,-0.5,1\n-0.25,0.5,0,0\n0,0.75,0.5,1\n0.5,-0.5,0.25,0\n"
Event = tuple[str, int, int]  # sent or received, the frame's kind, its length


@cache
def program() -> Program:
    meaning = understand(Source("shares.ccr", TEXT))
    compiled = pipeline.build(meaning, Products.SHARES)
    return Program("shares.ccr", compiled, artifact.encode(compiled), meaning)


@dataclass
class Watched:
    """A channel that keeps what passed through it, in order."""

    inner: Channel
    events: list[Event] = field(default_factory=list[Event])

    def send(self, kind: int, payload: bytes | bytearray | memoryview) -> None:
        self.events.append(("sent", kind, len(payload)))
        self.inner.send(kind, payload)

    def receive(self, limit: int) -> tuple[int, bytes]:
        kind, payload = self.inner.receive(limit)
        self.events.append(("received", kind, len(payload)))
        return kind, payload

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def played(folder: Path) -> dict[str, tuple[list[Event], Report | BaseException]]:
    """Both parties' events, and how it ended for each."""
    (folder / "records.csv").write_text(RECORDS)
    np.save(folder / "w0.npy", np.array([0.5, -1.0, 0.25]))
    files = {"hospital": {"records": str(folder / "records.csv")}, "vendor": {"w0": str(folder / "w0.npy")}}
    ends = {name: Watched(end) for name, end in zip(files, pair(timeout=20.0), strict=True)}
    found: dict[str, Report | BaseException] = {}

    def play(party: str) -> None:
        try:
            sources = prepare(program(), party, files[party], RunSecret.of(None))
            found[party] = run(program(), party, sources, ends[party])
        except Exception as error:
            found[party] = error

    other = Thread(target=play, args=("hospital",))
    other.start()
    play("vendor")
    other.join()
    return {name: (ends[name].events, found[name]) for name in files}


def batches(events: list[Event]) -> list[int]:
    """Where transfers came in."""
    return [i for i, (way, kind, _) in enumerate(events) if way == "received" and kind == Frame.OT_BATCH]


def spoilt(which: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The evaluator's batch of that number fails the check."""
    honest, made = Receiver.extend, [0]

    def extend(self: Receiver, choices: Any) -> Any:
        message, labels = honest(self, choices)
        made[0] += 1
        return (bytes(message[:-1]) + bytes([message[-1] ^ 1]), labels) if made[0] == which + 1 else (message, labels)

    monkeypatch.setattr(Receiver, "extend", extend)


def test_an_honest_session(tmp_path: Path) -> None:
    events, report = played(tmp_path)["hospital"]
    assert isinstance(report, Report) and len(batches(events)) == 5  # the weights, and two stages of each step


@pytest.mark.parametrize("which", range(5))
def test_no_byte_after_a_bad_batch(which: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt(which, monkeypatch)
    events, error = played(tmp_path)["hospital"]
    assert isinstance(error, CheatingDetected)
    after = events[batches(events)[which] + 1 :]
    assert [kind for way, kind, _ in after if way == "sent"] == [Frame.ABORT]


def test_no_byte_after_bad_trees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What extends the base transfers is checked before anything is."""
    honest = trees.plant

    def plant(session: bytes, pads: tuple[list[bytes], list[bytes]]) -> tuple[bytes, Leaves]:
        message, leaves = honest(session, pads)
        return message[:-1] + bytes([message[-1] ^ 1]), leaves

    monkeypatch.setattr(trees, "plant", plant)
    events, error = played(tmp_path)["hospital"]
    assert isinstance(error, CheatingDetected)
    grown = [event[:2] for event in events].index(("received", Frame.TREES))
    assert [kind for way, kind, _ in events[grown + 1 :] if way == "sent"] == [Frame.ABORT]


def test_a_check_put_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables and corrections under labels that no one has checked would leave."""
    spoilt(1, monkeypatch)
    monkeypatch.setattr(check, "residues", lambda *given: np.zeros((128, 2), dtype=np.uint64))
    events, _ = played(tmp_path)["hospital"]
    after = events[batches(events)[1] + 1 :]
    assert (("sent", Frame.TABLES) in {event[:2] for event in after}) and ("sent", Frame.ABORT) not in {
        event[:2] for event in after
    }


# -- the garbler's corrections --------------------------------------------------------------------


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """On the backend whose functions are replaced here."""
    monkeypatch.setenv("CCR_BACKEND", "portable")
    return monkeypatch


def wrong(numbers: Any, bits: int) -> bytes:
    return secrets.token_bytes(len(_PACK(numbers, bits)))


_PACK = products.pack


def test_wrong_corrections_are_seen_by_nobody(tmp_path: Path, patched: pytest.MonkeyPatch) -> None:
    """The evaluator sends and waits as ever, so the garbler learns nothing of its words from how it goes on."""
    honest, _ = played(tmp_path)["vendor"]
    patched.setattr(products, "pack", wrong)
    events, report = played(tmp_path)["vendor"]
    assert isinstance(report, Report) and events == honest


def test_an_evaluator_that_looks_at_its_shares(tmp_path: Path, patched: pytest.MonkeyPatch) -> None:
    """Whether it likes them depends on its bits."""
    honest, _ = played(tmp_path)["vendor"]
    multiply: Callable[..., Any] = EvaluatorProducts.multiply

    def choosy(self: EvaluatorProducts, *args: Any) -> Any:
        share = multiply(self, *args)
        if (share >> np.uint64(20)).any():
            raise ValueError("a share out of range")
        return share

    patched.setattr(EvaluatorProducts, "multiply", choosy)
    patched.setattr(products, "pack", wrong)
    events, _ = played(tmp_path)["vendor"]
    assert events != honest
