"""Outputs that are complete are kept, whatever becomes of the last words."""

from __future__ import annotations

from threading import Event, Thread
from typing import Any

import pytest
from support.command import MILLIONAIRES
from support.memory_channel import pair

from runtime import api
from runtime.net.channel import Channel
from runtime.net.errors import ConnectionLost, NetworkError, Terminated, Timeout
from runtime.net.frames import Frame
from runtime.party.run import Report, prepare, run
from runtime.privacy.randomness import RunSecret
from runtime.program import Program
from runtime.report.privacy import privacy
from runtime.report.run import Ended, phases


class Torn:
    """A channel that ends when a frame of this kind is sent or comes."""

    def __init__(self, channel: Channel, at: Frame, error: BaseException) -> None:
        self._channel, self._at, self._error = channel, at, error
        self.timeout, self.deadline = channel.timeout, channel.deadline

    def send(self, kind: int, payload: Any) -> None:
        self._tear(kind)
        self._channel.send(kind, payload)

    def receive(self, limit: int) -> tuple[int, bytes]:
        kind, payload = self._channel.receive(limit)
        self._tear(kind)
        return kind, payload

    def _tear(self, kind: int) -> None:
        if kind == self._at:
            self._channel.abort()
            raise self._error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)


class Silent:
    """A channel that swallows a frame of this kind, and does not close."""

    def __init__(self, channel: Channel, kind: Frame) -> None:
        self._channel, self._kind = channel, kind
        self.timeout, self.deadline = channel.timeout, channel.deadline

    def send(self, kind: int, payload: Any) -> None:
        if kind != self._kind:
            self._channel.send(kind, payload)

    def close(self) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)


@pytest.fixture
def program() -> Program:
    return api.compile(MILLIONAIRES)


def meet(program: Program, torn: str, at: Frame, error: BaseException) -> dict[str, Any]:
    """What either party ends with, where the line of one is torn."""
    ends: dict[str, Any] = {}
    channels = dict(zip(("alice", "bob"), pair(5.0), strict=True))

    def side(party: str, given: dict[str, str]) -> None:
        channel: Any = Torn(channels[party], at, error) if party == torn else channels[party]
        try:
            ends[party] = run(program, party, prepare(program, party, given, RunSecret.of(None)), channel)
        except (NetworkError, KeyboardInterrupt) as ended:
            ends[party] = ended

    bob = Thread(target=side, args=("bob", {"b": "2"}))
    bob.start()
    side("alice", {"a": "3"})
    bob.join()
    return ends


@pytest.mark.parametrize("error", [ConnectionLost("gone"), Timeout("silent"), KeyboardInterrupt(), Terminated()])
@pytest.mark.parametrize("torn", ["alice", "bob"])
def test_the_last_word_is_missing(program: Program, torn: str, error: BaseException) -> None:
    ends = meet(program, torn, Frame.DONE, error)
    found = ends[torn]
    assert isinstance(found, Report) and found.farewell == (
        str(error) or f"it was {'terminated' if isinstance(error, Terminated) else 'interrupted'} here"
    )
    assert {name: value.tolist() for name, value in found.outputs.items()} == {"out": 1}
    told = Ended(
        program, [program], {torn: found}, phases(found, 0.0, 1.0), {}, privacy(program.compiled, {}, 1e-5), False
    )
    assert f"{torn}'s session has no last word ({found.farewell}); its outputs are complete" in told.text()
    assert told.as_json()["farewell"] == {torn: found.farewell}


def test_a_party_with_outputs_does_not_wait_long_for_the_last_word(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as it waits it could be killed, and its outputs with it."""
    monkeypatch.setattr("runtime.session.session.PARTING", 0.2)
    here, there = pair(30.0)
    garbler, evaluator = program.compiled.garbler, program.compiled.evaluator
    values = {"alice": {"a": "3"}, "bob": {"b": "2"}}
    silent: Any = Silent(there, Frame.DONE)
    done = Event()

    def evaluates() -> None:
        run(program, evaluator, prepare(program, evaluator, values[evaluator], RunSecret.of(None)), silent)
        done.set()

    thread = Thread(target=evaluates)
    thread.start()
    found = run(program, garbler, prepare(program, garbler, values[garbler], RunSecret.of(None)), here)
    assert "nothing came" in found.farewell and found.outputs
    thread.join()
    assert done.is_set()


@pytest.mark.parametrize("error", [ConnectionLost("gone"), Timeout("silent")])
def test_a_garblers_outputs_do_not_wait_for_the_evaluators(program: Program, error: BaseException) -> None:
    """They are complete before anything is sent that opens the other's."""
    garbler = program.compiled.garbler
    ends = meet(program, garbler, Frame.DECODING, error)
    assert isinstance(ends[garbler], Report) and ends[garbler].farewell and int(ends[garbler].outputs["out"]) == 1
    assert isinstance(ends[program.compiled.evaluator], NetworkError)


def test_an_output_that_did_not_open_is_none(program: Program) -> None:
    ends = meet(program, program.compiled.evaluator, Frame.DECODING, ConnectionLost("gone"))
    assert isinstance(ends[program.compiled.evaluator], ConnectionLost)
