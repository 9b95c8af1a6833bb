"""Two sessions of one process, with one program and the same inputs, have nothing in common that hides anything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from support.fuzz_frames import COMPARING, Drawn, Setting, recorded

from runtime.net.frames import Frame
from runtime.ot import base
from runtime.ot.oracle import DIGEST_BYTES
from runtime.session.state import Role


@dataclass
class Drew:
    """What was drawn for one session: by name, pieces that no other may have."""

    delta: bytes
    frames: dict[Frame, bytes]

    def pieces(self) -> dict[str, set[bytes]]:
        seeds, choices = self.frames[Frame.SEEDS], self.frames[Frame.BASE_CHOICES]
        points = choices[DIGEST_BYTES:]
        offer, returned = self.frames[Frame.BASE_OFFER], self.frames[Frame.OUTPUT_LABELS]
        tables, batch = self.frames[Frame.TABLES], self.frames[Frame.OT_BATCH]
        return {
            "delta": {self.delta},
            "seed of the hash, of the public labels": {seeds[:16], seeds[16:]},
            "seed of the target": {choices[:DIGEST_BYTES]},
            "points of the receiver": cut(points, 32),
            "point of the sender": {offer[:32]},
            "challenges": cut(offer[32:], DIGEST_BYTES),
            "trees": cut(self.frames[Frame.TREES], 16),
            "columns": cut(batch, 16),
            "labels": cut(returned, 16) | cut(tables, 16),
        }


def cut(data: bytes, size: int) -> set[bytes]:
    return {data[i : i + size] for i in range(0, len(data), size)}


def session(monkeypatch: pytest.MonkeyPatch) -> Drew:
    deltas: list[bytes] = []
    of_the_transfers = base.receive

    def receive(channel: object, name: bytes, choices: NDArray[np.uint8]) -> list[bytes]:
        deltas.append(np.packbits(choices, bitorder="little").tobytes())
        return of_the_transfers(channel, name, choices)

    with monkeypatch.context() as patch:
        patch.setattr(base, "receive", receive)
        received = recorded(Setting.of(COMPARING, {"x": "3"}, {"y": "-4"}), Drawn())
    frames: dict[Frame, bytes] = {}
    for kind, payload in (*received[Role.GARBLER], *received[Role.EVALUATOR]):
        frames[Frame(kind)] = frames.get(Frame(kind), b"") + payload
    return Drew(deltas[0], frames)


def test_two_sessions_share_no_delta_seed_point_or_label(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (session(monkeypatch).pieces() for _ in range(2))
    sizes = {name: len(found) for name, found in first.items()}
    assert sizes["seed of the hash, of the public labels"] == 2  # they are keys of one cipher
    assert sizes["points of the receiver"] == 128 and sizes["challenges"] == 129 and sizes["labels"] > 20, sizes
    assert {name: first[name] & second[name] for name in first} == {name: set[bytes]() for name in first}
