"""Four processes killed at random moments: no ledger is below what left its bank, and no index leaves twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import owners_worker
from support.kills import killed, spent_once
from support.owners_worker import BANKS, STEPS, cost, ledger


@pytest.mark.parametrize("kills", [4, pytest.param(200, marks=pytest.mark.slow)])
def test_killed_at_random_moments(tmp_path: Path, kills: int) -> None:
    killed(owners_worker, tmp_path, kills, 120 + 20 * kills)
    for bank in BANKS:
        left, heard = (tmp_path / f"{name}-{bank}" for name in ("left", "heard"))
        spent_once(ledger(tmp_path, bank), left, heard, STEPS, cost()[1])
