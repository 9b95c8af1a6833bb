"""Two parties, each with workers, as processes that talk over TLS; one worker dies or stops, again and again.

    cluster_worker.py FOLDER KILLS SEED end|step

`step` tells its steps one by one, `end` opens its output at the end.  Beside the files of `step_worker.py` these lie in
FOLDER: `rows`, what each worker of the hospital has garbled, by the session's seed; `deltas`, a hash of what it garbled
it with; `ended`, how each party of each round ended.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support import step_runs
from support.contracts import BUDGETS, HOSPITAL, NOW, ROWS, VENDOR, contract, terms
from support.contracts import program as whole_program
from support.forked import HERE, Forked, Started
from support.ledgers import times
from support.step_worker import forked, written

from runtime.cli.meet import Ends, Patience
from runtime.cli.one_party import run_party
from runtime.cli.options import Address
from runtime.cluster import worker
from runtime.cluster.orders import Run
from runtime.contract.cost import Charges, charges
from runtime.contract.sign import digest
from runtime.contract.terms import Contract
from runtime.crypto.secret import LabelSecret, PublicSeeds
from runtime.execute import sharing
from runtime.execute.follow import Sums
from runtime.ledger.events import Allotted, Granted, budget
from runtime.ledger.store import Ledger
from runtime.net.tls import Listener
from runtime.party.agreed import Agreed
from runtime.party.ledger_permit import LedgerPermit
from runtime.party.step_log import StepLog
from runtime.program import Program
from runtime.session.watch import Moment

RUNS, WORKERS = 400, 3
STALL, WAIT, ROLL_CALL = 6.0, 6.0, 1.5  # seconds
LIMIT = STALL + ROLL_CALL + WAIT + 8.0  # of a round: a stall is noticed, the peer does not come, and a session besides


class Play:
    """A program, its contract, and where both parties keep what they keep."""

    def __init__(self, folder: Path, steps: bool) -> None:
        self.folder, self.steps = folder, steps
        self.room = step_runs.Room(folder, RUNS) if steps else None
        self.program: Program = step_runs.program() if steps else whole_program()
        many = replace(BUDGETS, total=times(BUDGETS.per_run, RUNS), runs=RUNS)
        self.contract: Contract = step_runs.agreed(RUNS) if steps else contract(terms(many))

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.db"

    def continues(self) -> bool:
        with Ledger(self.ledger) as opened:
            return bool(opened.books().sessions.unfinished.get(digest(self.contract.terms)))

    def party(self, name: str, port: int, continues: bool) -> None:
        """This party's side, and how it ended."""
        cluster = Forked(WORKERS)
        written(self.folder / f"workers-{name}", *cluster.pids)
        listens = name == "hospital"
        identity, peer = (HOSPITAL, VENDOR) if listens else (VENDOR, HOSPITAL)
        at: Any = Started(cluster)
        ends = Ends(name, listens, Address(HERE, port), identity, peer.certificate, at)
        given = {"records": str(step_runs.RECORDS)} if listens else self.weights()
        agreed = Agreed(self.contract, self.ledger if listens else self.folder / "vendor.db", None, continues)
        start = time.monotonic()
        ended: dict[str, Any] = {"party": name, "error": "", "said": "", "outputs": None}
        try:
            patience = Patience(WAIT, STALL, 60.0)
            report = run_party(self.program, ends, given, None, patience, _unwatched, True, agreed)
            ended["outputs"] = {key: value.tolist() for key, value in report.outputs.items()}
            ended["workers"] = len(report.workers)
            if self.room is not None and not listens:
                ended["expected"] = self.room.expected()
        except Exception as error:
            ended |= {"error": type(error).__name__, "said": str(error)}
        ended["seconds"] = time.monotonic() - start
        written(self.folder / "ended", json.dumps(ended))

    def weights(self) -> dict[str, str]:
        path = self.folder / "w0.csv"
        path.write_text("w\n0.5\n-0.25\n")
        return {"w0": str(path)}

    def round(self, kill: Any) -> list[dict[str, Any]]:
        """How both parties ended; RuntimeError if one does not within the LIMIT."""
        for name in ("ended", "workers-hospital", "workers-vendor"):
            (self.folder / name).unlink(missing_ok=True)
        listener = Listener(HERE, 0, HOSPITAL, VENDOR.certificate)
        port, continues = listener.port, self.continues()
        listener.close()  # a port that was free a moment ago
        parties = [
            forked(lambda name=name: self.party(name, port, continues))  # type: ignore[misc]  # at once
            for name in ("hospital", "vendor")
        ]
        pids = [int(pid) for name in ("hospital", "vendor") for pid in _awaited(self.folder / f"workers-{name}")]
        try:
            start = time.monotonic()
            kill(pids)
            while parties:
                parties = [each for each in parties if os.waitpid(each, os.WNOHANG) == (0, 0)]
                if time.monotonic() - start > LIMIT:
                    raise RuntimeError(f"a party did not end within {LIMIT} s: {self.folder}")
                time.sleep(0.01)
        finally:
            for each in (*parties, *pids):
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
        return [json.loads(line) for line in (self.folder / "ended").read_text().splitlines()]


