"""A run that is ended at a stop by a process that is killed.  A script of test_named_stops.py.

    ending_worker.py FOLDER     for each k: in a ledger of its own a run is cut after two steps, and ended by a process
                                that is killed before its k-th statement of the database, until one is not killed;
                                prints for each whether the run is ended, what epsilon is charged, and the step that a
                                session goes on with, or why none does

It forks, so that a run costs no start of an interpreter.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from itertools import count
from pathlib import Path

from support.ledger_worker import CONTRACT, DATA
from support.ledgers import allot, grant, opened
from support.named_stops import WHOLE, told

from runtime.contract.refused import Refused
from runtime.ledger.events import State
from runtime.ledger.run import Cut, Run, cut, end
from runtime.ledger.store import Ledger


def killed_before(path: Path, number: int) -> bool:
    child = os.fork()
    if child == 0:
        left = number

        def step(_: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        with suppress(BaseException), Ledger(path / "ledger.db") as ledger:
            ledger._database.set_trace_callback(step)
            end(ledger, CONTRACT)
        os._exit(0)
    return os.waitpid(child, 0)[1] != 0


def what_is_left(path: Path, name: str) -> tuple[bool, int, int | str]:
    with Ledger(path / "ledger.db") as ledger:
        books = ledger.books()
        ended = books.states[name] is State.STOPPED
        try:
            run = Run.resume(ledger, Cut(name, 2) if ended else cut(ledger, books, CONTRACT))
            run.step(2)
        except Refused as refused:
            return ended, int(books.charged(DATA).epsilon), refused.reason
        return ended, int(books.charged(DATA).epsilon), 2


def main(folder: str) -> None:
    for number in count(1):
        path = Path(folder) / str(number)
        path.mkdir()
        with opened(path, grant(WHOLE), allot(WHOLE)) as ledger:
            name = told(ledger, 2).name
        killed = killed_before(path, number)
        print(json.dumps(what_is_left(path, name)), flush=True)
        if not killed:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
