"""The session's table, its greeting, and what a peer is told."""

from __future__ import annotations

import json
from dataclasses import replace
from threading import Thread
from unittest.mock import patch

import pytest
from support.memory_channel import pair

from runtime.contract.refused import Refused
from runtime.data.errors import InputError
from runtime.net.errors import ProtocolError, Timeout
from runtime.net.frames import Frame
from runtime.session.guard import Guard, PeerAborted
from runtime.session.hello import (
    PROTOCOL,
    DifferentContracts,
    DifferentEvaluators,
    DifferentProducts,
    DifferentPrograms,
    DifferentRoles,
    DifferentStarts,
    DifferentVersions,
    Hello,
    agree,
    decode,
    fresh_nonce,
)
from runtime.session.phases import Phases
from runtime.session.session import _reason
from runtime.session.state import TABLE, Role, State, Way, follow


def hello(
    role: str = "garbler",
    party: str = "hospital",
    program: str = "aa",
    protocol: int = PROTOCOL,
    contract: str = "",
    products: str = "shares",
    evaluator: str = "malicious",
    continues: bool = False,
    run: str = "",
    first: int = 0,
) -> Hello:
    return Hello(
        party=party,
        role=role,
        program=program,
        products=products,
        evaluator=evaluator,
        name="x.ccr",
        records={"r": 3},
        contract=contract,
        continues=continues,
        run=run,
        first=first,
        nonce=fresh_nonce(),
        protocol=protocol,
    )


def test_each_move_of_one_side_is_the_other_sides_answer() -> None:
    turned = {Way.SEND: Way.RECEIVE, Way.RECEIVE: Way.SEND}
    late = {State.START, State.GREETED}
    for (state, way, frame), then in TABLE[Role.GARBLER].items():
        if state not in late:
            assert TABLE[Role.EVALUATOR][state, turned[way], frame] == then


def test_only_what_the_table_lists() -> None:
    for role in Role:
        for state in State:
            for way in Way:
                for frame in Frame:
                    allowed = (state, way, frame) in TABLE[role] or (frame is Frame.ABORT and state is not State.ENDED)
                    if allowed:
                        follow(role, state, way, frame)
                    else:
                        with pytest.raises(ProtocolError):
                            follow(role, state, way, frame)
    with pytest.raises(ProtocolError, match="unknown kind 99"):
        follow(Role.GARBLER, State.RUNNING, Way.RECEIVE, 99)


def test_no_decoding_bits_before_the_garblers_outputs() -> None:
    with pytest.raises(ProtocolError):
        follow(Role.GARBLER, State.RUNNING, Way.SEND, Frame.DECODING)


