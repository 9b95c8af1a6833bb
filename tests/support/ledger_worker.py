"""Runs that ask a ledger, in processes that are killed at a chosen moment.  A script of test_ledger_killed.py.

    ledger_worker.py race LEDGER COUNT...       a process for each COUNT, which asks so often, all at once; prints how
                                                many each was granted, a line each
    ledger_worker.py kill LEDGER FIRST END BY   one run for each k of range(FIRST, END, BY), killed before its k-th
                                                step, or -k milliseconds after its start; prints, a line each,
                                                what had left it

It forks, so that a run costs no start of an interpreter.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from runtime.contract.amounts import Spend
from runtime.contract.refused import Refused
from runtime.contract.terms import Privacy
from runtime.ledger.events import budget
from runtime.ledger.run import Request, Run
from runtime.ledger.store import Ledger

DATA, CONSUMER, CONTRACT, PROGRAM = (digit * 64 for digit in "abcd")
COST = Spend(Fraction(1, 4), Fraction(1, 10**6))
PRIVACY = Privacy(
    per_run=budget(COST), total=budget(Spend(Fraction(10**6), Fraction(1, 2))), runs=10**6, composition="basic"
)
REQUEST = Request((DATA,), CONSUMER, CONTRACT, PROGRAM, COST, COST, PRIVACY)


def race(path: Path, counts: list[int]) -> Iterator[int]:
    """Forks them all, and then lets them begin."""
    waiting, begun = os.pipe()
    children = [_forked(lambda count=count: _asked(path, count, waiting)) for count in counts]
    os.close(waiting)
    os.write(begun, bytes(len(counts)))
    for reading, child in children:
        with os.fdopen(reading, "rb") as told:
            yield int(told.read())
        assert os.waitpid(child, 0)[1] == 0
    os.close(begun)


def _forked(work: Callable[[], int]) -> tuple[int, int]:
    """Where its result can be read, and the process."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(work()).encode())
        os._exit(0)
    os.close(writing)
    return reading, child


def _asked(path: Path, count: int, waiting: int) -> int:
    """How many of so many requests were granted, once there is a byte to be read."""
    assert os.read(waiting, 1)
    granted = 0
    with Ledger(path) as ledger:
        for _ in range(count):
            try:
                run = Run.reserve(ledger, REQUEST)
            except Refused as refused:
                assert refused.reason == "consumer-budget", refused
                continue
            granted += 1
            run.labels_sent()
            run.releasing()
            run.released()
    return granted


def one_run(path: Path, out: int, step: Callable[[], None]) -> None:
    """What a garbler does; `step` is called wherever a process may die."""
    with Ledger(path) as ledger:
        ledger._database.set_trace_callback(lambda _: step())  # before every statement, so also before a COMMIT
        run = Run.reserve(ledger, REQUEST)
        run.labels_sent()
        os.write(out, b"L")
        run.releasing()
        os.write(out, b"D")  # the decoding bits leave
        step()
        run.released()
        os.write(out, b"R")


def killed_before(path: Path, number: int) -> str:
    """One run in a process that is killed before its step of this number; what it had sent."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        left = number
        replace = Path.replace

        def step() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        def sealing(self: Path, target: Path) -> Path:
            step()
            return replace(self, target)

        Path.replace = sealing
        if number < 0:
            signal.setitimer(signal.ITIMER_REAL, -number / 1000)  # nothing handles SIGALRM: as good as SIGKILL
        one_run(path, writing, step)
        os._exit(0)
    os.close(writing)
    sent = b""
    while part := os.read(reading, 16):
        sent += part
    os.close(reading)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL, signal.SIGALRM), status
    return sent.decode() + ("" if status else ".")


def main(what: str, path: str, *numbers: str) -> Any:
    if what == "race":
        for granted in race(Path(path), list(map(int, numbers))):
            print(json.dumps(granted), flush=True)
        return "done"
    for number in range(*map(int, numbers)):
        print(json.dumps(killed_before(Path(path), number)), flush=True)
    return "done"


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
