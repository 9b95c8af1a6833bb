"""The session's table, its greeting, and what a peer is told."""

from __future__ import annotations

import json
from threading import Thread

import pytest
from support.memory_channel import pair

from runtime.net.errors import ProtocolError
from runtime.net.frames import Frame
from runtime.session.guard import Guard, PeerAborted
from runtime.session.hello import (
    PROTOCOL,
    DifferentContracts,
    DifferentEvaluators,
    DifferentProducts,
    DifferentPrograms,
    DifferentRoles,
    DifferentVersions,
    Hello,
    agree,
    decode,
    fresh_nonce,
)
from runtime.session.phases import Phases
from runtime.session.state import TABLE, Role, State, Way, follow


def hello(
    role: str = "garbler",
    party: str = "hospital",
    program: str = "aa",
    protocol: int = PROTOCOL,
    contract: str = "",
    products: str = "shares",
    evaluator: str = "malicious",
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


@pytest.mark.parametrize(
    ("theirs", "problem"),
    [
        (hello("evaluator", "vendor", program="bb"), DifferentPrograms),
        (hello("evaluator", "vendor", program="bb", products="gates"), DifferentProducts),
        (hello("evaluator", "vendor", program="bb", evaluator="honest"), DifferentEvaluators),
        (hello("evaluator", "vendor", contract="cc"), DifferentContracts),
        (hello("evaluator", "vendor", protocol=PROTOCOL + 1), DifferentVersions),
        (hello(), DifferentRoles),
        (hello("evaluator", "hospital"), DifferentRoles),
    ],
)
def test_both_sides_see_a_disagreement(theirs: Hello, problem: type[Exception]) -> None:
    assert [type(result) for result in greet(hello(), theirs)] == [problem, problem]


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
        hello().encode()[:-1] + b',"more":1}',
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
