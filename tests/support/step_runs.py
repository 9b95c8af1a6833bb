"""A hospital and a vendor whose program tells each step, under a contract, with a ledger and a log: whole or cut."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from support.contracts import HOSPITAL, NOW, ROWS, SALT, VENDOR, folder
from support.memory_channel import pair
from support.watched import Cheating, Watched

from compiler.schedule.told import trainings
from runtime import api
from runtime.contract.amounts import Spend
from runtime.contract.commitment import commitment
from runtime.contract.cost import Charges, charges
from runtime.contract.draft import Budgets, Holding, terms_for
from runtime.contract.refused import Refused
from runtime.contract.sign import digest, sign
from runtime.contract.stops import evenly
from runtime.contract.terms import Contract
from runtime.data.content import content
from runtime.data.load import load_dataset
from runtime.data.specs import DatasetSpec
from runtime.execute.follow import Drive, Follow, Made, Sums, undriven
from runtime.ledger.events import Allotted, Granted, State, budget, now
from runtime.ledger.store import Ledger
from runtime.net.errors import NetworkError
from runtime.net.frames import Frame
from runtime.ot.errors import CheatingDetected
from runtime.party.ledger_permit import Bearer, permit
from runtime.party.run import prepare, run
from runtime.party.sources import specs
from runtime.party.step_log import StepLog, beside
from runtime.privacy.randomness import RunSecret
from runtime.program import Program
from runtime.session.hello import Disagreement
from runtime.session.permit import Permit

STEPS = 4
SOURCE = f"""
party vendor; party hospital;
type Weight = fix<12, 6>;
type Feature = fix<9, 8>;
input w0: Weight[2] from vendor;
dataset records from hospital {{ x: Feature[2] where norm2(x) <= 1.0; y: bit; }}
var w = w0;
dpsgd w on records(batch = 4, steps = {STEPS}, clip = 1.0, noise = 4.0, rate = 1.0, momentum = 0.5, release = step)
    as row {{ loss logistic(dot(w, row.x), row.y); }}