def _unwatched(party: str, moment: Moment | None = None) -> None:
    """Nobody looks."""


def _awaited(path: Path) -> list[str]:
    while not path.exists() or not (found := path.read_text().split()):
        time.sleep(0.005)
    return found


def cost(steps: bool) -> Charges:
    if steps:
        return step_runs.cost()
    privacy = contract().terms.privacy
    assert privacy is not None
    return charges(whole_program().compiled, {"records": ROWS}, privacy)


def prepared(patch: pytest.MonkeyPatch, play: Play) -> None:
    """What all processes do otherwise than in earnest, and what they write down."""
    patch.setattr(sharing, "GATES", 64)
    patch.setattr(sharing, "BYTES", 64)
    patch.setattr("runtime.cli.sittings.ROLL_CALL", ROLL_CALL)
    allow, learned, again = LedgerPermit.releasing_step, StepLog.learned, StepLog.again

    def releasing_step(self: LedgerPermit, index: int) -> None:
        fresh = index != self._spent
        allow(self, index)
        if fresh:
            written(play.folder / "left", self.run, index)

    def hears(self: StepLog, index: int, sums: Sums) -> None:
        learned(self, index, sums)
        assert self._path is not None and play.room is not None
        written(play.folder / "heard", self._path.name, index)
        play.room.told[index] = [sums]

    def remembers(self: StepLog, index: int) -> Sums | None:
        assert play.room is not None
        if (sums := again(self, index)) is not None:
            play.room.told[index] = [sums]
        return sums

    patch.setattr(LedgerPermit, "releasing_step", releasing_step)
    patch.setattr(StepLog, "learned", hears)
    patch.setattr(StepLog, "again", remembers)
    garbled(patch, play.folder)


def garbled(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Workers write it down."""
    made, run = worker.GarblerSide.__init__, worker.Worker._run

    def begins(self: Any, plan: Any, secret: LabelSecret, seeds: PublicSeeds, pair: Any) -> None:
        made(self, plan, secret, seeds, pair)
        self.seed = seeds.hash.hex()
        with secret.in_use() as delta:
            written(folder / "deltas", self.seed, hashlib.sha256(delta.tobytes()).hexdigest())

    def garbles(self: worker.Worker, order: Run) -> None:
        if isinstance(self._side, worker.GarblerSide):
            rows = self._number, order.step, order.at.start, order.at.stop, *order.iteration, order.base
            written(folder / "rows", self._side.seed, "-".join(map(str, rows)))  # type: ignore[attr-defined]
        run(self, order)

    patch.setattr(worker.GarblerSide, "__init__", begins)
    patch.setattr(worker.Worker, "_run", garbles)


def grant(play: Play, found: Charges) -> None:
    """Enough for all rounds, where `Room` has not granted it."""
    if play.room is not None:
        return
    with Ledger(play.ledger, create=True):
        pass
    from runtime.party.ledger_permit import Bearer, permit
    from runtime.party.run import prepare
    from runtime.privacy.randomness import RunSecret

    files = {"records": str(step_runs.RECORDS)}
    loaded = prepare(play.program, "hospital", files, RunSecret.of(None)).loaded
    bearer = Bearer("hospital", HOSPITAL, VENDOR.certificate)
    made = permit(play.contract, play.program, bearer, files, play.ledger, loaded)
    assert isinstance(made, LedgerPermit)
    amount, request = budget(times(BUDGETS.per_run, RUNS)), made._request
    with Ledger(play.ledger) as opened:
        opened.record(
            lambda _: [
                Granted(at=NOW, data=request.data[0], label="records", budget=amount),
                Allotted(at=NOW, data=request.data[0], consumer=request.consumer, label="vendor", budget=amount),
            ]
        )


def main(folder: str, kills: str, seed: str, mode: str) -> list[list[dict[str, Any]]]:
    """How both ended in each round."""
    chance, found, rounds = random.Random(int(seed)), cost(mode == "step"), list[list[dict[str, Any]]]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("runtime.party.ledger_permit.charges", lambda *_: found)
        for clock in ("party.ledger_permit", "ledger.run", "ledger.refusals"):
            patch.setattr(f"runtime.{clock}.now", lambda: NOW)
        play = Play(Path(folder), mode == "step")
        grant(play, found)
        prepared(patch, play)
        start = time.monotonic()
        rounds.append(play.round(lambda _: None))
        takes = time.monotonic() - start

        def kill(pids: Sequence[int]) -> None:
            heard, until = Path(folder) / "heard", time.monotonic() + takes
            if mode == "step" and chance.random() < 0.5:  # once a step was told: a run has few such moments
                before = heard.stat().st_size if heard.exists() else 0
                while (not heard.exists() or heard.stat().st_size == before) and time.monotonic() < until:
                    time.sleep(0.001)
                time.sleep(chance.random() * takes / 20)
            else:
                time.sleep(chance.random() * takes)
            os.kill(chance.choice(pids), signal.SIGSTOP if chance.random() < 0.25 else signal.SIGKILL)

        rounds += [play.round(kill) for _ in range(int(kills))]
        rounds.append(play.round(lambda _: None))
    return rounds


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