def greet(mine: Hello, theirs: Hello) -> list[BaseException | bytes]:
    ends = pair(5.0)
    results: list[BaseException | bytes] = [b"", b""]

    def one(side: int, said: Hello) -> None:
        try:
            results[side] = agree(Guard(ends[side], Role(said.role)), said)[1]
        except Exception as error:
            results[side] = error

    threads = [Thread(target=one, args=(i, said)) for i, said in enumerate((mine, theirs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_both_sides_name_the_session_alike_and_never_twice() -> None:
    first = greet(hello(), hello("evaluator", "vendor"))
    second = greet(hello("evaluator", "vendor"), hello())
    assert isinstance(first[0], bytes) and first[0] == first[1] and second[0] == second[1]
    assert first[0] != second[0]


@pytest.mark.parametrize("changed", ["garbler", "evaluator"])
def test_the_sessions_name_is_of_both_greetings(changed: str) -> None:
    """Else one side could bring about two sessions of one name."""
    told = {"garbler": hello(), "evaluator": hello("evaluator", "vendor")}
    first = greet(told["garbler"], told["evaluator"])
    told[changed] = replace(told[changed], nonce=fresh_nonce())
    second = greet(told["garbler"], told["evaluator"])
    assert isinstance(first[0], bytes) and isinstance(second[0], bytes) and first[0] != second[0]


def test_no_nonce_comes_twice() -> None:
    nonces = {fresh_nonce() for _ in range(8)}
    assert len(nonces) == 8 and {len(nonce) for nonce in nonces} == {64}


@pytest.mark.parametrize(
    ("theirs", "problem"),
    [
        (hello("evaluator", "vendor", program="bb"), DifferentPrograms),
        (hello("evaluator", "vendor", program="bb", products="gates"), DifferentProducts),
        (hello("evaluator", "vendor", program="bb", evaluator="honest"), DifferentEvaluators),
        (hello("evaluator", "vendor", contract="cc"), DifferentContracts),
        (hello("evaluator", "vendor", continues=True), DifferentStarts),
        (hello("evaluator", "vendor", protocol=PROTOCOL + 1), DifferentVersions),
        (hello(), DifferentRoles),
        (hello("evaluator", "hospital"), DifferentRoles),
        (hello("garbler", "vendor"), DifferentRoles),
    ],
)
def test_both_sides_see_a_disagreement(theirs: Hello, problem: type[Exception]) -> None:
    assert [type(result) for result in greet(hello(), theirs)] == [problem, problem]


@pytest.mark.parametrize(("field", "problem"), [("program", DifferentPrograms), ("contract", DifferentContracts)])
def test_every_digit_is_compared(field: str, problem: type[Exception]) -> None:
    mine, theirs = hello(), hello("evaluator", "vendor")
    mine, theirs = replace(mine, **{field: "0" * 64}), replace(theirs, **{field: "0" * 63 + "1"})
    assert [type(result) for result in greet(mine, theirs)] == [problem, problem]


def test_each_side_is_told_its_own_choice_of_products_first() -> None:
    told = greet(hello(), hello("evaluator", "vendor", program="bb", products="gates"))
    assert [str(each) for each in told] == [
        "you run with --products shares, the peer with gates: choose the same",
        "you run with --products gates, the peer with shares: choose the same",
    ]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b"3",
        b"[" * 3000,
        json.dumps({"party": 3}).encode(),
        hello().encode().replace(b'{"r":3}', b'{"r":-3}'),
        hello().encode().replace(b'{"r":3}', b'{"r":true}'),
        hello().encode().replace(b'{"r":3}', b'{"r":0}'),
        hello().encode()[:-1] + b',"more":1}',
        hello(first=-1).encode(),
        hello().encode().replace(b'"first":0', b'"first":0.0'),
        hello().encode().replace(b'"first":0', b'"first":true'),
        hello().encode().replace(b'"continues":false', b'"continues":0'),
        hello(run="../" * 21 + "a").encode(),
        hello(run="A" * 64).encode(),
    ],
)
def test_a_greeting_that_is_none(payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(payload, PROTOCOL)


def test_another_versions_greeting_is_known_by_its_version_whatever_it_holds() -> None:
    with pytest.raises(DifferentVersions, match=f"protocol 1, this side {PROTOCOL}"):
        decode(json.dumps({"party": "vendor", "protocol": 1}).encode(), PROTOCOL)


def test_the_peers_reason_is_told_without_control_characters() -> None:
    left, right = pair(5.0)
    Guard(left, Role.GARBLER).give_up("it \x1b[31mfailed")
    with pytest.raises(PeerAborted, match=r"it \?\[31mfailed"):
        Guard(right, Role.EVALUATOR).receive(16)


def test_a_channel_is_closed_though_the_peer_is_gone() -> None:
    """Its threads and sockets are this party's."""
    left, right = pair()
    right.abort()
    closed: list[bool] = []
    with patch.object(left, "close", lambda: closed.append(True)):
        Guard(left, Role.GARBLER).give_up("it failed")
    assert closed == [True]


def test_the_tables_end_before_the_outputs() -> None:
    """Rows made after the evaluator has shown labels could depend on them."""
    for state in (State.RETURNED, State.RELEASED, State.DONE):
        for role, way in ((Role.GARBLER, Way.SEND), (Role.EVALUATOR, Way.RECEIVE)):
            for frame in (Frame.TABLES, Frame.OT_BATCH):
                with pytest.raises(ProtocolError):
                    follow(role, state, way, frame)


def test_a_frame_is_no_longer_than_its_place_allows() -> None:
    left, right = pair(5.0)
    guard = Guard(right, Role.EVALUATOR)
    guard.state = State.RUNNING
    left.send(Frame.TABLES, bytes(17))
    with pytest.raises(ProtocolError, match="17 bytes where at most 16"):
        guard.receive(16)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("0.75"),
        ProtocolError("0.75"),
        InputError("0.75", help="0.75", file="0.75"),
        Refused("budget", "0.75"),
        OSError("0.75"),
    ],
)
def test_a_peer_is_not_told_the_words_of_an_error(error: Exception) -> None:
    assert "0.75" not in _reason(error)
    assert "waited too long" in _reason(Timeout("0.75"))  # no name of a class for what happens every day
    assert _reason(DifferentPrograms("0.75")) == "0.75"  # which it has said itself, or will say


def test_phases_add_up() -> None:
    phases = Phases()
    phases.enter("setup")
    phases.enter("stream")
    with phases.during("inputs"), phases.during("outputs"):
        pass
    phases.enter("")
    assert set(phases.seconds) == {"setup", "stream", "inputs", "outputs"}
    before = dict(phases.seconds)
    phases.enter("later")
    assert phases.seconds == before