output w to vendor;
"""
RECORDS = folder() / "records.csv"


@functools.cache
def program() -> Program:
    path = folder() / "told.ccr"
    path.write_text(SOURCE)
    return api.compile(path)


@functools.cache
def agreed(runs: int = 1, stops: tuple[int, ...] = ()) -> Contract:
    [spec] = (s for s in specs(program().compiled, frozenset({"hospital"})) if isinstance(s, DatasetSpec))
    held = content(spec, load_dataset(spec, str(RECORDS)))
    one = Spend(Fraction(4), Fraction(1, 10**5))
    terms = terms_for(
        program(),
        {"vendor": VENDOR.certificate, "hospital": HOSPITAL.certificate},
        {"records": Holding(held.records, SALT, commitment(held, HOSPITAL, SALT))},
        Budgets(
            one,
            Spend(one.epsilon * runs, one.delta * runs),
            runs=runs,
            stops=evenly(stops, one.delta) if stops else (),
        ),
        NOW,
        NOW.replace(month=2),
    )
    return sign(sign(Contract(terms=terms, signatures=()), HOSPITAL), VENDOR)


@functools.cache
def cost() -> Charges:
    privacy = agreed().terms.privacy
    assert privacy is not None
    return charges(program().compiled, {"records": ROWS}, privacy)


class Cut(Watched):
    """A channel that breaks at the so many-th of a frame, before it is seen (or sent)."""

    def __init__(self, channel: Any, frame: Frame, at: int, seen: bool = False) -> None:
        super().__init__(channel, [])
        self._frame, self._left, self._seen = frame, at, seen

    def receive(self, limit: int) -> tuple[int, bytes]:
        kind, payload = self._channel.receive(limit)
        self._count(kind)
        return kind, payload

    def send(self, kind: int, payload: Any) -> None:
        self._count(kind)
        self._channel.send(kind, payload)

    def _count(self, kind: int) -> None:
        self._left -= kind == self._frame
        if self._left == 0:
            self._channel.abort()
            raise NetworkError("broken by the test")


class Sized(Watched):
    """Writes down how long is what it sends."""

    def send(self, kind: int, payload: Any) -> None:
        super().send(kind, payload)
        self._log.append(f"{len(payload)} bytes")


@dataclass
class Room:
    """Where both parties keep what they keep."""

    path: Path
    runs: int = 1
    weights: tuple[float, float] = (0.5, -0.25)
    stops: tuple[int, ...] = ()
    told: dict[int, list[Sums]] = field(default_factory=dict[int, list[Sums]])
    """What left the hospital under each index, as the vendor heard it: a list longer than one is a disaster."""

    def __post_init__(self) -> None:
        self.path.mkdir(exist_ok=True)
        made = self.hospital(self.path)._request
        amount = budget(Spend(made.cost.epsilon * self.runs, made.cost.delta * self.runs))
        with Ledger(self.ledger, create=True) as opened:
            opened.record(
                lambda _: [
                    Granted(at=now(), data=made.data[0], label="records", budget=amount),
                    Allotted(at=now(), data=made.data[0], consumer=made.consumer, label="vendor", budget=amount),
                ]
            )

    @property
    def contract(self) -> Contract:
        return agreed(self.runs, self.stops)

    @property
    def ledger(self) -> Path:
        return self.path / "ledger.db"

    @property
    def log(self) -> Path:
        """The vendor's, of the contract."""
        return beside(self.path / "vendor.db") / digest(self.contract.terms)

    def hospital(self, path: Path, continues: bool = False) -> Any:
        Ledger(path / "ledger.db", create=True).close()
        files = {"records": str(RECORDS)}
        loaded = prepare(program(), "hospital", files, RunSecret.of(None)).loaded
        bearer = Bearer("hospital", HOSPITAL, VENDOR.certificate)
        return permit(self.contract, program(), bearer, files, path / "ledger.db", loaded, continues=continues)

    def vendor(self, continues: bool = False) -> Permit:
        bearer = Bearer("vendor", VENDOR, HOSPITAL.certificate)
        return permit(self.contract, program(), bearer, {}, self.path / "vendor.db", {}, continues=continues)

    def meet(
        self,
        continues: bool = False,
        cut: tuple[Frame, int] | None = None,
        drive: Drive = undriven,
        cheats: bool = False,
        seen: list[str] | None = None,
    ) -> tuple[Any, Any]:
        """What the hospital ended with, and the vendor; `seen` is what left the hospital, and what it spent."""
        theirs = self.hospital(self.path, continues)
        log = StepLog(beside(self.path / "vendor.db"), theirs.contract, program(), continues)
        here: Any
        here, there = pair(timeout=20.0)
        channel = Cheating(there, []) if cheats else there if cut is None else Cut(there, *cut)
        ends: dict[str, Any] = {}
        if seen is not None:
            here, allow = Sized(here, seen), theirs.releasing_step
            theirs.releasing_step = lambda index: (allow(index), seen.append(f"spent {index}"))

        def heard(made: Made) -> Any:
            if made.index >= follow.first:
                self.told.setdefault(made.index, []).append(made.sums)
            return drive(made)

        follow = Follow(log, heard)
        vendor = Thread(target=self._side, args=("vendor", self.given(), channel, self.vendor(continues), follow, ends))
        vendor.start()
        self._side("hospital", {"records": str(RECORDS)}, here, theirs, Follow(), ends)
        vendor.join()
        return ends["hospital"], ends["vendor"]

    def _side(
        self, party: str, given: dict[str, str], channel: Any, asked: Permit, follow: Follow, ends: dict[str, Any]
    ) -> None:
        try:
            sources = prepare(program(), party, given, RunSecret.of(None))
            ends[party] = run(program(), party, sources, channel, None, asked, follow=follow)
        except (Refused, NetworkError, CheatingDetected, Disagreement) as error:
            ends[party] = error

    def given(self) -> dict[str, str]:
        path = self.path / "w0.csv"
        path.write_text("w\n" + "".join(f"{weight}\n" for weight in self.weights))
        return {"w0": str(path)}

    def expected(self) -> list[int]:
        """w at the end, in points of its grid, by the page's formula from what the vendor heard; what it did not hear
        counts as 0."""
        point, momentum = Fraction(1, 64), [Fraction(0), Fraction(0)]
        weights = [Fraction(weight) for weight in self.weights]
        for index in range(STEPS):
            heard = self.told[index][0][0] if index in self.told else np.zeros(2, np.int64)
            momentum = [m / 2 + int(n) * sum_grid() for m, n in zip(momentum, heard, strict=True)]
            points = [floor((w - m / 4) / point + Fraction(1, 2)) for w, m in zip(weights, momentum, strict=True)]
            weights = [max(-2048, min(2047, p)) * point for p in points]
        return [int(weight / point) for weight in weights]


def sum_grid() -> Fraction:
    [training] = trainings(program().compiled.plan)
    return training.sums[0][1].scale


def the_run(room: Room) -> tuple[State, int]:
    """Where the only run of a ledger is, and how many steps of it are spent; it is charged if any is."""
    with Ledger(room.ledger) as opened:
        books = opened.books()
        [(name, started)] = books.runs.items()
        spent = books.sessions.spent.get(name, 0)
        [data] = started.data
        assert (books.charged(data) == cost()[1]) == (spent > 0 or books.states[name] is not State.ABORTED)
        return books.states[name], spent


def its_contract_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The contract is valid, and its cost is computed once for all tests."""
    found = cost()
    monkeypatch.setattr("runtime.party.ledger_permit.charges", lambda *_: found)
    for clock in ("party.ledger_permit", "ledger.run", "cli.budgets"):
        monkeypatch.setattr(f"runtime.{clock}.now", lambda: NOW)
