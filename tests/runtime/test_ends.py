"""What a party takes from its peer in the middle of a session, and what it holds against it."""

from __future__ import annotations

from threading import Thread
from typing import Any

import numpy as np
import pytest
from support.fuzz_frames import COMPARING, Drawn, Setting, joined, played, recorded
from support.memory_channel import MemoryChannel, pair

from runtime.execute.backend import CHUNK_BYTES, StepSum
from runtime.execute.yao import ForgedOutput
from runtime.net.errors import ProtocolError
from runtime.net.frames import Frame
from runtime.net.traffic import Traffic
from runtime.party.run import prepare, run
from runtime.privacy.randomness import RunSecret
from runtime.session.ends import EvaluatorEnds, GarblerEnds
from runtime.session.guard import Guard, PeerAborted
from runtime.session.permit import Permit
from runtime.session.phases import Phases
from runtime.session.state import Role, State
from runtime.session.tables import TABLE_FRAME


@pytest.fixture(scope="module")
def comparing() -> Setting:
    return Setting.of(COMPARING, {"x": "3"}, {"y": "-4"})


def evaluator(state: State) -> tuple[EvaluatorEnds, MemoryChannel]:
    own, peer = pair(0.5)
    guard = Guard(own, Role.EVALUATOR)
    guard.state = state
    receiver: Any = None  # no transfers here
    return EvaluatorEnds(guard, receiver, Phases(), Permit(), Traffic()), peer


def garbler(state: State) -> tuple[GarblerEnds, MemoryChannel]:
    own, peer = pair(0.5)
    guard = Guard(own, Role.GARBLER)
    guard.state = state
    sender: Any = None
    return GarblerEnds(guard, sender, Phases(), Permit(), Traffic()), peer


@pytest.mark.parametrize("size", [0, 1, 3])
def test_decoding_bits_of_another_number(size: int) -> None:
    ends, peer = evaluator(State.RETURNED)
    peer.send(Frame.DECODING, bytes(size))
    with pytest.raises(ProtocolError):
        ends.receive_decoding_bits(16)


@pytest.mark.parametrize("size", [0, 16, 48])
def test_output_labels_of_another_number(size: int) -> None:
    ends, peer = garbler(State.RUNNING)
    peer.send(Frame.OUTPUT_LABELS, bytes(size))
    with pytest.raises(ProtocolError):
        ends.receive_output_labels(2)


def test_pieces_of_the_tables_are_joined_and_none_is_empty() -> None:
    """Empty ones would hold a run for ever."""
    ends, peer = evaluator(State.RUNNING)
    for piece in (b"abc", b"defgh", b"", b"i"):
        peer.send(Frame.TABLES, piece)
    assert bytes(ends.receive_tables(4)) == b"abcd" and bytes(ends.receive_corrections(4)) == b"efgh"
    with pytest.raises(ProtocolError, match="empty piece"):
        ends.receive_tables(1)


def test_pieces_of_the_stream_go_whole_and_short_ones_together() -> None:
    """What is held of them goes before whatever else is sent or waited for."""
    ends, peer = garbler(State.RUNNING)
    large, half = TABLE_FRAME + 7, CHUNK_BYTES // 2
    sizes = [5, 4, CHUNK_BYTES, 10, half, half, half + 1, large, 6]
    data = memoryview(np.random.default_rng(1).bytes(sum(sizes)))
    for start, size in zip(np.cumsum([0, *sizes]).tolist(), sizes, strict=False):
        ends.send_tables(data[start : start + size])
    ends.send_noisy_sum(StepSum(0, 0), b"sum")
    ends.send_corrections(data[:7])
    peer.send(Frame.OUTPUT_LABELS, b"")
    ends.receive_output_labels(0)
    expected = [9, CHUNK_BYTES, 10 + half, half, half + 1, TABLE_FRAME, 7, 6]
    sent = [peer.receive(TABLE_FRAME) for _ in range(len(expected) + 2)]
    assert [kind for kind, _ in sent] == [Frame.TABLES] * len(expected) + [Frame.NOISY_SUM, Frame.TABLES]
    assert [len(payload) for _, payload in sent] == [*expected, 3, 7]
    assert b"".join(payload for _, payload in sent[: len(expected)]) == data and sent[-1][1] == data[:7]


@pytest.mark.parametrize("size", [0, 16, 31])
def test_seeds_of_another_length(comparing: Setting, size: int) -> None:
    hello, *_ = recorded(comparing, Drawn())[Role.EVALUATOR]
    own, peer = pair(0.5)
    peer.last(joined([(hello[0], len(hello[1]), hello[1]), (Frame.SEEDS, size, bytes(size))]))
    with pytest.raises(ProtocolError, match="seeds have a wrong length"):
        played(comparing, Role.EVALUATOR, own, Drawn())


class Forging(MemoryChannel):
    """A channel that changes the labels which the evaluator shows."""

    def send(self, kind: int, payload: bytes | bytearray | memoryview) -> None:
        if kind == Frame.OUTPUT_LABELS:
            payload = (np.frombuffer(payload, np.uint8) ^ 4).tobytes()
        super().send(kind, payload)


class Noted(Permit):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def attacked(self, why: str) -> None:
        self.said.append(why)

    def ended(self) -> None:
        self.said.append("ended")


def test_a_forged_output_is_held_against_the_peer(comparing: Setting) -> None:
    here, there = pair(5.0)
    ends: list[Exception] = []

    def evaluates() -> None:
        try:
            played(comparing, Role.EVALUATOR, Forging(there._inbox, there._outbox, there.timeout), Drawn())
        except PeerAborted as error:
            ends.append(error)

    other = Thread(target=evaluates)
    other.start()
    permit, party = Noted(), comparing.program.compiled.garbler
    sources = prepare(comparing.program, party, comparing.given[Role.GARBLER], RunSecret.of(None))
    with pytest.raises(ForgedOutput):
        run(comparing.program, party, sources, here, None, permit)
    other.join()
    assert permit.said == ["ForgedOutput", "ended"]
    assert "ForgedOutput" in str(ends[0])
