"""Several vendors at once that run with the same three banks, whose contracts are for one run.

    owners_race.py FOLDER VENDORS LOCKED

As `owners_worker`, of which it is made: but, once a first run was cut, so many meetings of four processes at a time,
all at the ledgers of the same banks.  Where they are not LOCKED no process knows of another that is at work on the
run, so that the ledger's counter alone stands between them.  Prints how many meetings ended well.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from support import owners_worker
from support.contracts import NOW
from support.owners_worker import BANKS, STEPS, cost, granted, ledger, session
from support.step_worker import forked

from runtime.ledger.store import Ledger

ROUNDS = 2


class Unlocked:
    """A lock that everybody gets."""

    def __init__(self, path: Path) -> None:
        pass

    def release(self) -> None:
        pass


def race(path: Path, vendors: int) -> int:
    """How many of so many meetings at a time ended well."""
    children = [forked(partial(_meeting, path)) for _ in range(vendors)]
    return sum(os.waitpid(child, 0)[1] == 0 for child in children)


def _meeting(path: Path) -> None:
    if not session(path, lambda _: None, len(BANKS)):
        os._exit(1)


def cut_after_a_step(path: Path, children: list[int]) -> None:
    """Kills the vendor as soon as every bank has let a step out."""
    while not all((path / f"left-{bank}").exists() for bank in BANKS):
        time.sleep(0.01)
    os.kill(children[-1], signal.SIGKILL)


def spent(path: Path) -> list[int]:
    """Steps of each bank's only run."""
    found: list[int] = []
    for bank in BANKS:
        with Ledger(ledger(path, bank)) as opened:
            found.append(sum(opened.books().sessions.spent.values()))
    return found


def main(place: str, vendors: str, locked: str) -> int:
    owners_worker.RUNS = 1
    found, path, well = cost(), Path(place), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("runtime.party.ledger_permit.charges", lambda *_: found)
        for clock in ("party.ledger_permit", "ledger.run"):
            patch.setattr(f"runtime.{clock}.now", lambda: NOW)
        if locked == "unlocked":
            patch.setattr("runtime.ledger.run._Lock", Unlocked)
        granted(path)
        well += session(path, partial(cut_after_a_step, path), len(BANKS))
        for _ in range(ROUNDS):
            well += race(path, int(vendors))
        while spent(path) != [STEPS] * len(BANKS):
            well += session(path, lambda _: None, 2)
        well += race(path, int(vendors))
    return well


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
