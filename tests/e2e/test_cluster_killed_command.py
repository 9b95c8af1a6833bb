"""A worker that Dask has started is killed at a random moment: both parties end with its name, or go on, and are right.

The records are in many files, which workers read; a contract allows as many runs as there are rounds, of which one that
was cut is gone on with by the next.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.parquet as parquet
import pytest
from support.command import HERE, LONG, ROOT, call, finish
from support.contracts import ROWS, write_records
from support.kills import garbled_once
from support.ledgers import times

from runtime.contract.amounts import Spend
from runtime.ledger.events import State, Stepped
from runtime.ledger.store import Ledger

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
psutil = pytest.importorskip("psutil")  # of Dask

KILLS, WORKERS, STEPS, SEED = 3, 2, 40, 1
SOURCE = f"""party vendor; party hospital;
type Weight = fix<12, 6>;
input w0: Weight[2] from vendor;
dataset records from hospital {{ x: fix<9, 8>[2] where norm2(x) <= 1.0; y: bit; }}
var w = w0;
dpsgd w on records(batch = 4, steps = {STEPS}, clip = 1.0, noise = 4.0, rate = 2.0, release = step) as row {{
    loss logistic(dot(w, row.x), row.y);
}}
output w to vendor;
"""
NAMED = ("worker", "did not come", "cannot reach", "nobody connected", "nothing came", "no connection")


def done(*arguments: object) -> None:
    found = call(*map(str, arguments))
    assert found.exit_code == 0, found.output


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """Keys, records in three files, a budget, and a contract that both have signed."""
    room = tmp_path
    (room / "told.ccr").write_text(SOURCE)
    (room / "w0.csv").write_text("w\n0.5\n-0.25\n")
    table = pyarrow.csv.read_csv(write_records(room / "records.csv"))
    for number, (start, stop) in enumerate(pairwise([0, 7, 8, ROWS])):
        parquet.write_table(table.slice(start, stop - start), room / f"part-{number}.parquet")
    records = room / "part-*.parquet"
    for name in ("hospital", "vendor"):
        done("keys", "new", name, "--folder", room)
    signers = {n: ("--key", room / f"{n}.key", "--cert", room / f"{n}.crt") for n in ("hospital", "vendor")}
    budget = ("--epsilon", 10_000, "--delta", "4e-2", "--ledger", room / "hospital.db")
    done("budget", "grant", records, *budget)
    done("budget", "allot", records, "--to", room / "vendor.crt", *budget)
    terms = ("--epsilon", 100, "--delta", "1e-3", "--runs", 2 * KILLS, "-o", room / "contract.json")
    whose = ("--as", "hospital", *signers["hospital"], "--peer", room / "vendor.crt", "--input", f"records={records}")
    done("contract", "new", room / "told.ccr", *whose, *terms)
    for name in signers:
        done("contract", "sign", room / "contract.json", *signers[name])
    return room


class Party:
    """`ccr run` of one, all of whose processes write down what they garble."""

    def __init__(self, room: Path, name: str, goes_on: bool, *more: str) -> None:
        given = [
            f"--{what}={room / f'{name}.{end}'}" for what, end in (("key", "key"), ("cert", "crt"), ("ledger", "db"))
        ]
        limits = ["--wait=30", "--timeout=20", "--json", *(["--continue"] if goes_on else [])]
        cluster = ["--cluster=local", f"--workers={WORKERS}"]
        path = ":".join(map(str, (ROOT / "tests" / "support" / "noted", ROOT, ROOT / "tests")))
        main = "import sys; sys.argv[0] = 'ccr'\nfrom runtime.cli.main import main; main()"
        under = [f"--as={name}", f"--contract={room / 'contract.json'}"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", main, "run", str(room / "told.ccr"), *under, *given, *cluster, *limits, *more],
            env=os.environ | {"PYTHONPATH": path, "CCR_NOTED": str(room)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def workers(self) -> list[Any]:
        with suppress(psutil.Error):
            below = psutil.Process(self.process.pid).children(recursive=True)
            return [each for each in below if "spawn_main" in " ".join(each.cmdline())]
        return []


def played(room: Path, goes_on: bool, kill: Callable[[list[Party]], None]) -> list[tuple[int, str, str]]:
    """How both ended, neither of which hangs."""
    with socket.socket() as free:
        free.bind((HERE, 0))
        at = f"{HERE}:{free.getsockname()[1]}"
    records, weights = f"--input=records={room / 'part-*.parquet'}", f"--input=w0={room / 'w0.csv'}"
    parties = [
        Party(room, "hospital", goes_on, f"--listen={at}", records),
        Party(room, "vendor", goes_on, f"--connect={at}", weights),
    ]
    try:
        kill(parties)
        return [finish(party.process) for party in parties]
    finally:
        for party in parties:
            party.process.kill()
            party.process.wait()


def working(parties: list[Party]) -> list[Any]:
    """All workers of both, once they are there."""
    until = time.monotonic() + LONG
    while time.monotonic() < until:
        found = [each for party in parties for each in party.workers()]
        if len(found) >= 2 * WORKERS:
            return found
        time.sleep(0.05)
    raise TimeoutError("the clusters do not start")


def unfinished(room: Path) -> bool:
    """Whether a run can be gone on with; one that has told all its steps cannot."""
    with Ledger(room / "hospital.db") as opened:
        sessions = opened.books().sessions
    runs = [run for each in sessions.unfinished.values() for run in each]
    return bool(runs) and all(sessions.spent.get(run, 0) < STEPS for run in runs)


@pytest.mark.slow
def test_a_worker_of_dask_is_killed(room: Path) -> None:
    chance, whole = random.Random(SEED), list[float]()

    def watched(parties: list[Party]) -> None:
        """How long a run takes from the moment when all workers are there."""
        working(parties)
        start = time.monotonic()
        parties[1].process.wait(LONG)
        whole.append(time.monotonic() - start)

    def kill(parties: list[Party]) -> None:
        found = working(parties)
        time.sleep(chance.random() * whole[0])
        with suppress(psutil.NoSuchProcess):
            chance.choice(found).kill()

    ended = [played(room, False, watched)]
    assert [status for status, _, _ in ended[0]] == [0, 0], ended[0]
    one = spent(room)
    ended += [played(room, unfinished(room), kill) for _ in range(KILLS)]
    ended.append(played(room, unfinished(room), lambda _: None))
    assert [status for status, _, _ in ended[-1]] == [0, 0], ended[-1]
    for both in ended:
        for status, out, said in both:
            assert status in (0, 1, 2), (status, said)
            assert "Traceback" not in said, said
            assert status == 0 or any(words in said for words in NAMED), said
            assert status != 0 or json.loads(out)["contract"]
    garbled_once(room)
    charged_once(room, one, len([both for both in ended if both[0][0] == both[1][0] == 0]))


def spent(room: Path) -> Spend:
    with Ledger(room / "hospital.db") as opened:
        books = opened.books()
    [data] = {data for run in books.runs.values() for data in run.data}
    return books.charged(data)


def charged_once(room: Path, one: Spend, whole: int) -> None:
    """Every run that told a step, at the price of one; no step was told twice."""
    with Ledger(room / "hospital.db") as opened:
        history, books = opened.history(), opened.books()
    stepped = Counter((event.run, event.index) for event in history if isinstance(event, Stepped))
    assert max(stepped.values()) == 1
    charged = [run for run, state in books.states.items() if state is not State.ABORTED]
    assert {run for run, _ in stepped} <= set(charged)
    assert list(books.states.values()).count(State.RELEASED) >= whole - 1
    assert spent(room) == times(one, len(charged))
