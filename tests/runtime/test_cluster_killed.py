"""One worker of either side dies or stops at a random moment: the run ends with its name, or goes on, and is right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support import cluster_worker, step_runs
from support.cluster_worker import LIMIT, WORKERS, cost
from support.command import ROOT
from support.contracts import BUDGETS
from support.kills import garbled_once, spent_once
from support.ledgers import times

from runtime.ledger.events import State
from runtime.ledger.store import Ledger

WORKER_IS_NAMED = {"WorkerLost", "PeerWorkerLost", "PeerWithoutWorker", "NoCluster"}
PEER_IS_MISSING = {"PeerUnreachable", "Timeout", "ConnectionLost"}  # where a worker went before the parties met
FEW, MANY = 1, pytest.param(50, marks=pytest.mark.slow)


def rounds(folder: Path, kills: int, mode: str) -> list[dict[str, dict[str, Any]]]:
    """How the parties ended in each, and that they ended well or with a name."""
    done = subprocess.run(
        [sys.executable, str(cluster_worker.__file__), str(folder), str(kills), str(kills), mode],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        text=True,
        timeout=60 + LIMIT * kills,
        check=True,
    )
    found = [{each["party"]: each for each in ended} for ended in json.loads(done.stdout)]
    assert all(ended.keys() == {"hospital", "vendor"} for ended in found)
    for whole in (found[0], found[-1]):
        assert [each["error"] for each in whole.values()] == ["", ""] and whole["vendor"]["workers"] == WORKERS
    for ended in found:
        errors = {each["error"] for each in ended.values()} - {""}
        assert errors <= WORKER_IS_NAMED | PEER_IS_MISSING and not (errors and errors <= PEER_IS_MISSING), ended
        assert all("worker" in each["said"] for each in ended.values() if each["error"] in WORKER_IS_NAMED)
    return found


@pytest.mark.parametrize("kills", [FEW, MANY])
def test_a_run_that_tells_steps_goes_on(tmp_path: Path, kills: int) -> None:
    found = rounds(tmp_path, kills, "step")
    vendors = [ended["vendor"] for ended in found if not ended["vendor"]["error"]]
    assert all(vendor["outputs"]["w"] == vendor["expected"] for vendor in vendors)
    if kills > 10:
        assert any(vendor["workers"] < WORKERS for vendor in vendors)
        assert any(ended["vendor"]["error"] for ended in found)
    spent_once(tmp_path / "ledger.db", tmp_path / "left", tmp_path / "heard", step_runs.STEPS, cost(True)[1])
    garbled_once(tmp_path)


@pytest.mark.parametrize("kills", [FEW, MANY])
def test_a_run_that_opens_at_its_end_is_charged_if_it_opens(tmp_path: Path, kills: int) -> None:
    found = rounds(tmp_path, kills, "end")
    opened = [ended for ended in found if not ended["vendor"]["error"]]
    with Ledger(tmp_path / "ledger.db") as ledger:
        books = ledger.books()
    states = Counter(books.states.values())
    charged = states[State.RELEASED] + states[State.RELEASING]
    [data] = {data for run in books.runs.values() for data in run.data}
    assert books.charged(data) == times(cost(False)[1], charged) and BUDGETS.runs
    assert len(opened) == charged  # a worker that goes behind the release changes nothing any more
    garbled_once(tmp_path)
