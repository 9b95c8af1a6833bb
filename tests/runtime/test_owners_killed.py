"""Four processes killed at random moments: no ledger is below what left its bank, and no index leaves twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support import owners_worker
from support.command import ROOT
from support.ledgers import times
from support.owners_worker import BANKS, STEPS, cost, ledger

from runtime.ledger.events import Moved, State, Stepped
from runtime.ledger.store import Ledger


@pytest.mark.parametrize("kills", [4, pytest.param(200, marks=pytest.mark.slow)])
def test_killed_at_random_moments(tmp_path: Path, kills: int) -> None:
    worker = subprocess.run(
        [sys.executable, owners_worker.__file__, str(tmp_path), str(kills), "1"],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        text=True,
        timeout=120 + 20 * kills,
        check=True,
    )
    assert int(worker.stdout) >= kills / 2  # were cut
    for bank in BANKS:
        check(tmp_path, bank)


def check(path: Path, bank: str) -> None:
    left, heard = (pairs(path / f"{name}-{bank}") for name in ("left", "heard"))
    assert max(left.values()) == 1 and max(heard.values()) == 1  # no index twice
    assert heard.keys() <= left.keys()
    with Ledger(ledger(path, bank)) as opened:
        history, books = opened.history(), opened.books()
    stepped = Counter((event.run, event.index) for event in history if isinstance(event, Stepped))
    assert max(stepped.values()) == 1 and left.keys() <= stepped.keys()
    runs = {run for run, _ in stepped}
    assert all(sorted(i for of, i in stepped if of == run) == list(range(books.sessions.spent[run])) for run in runs)
    assert all(books.sessions.spent[run] <= STEPS for run in runs)
    charged = [run for run, state in books.states.items() if state is not State.ABORTED]
    [data] = {data for run in books.runs.values() for data in run.data}
    assert books.charged(data) == times(cost()[1], len(charged)) and runs <= set(charged)
    charges = {e.run: at for at, e in enumerate(history) if isinstance(e, Moved) and e.state == "releasing"}
    firsts = {event.run: at for at, event in reversed(list(enumerate(history))) if isinstance(event, Stepped)}
    assert all(charges[run] < at for run, at in firsts.items())


def pairs(path: Path) -> Counter[tuple[str, int]]:
    """Runs and indices."""
    return Counter((run, int(index)) for run, index in (line.split() for line in path.read_text().splitlines()))
