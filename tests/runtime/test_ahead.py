"""What the evaluator enters in later iterations is asked for before its turn: the same messages in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, cast

import pytest
from support.command import EXAMPLES, TUMOUR
from support.memory_channel import pair

from compiler.schedule.plan import Repeat
from runtime import api
from runtime.api import Products, Program
from runtime.execute import ahead
from runtime.execute.ahead import Known
from runtime.execute.backend import Bits
from runtime.net.channel import Channel
from runtime.net.errors import PeerClosed
from runtime.net.frames import Frame
from runtime.ot.extension import message_bytes
from runtime.party.run import Report, prepare, run
from runtime.privacy.randomness import RunSecret
from runtime.session.ends import EvaluatorEnds
from runtime.session.errors import PeerAborted
from runtime.session.guard import Guard
from runtime.session.state import Role, State

STEPS, COINS = 4, 31 * 87
GIVEN = {
    "vendor": {"w0": str(EXAMPLES / "tumour" / "base.npz")},
    "hospital": {"records": str(EXAMPLES / "tumour" / "records.csv")},
}


@dataclass
class Heard:
    """What the evaluator asks for and takes, in order."""

    requests: list[bytes] = field(default_factory=list)
    before: list[int] = field(default_factory=list)  # bytes of tables that it has taken by each request
    taken: int = 0


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    found = Heard()
    receive, tables = EvaluatorEnds.receive, EvaluatorEnds.receive_tables

    def asks(self: EvaluatorEnds, choices: Bits) -> Any:
        found.requests.append(choices.tobytes())
        found.before.append(found.taken)
        return receive(self, choices)

    def takes(self: EvaluatorEnds, count: int) -> memoryview:
        found.taken += count
        return tables(self, count)

    monkeypatch.setattr(EvaluatorEnds, "receive", asks)
    monkeypatch.setattr(EvaluatorEnds, "receive_tables", takes)
    return found


@pytest.fixture(scope="module")
def program() -> Program:
    return tumour(Products.GATES)


def tumour(products: Products, **params: str) -> Program:
    return api.compile(TUMOUR, {"STEPS": str(STEPS), "BATCH": "4", **params}, products)


def trained(program: Program) -> dict[str, list[int]]:
    """The outputs of a run over a channel in memory."""
    channels, reports = dict(zip(GIVEN, pair(20.0), strict=True)), dict[str, Report]()

    def side(party: str) -> None:
        prepared = prepare(program, party, GIVEN[party], RunSecret.from_seed(7))
        reports[party] = run(program, party, prepared, channels[party])

    threads = [Thread(target=side, args=(party,)) for party in GIVEN]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {name: value.tolist() for name, value in reports["vendor"].outputs.items()}


def loop(program: Program) -> Repeat:
    return next(step for step in program.compiled.plan.steps if isinstance(step, Repeat))


def test_coins_of_all_steps_are_asked_for_before_the_first_table(program: Program, heard: Heard) -> None:
    trained(program)
    assert [len(choices) for choices in heard.requests] == [31 * 9, *[COINS] * STEPS]
    assert heard.before == [0] * (1 + STEPS) and heard.taken


def test_messages_and_outputs_are_those_of_a_run_that_asks_in_turn(
    program: Program, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = trained(program), heard.requests[:]
    heard.requests.clear()
    heard.taken = 0
    monkeypatch.setattr(Known, "of", lambda loop, party: None)
    assert (trained(program), heard.requests) == early
    assert heard.before[-STEPS:] == sorted(set(heard.before[-STEPS:])) and heard.before[-STEPS]  # in turn


def test_no_more_is_asked_for_than_there_is_room(
    program: Program, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "ROOM", 2 * COINS)
    trained(program)
    steps = sorted(set(heard.before))
    assert heard.before == [0, 0, 0, *steps[1:]] and len(steps) == STEPS - 1
    monkeypatch.setattr(ahead, "ROOM", 2 * COINS - 1)
    assert Known.of(loop(program), "vendor") is None


def test_what_depends_on_the_loop_waits_its_turn(program: Program) -> None:
    found = Known.of(loop(program), "vendor")
    assert found is not None and [step.party for step in found.clears] == ["vendor"]
    assert Known.of(loop(tumour(Products.SHARES)), "vendor") is None  # shares of sums
    assert Known.of(Repeat(2, (loop(program),), 0, 0), "vendor") is None  # entered further inside
    assert Known.of(loop(program), "nobody") is None


class Ended:
    """A connection that has ended, and what had come before."""

    timeout, deadline = 5.0, float("inf")

    def __init__(self, frames: Iterator[tuple[int, bytes]]) -> None:
        self._frames = frames

    def send(self, kind: int, payload: Any) -> None:
        raise PeerClosed("the connection is closed")

    def receive(self, limit: int) -> tuple[int, bytes]:
        for kind, payload in self._frames:
            assert len(payload) <= limit
            return kind, payload
        raise PeerClosed("the connection is closed")


@pytest.mark.parametrize("before", [0, 1, 20])
def test_why_the_peer_has_gone_is_read_behind_its_requests(before: int) -> None:
    request = Frame.OT_BATCH, bytes(message_bytes(COINS))
    frames = [*[request] * before, (Frame.ABORT, b"it was interrupted there")]
    guard = Guard(cast(Channel, Ended(iter(frames))), Role.GARBLER)
    guard.state = State.RUNNING
    with pytest.raises(PeerAborted, match="it was interrupted there"):
        guard.send(Frame.TABLES, b"table")
    assert guard.state is State.ENDED
