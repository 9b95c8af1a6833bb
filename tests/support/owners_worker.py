"""Three banks and a vendor, as four processes that talk over TLS, of which one is killed at a random moment, often.

    owners_worker.py FOLDER KILLS SEED

Each bank has a contract with the vendor and a ledger.  Each session goes on with the run that was cut at that bank, or
begins its next one.  Before the bytes that open a step leave a bank, it writes its run and index into `left-BANK`; the
vendor writes what it heard into `heard-BANK`.  Prints how many of the sessions did not end well.
"""

from __future__ import annotations

import functools
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.contracts import NOW, SALT, VENDOR, folder, write_records
from support.step_worker import HERE, PATIENCE, forked, written

from runtime import api
from runtime.contract.amounts import Spend
from runtime.contract.commitment import commitment
from runtime.contract.cost import Charges, charges
from runtime.contract.draft import Budgets, Holding, terms_for
from runtime.contract.sign import digest, sign
from runtime.contract.terms import Contract
from runtime.data.content import Content, content
from runtime.data.load import load_dataset
from runtime.data.specs import DatasetSpec
from runtime.execute.beside import Met, side_by_side
from runtime.execute.follow import Follow, Made
from runtime.execute.pool import Pool
from runtime.ledger.events import Allotted, Granted, budget, now
from runtime.ledger.store import Ledger
from runtime.net import keys
from runtime.net.tls import Listener, connect
from runtime.party.ledger_permit import Bearer, LedgerPermit, permit
from runtime.party.run import Report, prepare, run
from runtime.party.several import prepared
from runtime.party.sources import specs
from runtime.party.step_log import StepLog, beside
from runtime.privacy.randomness import RunSecret
from runtime.program import Program

BANKS = ("bank_a", "bank_b", "bank_c")
IDENTITIES = {bank: keys.new(bank) for bank in BANKS}
STEPS, ROWS, RUNS = 4, 20, 400  # runs: of each contract, as many as there may be sessions
SOURCE = f"""
party vendor; party bank_a; party bank_b; party bank_c;
input w0: fix<12, 6>[2] from vendor;
dataset records from bank_a, bank_b, bank_c {{ x: fix<9, 8>[2] where norm2(x) <= 1.0; y: bit; }}
var w = w0;
dpsgd w on records(batch = 4, steps = {STEPS}, clip = 1.0, noise = 4.0, rate = 1.0, momentum = 0.5, release = step)
    as row {{ loss logistic(dot(w, row.x), row.y); }}
output w to vendor;
"""
ONE = Spend(Fraction(4), Fraction(1, 10**5))


@functools.cache
def program(bank: str) -> Program:
    path = folder() / "owners.ccr"
    path.write_text(SOURCE)
    return api.compile(path, party=bank)


@functools.cache
def records(bank: str) -> Path:
    return write_records(folder() / f"{bank}.csv", ROWS, BANKS.index(bank))


@functools.cache
def held(bank: str) -> Content:
    [spec] = (s for s in specs(program(bank).compiled, frozenset({bank})) if isinstance(s, DatasetSpec))
    return content(spec, load_dataset(spec, str(records(bank))))


@functools.cache
def agreed(bank: str) -> Contract:
    own = IDENTITIES[bank]
    terms = terms_for(
        program(bank),
        {"vendor": VENDOR.certificate, bank: own.certificate},
        {"records": Holding(held(bank).records, SALT, commitment(held(bank), own, SALT))},
        Budgets(ONE, Spend(ONE.epsilon * RUNS, ONE.delta * RUNS), runs=RUNS),
        NOW,
        NOW.replace(month=2),
    )
    return sign(sign(Contract(terms=terms, signatures=()), own), VENDOR)


@functools.cache
def cost() -> Charges:
    """Of every bank's run: their numbers are the same."""
    privacy = agreed(BANKS[0]).terms.privacy
    assert privacy is not None
    return charges(program(BANKS[0]).compiled, {"records": ROWS}, privacy)


def ledger(path: Path, bank: str) -> Path:
    return path / f"{bank}.db"


def permitted(path: Path, bank: str, continues: bool) -> LedgerPermit:
    files = {"records": str(records(bank))}
    loaded = prepare(program(bank), bank, files, RunSecret.of(None)).loaded
    bearer = Bearer(bank, IDENTITIES[bank], VENDOR.certificate)
    found = permit(agreed(bank), program(bank), bearer, files, ledger(path, bank), loaded, continues=continues)
    assert isinstance(found, LedgerPermit)
    return found


