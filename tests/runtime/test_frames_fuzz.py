"""Whatever a party is sent, its run ends with an error that has a name, or as if nothing were wrong with it."""

from __future__ import annotations

import random

import pytest
from support.fuzz_frames import mutated
from support.fuzzing import fuzzed

from runtime.session.state import Role

SOME = 150  # mutated sessions of each role
PARTS, PART = 20, 5000


@pytest.mark.parametrize("role", Role)
def test_mutated_frames(role: Role) -> None:
    """The same ones every time, on any machine."""
    told = fuzzed("fuzz_frames", role.value, 0, SOME, 1800)
    assert told["tried"] == SOME
    assert told["counts"]["ProtocolError"] > told["tried"] // 2 and told["counts"]["CheatingDetected"]


def test_every_mutant_can_be_sent() -> None:
    """Also one whose announced length was changed twice."""
    frames = [(1, b"ab")]
    assert len({mutated(frames, random.Random(number)) for number in range(12_000)}) > 2000


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("role", Role)
def test_more_mutated_frames(role: Role, part: int) -> None:
    assert fuzzed("fuzz_frames", role.value, part * PART, (part + 1) * PART, 1800)["tried"] == PART
