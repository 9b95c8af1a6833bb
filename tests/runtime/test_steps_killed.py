"""Two processes that are killed at random moments: the ledger is never below what left, and no index leaves twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import step_worker
from support.contracts import NOW
from support.kills import killed, spent_once
from support.step_runs import STEPS, cost


@pytest.mark.parametrize("kills", [6, pytest.param(200, marks=pytest.mark.slow)])
def test_killed_at_random_moments(tmp_path: Path, kills: int) -> None:
    killed(step_worker, tmp_path, kills, 60 + 10 * kills)
    left, heard = tmp_path / "left", tmp_path / "heard"
    history = spent_once(tmp_path / "ledger.db", left, heard, STEPS, cost()[1])
    assert max(event.at for event in history) == NOW