def granted(path: Path) -> None:
    for bank in BANKS:
        Ledger(ledger(path, bank), create=True).close()
        made = permitted(path, bank, False)._request
        assert made.cost is not None
        amount = budget(Spend(made.cost.epsilon * RUNS, made.cost.delta * RUNS))
        with Ledger(ledger(path, bank)) as opened:
            opened.record(
                lambda _, made=made, amount=amount: [
                    Granted(at=now(), data=made.data[0], label="records", budget=amount),
                    Allotted(at=now(), data=made.data[0], consumer=made.consumer, label="vendor", budget=amount),
                ]
            )
    (path / "w0.csv").write_text("w\n0.5\n-0.25\n")


def bank_s(path: Path, bank: str, listener: Listener, continues: bool) -> None:
    given = permitted(path, bank, continues)
    allow = given.releasing_step

    def releasing_step(index: int) -> None:
        allow(index)
        written(path / f"left-{bank}", given.run, index)

    given.releasing_step = releasing_step  # type: ignore[method-assign]  # of this one object
    sources = prepare(program(bank), bank, {"records": str(records(bank))}, RunSecret.of(None))
    run(program(bank), bank, sources, listener.accept(PATIENCE, PATIENCE), None, given)


def vendor_s(path: Path, ports: dict[str, int], continues: dict[str, bool], least: int) -> None:
    pool = Pool(BANKS, least, stall=PATIENCE)
    sources = prepared({bank: program(bank) for bank in BANKS}, {"w0": str(path / "w0.csv")}, None, pool)

    def session(bank: str, met: Met) -> Report:
        log = StepLog(beside(path / "vendor.db"), digest(agreed(bank).terms), program(bank), continues[bank])

        def heard(made: Made) -> Any:
            assert log._path is not None
            if made.index >= follow.first:
                written(path / f"heard-{bank}", log._path.name, made.index)
            return made.after

        follow = Follow(log, heard, partial(pool.gather, bank))
        bearer = Bearer("vendor", VENDOR, IDENTITIES[bank].certificate)
        asked = permit(agreed(bank), program(bank), bearer, {}, path / "vendor.db", {}, continues=continues[bank])
        channel = met(lambda: connect(HERE, ports[bank], VENDOR, IDENTITIES[bank].certificate, PATIENCE, PATIENCE))
        return run(program(bank), "vendor", sources[bank], channel, None, asked, follow=follow)

    side_by_side(pool, {bank: partial(session, bank) for bank in BANKS}, least)


def session(path: Path, kill: Callable[[list[int]], None], least: int) -> bool:
    """Whether all ended well."""
    continues: dict[str, bool] = {}
    for bank in BANKS:
        with Ledger(ledger(path, bank)) as opened:
            continues[bank] = bool(opened.books().sessions.unfinished.get(digest(agreed(bank).terms)))
    with ExitStack() as stack:
        listeners = {
            bank: stack.enter_context(closing(Listener(HERE, 0, IDENTITIES[bank], VENDOR.certificate)))
            for bank in BANKS
        }
        ports = {bank: listener.port for bank, listener in listeners.items()}
        children = [
            forked(partial(bank_s, path, bank, listener, continues[bank])) for bank, listener in listeners.items()
        ]
        children.append(forked(partial(vendor_s, path, ports, continues, least)))
    kill(children)
    return [os.waitpid(child, 0)[1] for child in children] == [0] * 4


def main(place: str, kills: str, seed: str) -> int:
    found, path = cost(), Path(place)
    chance, killed = random.Random(int(seed)), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("runtime.party.ledger_permit.charges", lambda *_: found)
        for clock in ("party.ledger_permit", "ledger.run"):
            patch.setattr(f"runtime.{clock}.now", lambda: NOW)
        granted(path)
        start = time.monotonic()
        assert session(path, lambda _: None, 3)
        takes = time.monotonic() - start

        def kill(children: list[int]) -> None:
            time.sleep(chance.random() * takes)
            os.kill(chance.choice(children), signal.SIGKILL)

        for _ in range(int(kills)):
            killed += not session(path, kill, chance.choice((2, 3)))
        while not session(path, lambda _: None, 3):
            pass
    return killed


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
