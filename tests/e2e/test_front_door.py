"""A party that listens among strangers: they do not end its wait, nor its run, nor fill its memory."""

from __future__ import annotations

import pytest
from support.strangers import Seen, beside_a_run

KINDS = {"closes", "http", "garbage", "wrong_certificate", "no_certificate", "slow", "burst"}
GROWTH = 16 << 20  # bytes


def holds(seen: Seen) -> None:
    assert seen.outputs == seen.expected
    assert set(seen.came) >= KINDS
    assert seen.growth < GROWTH, seen.memory
    told = [line for line in seen.said.splitlines() if line.startswith("turned away")]
    assert any("HTTP_REQUEST" in line for line in told) and len(told) <= 11 + len(seen.memory) // 60


def test_strangers_beside_a_run() -> None:
    holds(beside_a_run(3.0))


@pytest.mark.slow
def test_three_minutes_of_strangers() -> None:
    seen = beside_a_run(180.0)
    holds(seen)
    assert " in all; the last: " in seen.said
