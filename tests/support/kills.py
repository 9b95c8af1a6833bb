"""Runs under contracts that a worker kills at random moments, and what every ledger then says of what has left."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

from support.command import ROOT
from support.ledgers import times

from runtime.contract.amounts import Spend
from runtime.ledger.events import Event, Moved, State, Stepped
from runtime.ledger.store import Ledger


def killed(worker: ModuleType, folder: Path, kills: int, seconds: int) -> None:
    """So many sessions, at least half of which were cut; the worker writes what left whom into the folder."""
    done = subprocess.run(
        [sys.executable, str(worker.__file__), str(folder), str(kills), "1"],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        text=True,
        timeout=seconds,
        check=True,
    )
    assert int(done.stdout) >= kills / 2


def spent_once(ledger: Path, left: Path, heard: Path, steps: int, charge: Spend) -> list[Event]:
    """No index left or was heard twice, and the ledger, whose events are returned, is not below what left."""
    out, known = pairs(left), pairs(heard)
    assert max(out.values()) == 1 and max(known.values()) == 1
    assert known.keys() <= out.keys()
    with Ledger(ledger) as opened:
        history, books = opened.history(), opened.books()
    stepped = Counter((event.run, event.index) for event in history if isinstance(event, Stepped))
    assert max(stepped.values()) == 1 and out.keys() <= stepped.keys()
    runs = {run for run, _ in stepped}
    assert all(sorted(i for of, i in stepped if of == run) == list(range(books.sessions.spent[run])) for run in runs)
    assert all(books.sessions.spent[run] <= steps for run in runs)
    charged = [run for run, state in books.states.items() if state is not State.ABORTED]
    [data] = {data for run in books.runs.values() for data in run.data}
    assert books.charged(data) == times(charge, len(charged)) and runs <= set(charged)
    charges = {e.run: at for at, e in enumerate(history) if isinstance(e, Moved) and e.state == "releasing"}
    firsts = {event.run: at for at, event in reversed(list(enumerate(history))) if isinstance(event, Stepped)}
    assert all(charges[run] < at for run, at in firsts.items())
    return list(history)


def garbled_once(folder: Path) -> None:
    """No session garbles a row twice, and no two have one seed or one correlation: no label has two tables."""
    rows = Counter((folder / "rows").read_text().splitlines())
    assert rows and max(rows.values()) == 1
    drawn = {tuple(line.split()) for line in (folder / "deltas").read_text().splitlines()}
    seeds, deltas = {seed for seed, _ in drawn}, {delta for _, delta in drawn}
    assert len(seeds) == len(deltas) == len(drawn)


def pairs(path: Path) -> Counter[tuple[str, int]]:
    """Runs and indices."""
    return Counter((run, int(index)) for run, index in (line.split() for line in path.read_text().splitlines()))
