"""Two processes that are killed at random moments: the ledger is never below what left, and no index leaves twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support import step_worker
from support.command import ROOT
from support.contracts import NOW
from support.ledgers import times
from support.step_runs import STEPS, cost

from runtime.ledger.events import Moved, State, Stepped
from runtime.ledger.store import Ledger


@pytest.mark.parametrize("kills", [6, pytest.param(200, marks=pytest.mark.slow)])
def test_killed_at_random_moments(tmp_path: Path, kills: int) -> None:
    worker = subprocess.run(
        [sys.executable, step_worker.__file__, str(tmp_path), str(kills), "1"],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        text=True,
        timeout=60 + 10 * kills,
        check=True,
    )
    assert int(worker.stdout) >= kills / 2  # were cut
    left, heard = (pairs(tmp_path / name) for name in ("left", "heard"))
    assert max(left.values()) == 1 and max(heard.values()) == 1  # no index twice
    assert heard.keys() <= left.keys()
    with Ledger(tmp_path / "ledger.db") as ledger:
        history, books = ledger.history(), ledger.books()
    stepped = Counter((event.run, event.index) for event in history if isinstance(event, Stepped))
    assert max(stepped.values()) == 1 and left.keys() <= stepped.keys()
    runs = {run for run, _ in stepped}
    assert all(sorted(i for of, i in stepped if of == run) == list(range(books.sessions.spent[run])) for run in runs)
    assert all(books.sessions.spent[run] <= STEPS for run in runs)
    assert {run for run in runs if books.states[run] is State.ABORTED} == set()
    charged = [run for run, state in books.states.items() if state is not State.ABORTED]
    [data] = {data for run in books.runs.values() for data in run.data}
    assert books.charged(data) == times(cost()[1], len(charged)) and runs <= set(charged)
    charges = {e.run: at for at, e in enumerate(history) if isinstance(e, Moved) and e.state == "releasing"}
    firsts = {event.run: at for at, event in reversed(list(enumerate(history))) if isinstance(event, Stepped)}
    assert all(charges[run] < at for run, at in firsts.items())
    assert max(event.at for event in history) == NOW


def pairs(path: Path) -> Counter[tuple[str, int]]:
    """Runs and indices."""
    return Counter((run, int(index)) for run, index in (line.split() for line in path.read_text().splitlines()))
