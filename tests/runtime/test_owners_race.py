"""Several vendors at once, the same banks, and one run of T steps at each: none lets a step T + 1 out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import owners_race
from support.command import ROOT
from support.kills import pairs, spent_once
from support.owners_worker import BANKS, STEPS, cost, ledger

from runtime.ledger.store import Ledger


@pytest.mark.parametrize(
    ("vendors", "locked"),
    [(2, "unlocked"), *(pytest.param(5, locked, marks=pytest.mark.slow) for locked in ("locked", "unlocked"))],
)
def test_never_a_step_too_many(tmp_path: Path, vendors: int, locked: str) -> None:
    subprocess.run(
        [sys.executable, str(owners_race.__file__), str(tmp_path), str(vendors), locked],
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        timeout=120 + 60 * vendors,
        stdout=subprocess.PIPE,
        check=True,
    )
    for bank in BANKS:
        left = tmp_path / f"left-{bank}"
        spent_once(ledger(tmp_path, bank), left, tmp_path / f"heard-{bank}", STEPS, cost()[1])
        assert len(pairs(left)) <= STEPS
        with Ledger(ledger(tmp_path, bank)) as opened:
            assert list(opened.books().sessions.spent.values()) == [STEPS]
