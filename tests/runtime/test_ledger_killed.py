"""The ledger among many processes, and dying ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import ledger_worker
from support.command import ROOT
from support.ledger_worker import COST, DATA, REQUEST
from support.ledgers import allot, grant, opened, times

from runtime.ledger.events import Moved, State
from runtime.ledger.run import Run
from runtime.ledger.store import Ledger


def worker(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, ledger_worker.__file__, *map(str, arguments)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
    )


def lines(process: subprocess.Popen[str]) -> list[Any]:
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return [json.loads(line) for line in out.splitlines()]


def test_500_requests_of_8_processes_for_40_runs(tmp_path: Path) -> None:
    with opened(tmp_path, grant(times(COST, 50)), allot(times(COST, 40))) as ledger:
        asked = [63, 63, 63, 63, 62, 62, 62, 62]
        granted = lines(worker("race", ledger.path, *asked))[:-1]
        assert len(granted) == len(asked)
        assert sum(asked) == 500 and sum(granted) == 40
        assert ledger.books().charged(DATA) == times(COST, 40)
        assert list(ledger.books().states.values()) == [State.RELEASED] * 40


STEPS = 43  # of one run: statements of SQLite, seals, and the release itself


def killed(tmp_path: Path, steps: range) -> list[str]:
    """Runs killed before one of these steps each; what each had sent, after its place in the ledger was checked."""
    with opened(tmp_path, grant(times(COST, 1000)), allot(times(COST, 1000))) as ledger:
        sent: list[str] = lines(worker("kill", ledger.path, steps.start, steps.stop, steps.step))[:-1]
        final = Run.reserve(ledger, REQUEST)  # gives back what the dead held
        final.end()
        states = list(ledger.books().states.values())[:-1]
        released = [s for s in sent if "D" in s]
        charged = [s for s in states if s is not State.ABORTED]
        assert all(s in (State.RELEASING, State.RELEASED, State.ABORTED) for s in states)
        assert len(released) <= len(charged)  # a released run is charged
        assert ledger.books().charged(DATA) == times(COST, len(charged))
        # Without release a run is charged only if it died between its mark and the bits.
        assert len(charged) - len(released) <= sum(s == "L" for s in sent)
        assert states.count(State.RELEASED) >= sum("R" in s for s in sent)
        _no_refund_after_releasing(ledger)
    return sent


def _no_refund_after_releasing(ledger: Ledger) -> None:
    seen: dict[str, list[str]] = {}
    for event in ledger.history():
        if isinstance(event, Moved):
            seen.setdefault(event.run, []).append(event.state)
    assert all("releasing" not in moves or "aborted" not in moves for moves in seen.values())


def test_killed_at_every_third_step(tmp_path: Path) -> None:
    sent = killed(tmp_path, range(1, STEPS + 1, 3))
    assert {"", "L", "LD"} <= set(sent) and sum(not s.endswith(".") for s in sent) >= 12


@pytest.mark.slow
def test_killed_at_every_step(tmp_path: Path) -> None:
    kills = 0
    for turn in range(4):
        sent = killed(tmp_path / f"steps{turn}", range(1, STEPS + 2))
        assert sent[STEPS] == "LDR." and sent[STEPS - 1] == "LD"  # the last step was reached
        kills += sum(not s.endswith(".") for s in sent)
        kills += sum(not s.endswith(".") for s in killed(tmp_path / f"times{turn}", range(-60, 0)))
    assert kills >= 200
