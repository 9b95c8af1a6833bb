"""A file that shares records with a known data set gets no budget of its own by the way."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file
from support.command import call
from support.contracts import ROWS, SOURCE, write_records
from support.ledger_worker import CONTRACT, PROGRAM
from support.ledgers import refused, spend

from runtime.contract.terms import Privacy
from runtime.data.marks import MARK, former, marks
from runtime.ledger.events import Granted, budget, now
from runtime.ledger.identity import identify
from runtime.ledger.run import Request, Run
from runtime.ledger.store import Ledger
from runtime.net import keys

KEY = b"k" * 32


class Owner:
    """Somebody with records, a ledger, and a budget of epsilon 2 for them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ledger = folder, folder / "ledger.db"
        self.records = write_records(folder / "records.csv")
        self.told(self.records)

    def grant(self, file: Path, *more: str) -> Any:
        amount = ["--epsilon", "2", "--delta", "1e-4"]
        return call("budget", "grant", str(file), *amount, "--ledger", str(self.ledger), "--json", *more)

    def told(self, file: Path, *more: str) -> Any:
        done = self.grant(file, *more)
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)["data_sets"][0]

    def refused(self, file: Path, *more: str, status: int = 3) -> Any:
        done = self.grant(file, *more)
        assert done.exit_code == status, done.stderr
        return json.loads(done.stdout)["error"]

    def extended(self) -> Path:
        """The same records, and one more."""
        path = self.folder / "extended.csv"
        path.write_text(self.records.read_text() + "0.25,0.25,1\n")
        return path

    def spend(self, file: Path, consumer: Path, epsilon: str) -> None:
        """A run on the file."""
        cost, total = spend(epsilon, "0.00001"), spend(100, "0.5")
        privacy = Privacy(per_run=budget(cost), total=budget(total), runs=100, composition="basic")
        key = keys.fingerprint(consumer.read_bytes())
        with Ledger(self.ledger) as ledger:
            request = Request((identify(ledger, str(file)).data,), key, CONTRACT, PROGRAM, cost, cost, privacy)
            run = Run.reserve(ledger, request)
            run.labels_sent()
            run.releasing()
            run.released()


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner(tmp_path)


def test_a_record_more_is_told_with_the_share(owner: Owner) -> None:
    error = owner.refused(owner.extended())
    assert error["code"] == "shares-records" and "--same-people-as" in error["help"] and "--distinct" in error["help"]
    assert f"{ROWS} of its {ROWS + 1} records (95.2 %) are in `records.csv` (data set 1) too" in error["message"]
    owner.told(owner.records)  # itself, again
    both = ["--distinct", "--same-people-as=1"]
    assert "exclude each other" in owner.refused(owner.extended(), *both, status=2)["message"]


@pytest.mark.parametrize("by", ["number", "file"])
def test_the_same_people_have_one_budget(owner: Owner, by: str) -> None:
    assert call("keys", "new", "vendor", "--folder", str(owner.folder)).exit_code == 0
    vendor, extended = owner.folder / "vendor.crt", owner.extended()
    allot = ["--to", str(vendor), "--epsilon", "2", "--delta", "1e-4", "--ledger", str(owner.ledger)]
    assert call("budget", "allot", str(owner.records), *allot).exit_code == 0
    owner.spend(owner.records, vendor, "1.5")
    told = owner.told(extended, "--same-people-as", "1" if by == "number" else str(owner.records))
    assert told["data"] == 1 and told["charged"]["epsilon"] == "1.5"
    assert "records.csv and extended.csv (data set 1)" in call("budget", "show", "--ledger", str(owner.ledger)).stdout
    refused(lambda: owner.spend(extended, vendor, "1"), "consumer-budget")
    owner.spend(extended, vendor, "0.5")
    refused(lambda: owner.spend(owner.records, vendor, "0.1"), "consumer-budget")
    owner.told(extended)  # known by now


def test_distinct_people_have_budgets_of_their_own(owner: Owner) -> None:
    assert owner.told(owner.extended(), "--distinct")["data"] == 2
    history = call("budget", "history", "--ledger", str(owner.ledger))
    assert "of other people than those that it shares records with" in history.stdout
    third = write_records(owner.folder / "third.csv", rows=10)
    message = owner.refused(third)["message"]
    assert "10 of its 10 records (100.0 %) are in `records.csv`" in message and "`extended.csv` (data set 2)" in message


def table(owner: Owner) -> np.ndarray:
    return np.loadtxt(owner.records, delimiter=",", skiprows=1)


def shuffled(owner: Owner, path: Path) -> None:
    lines = [",".join(reversed(line.split(","))) for line in owner.records.read_text().splitlines()]
    path.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")


SAVED: dict[str, Callable[[Owner, Path], object]] = {
    "columns.csv": shuffled,
    "single.npy": lambda owner, path: np.save(path, table(owner)),
    "narrow.npy": lambda owner, path: np.save(path, table(owner).astype(np.float32)),
    "named.npz": lambda owner, path: np.savez(path, y=table(owner)[:, 2].astype(int), x=table(owner)[:, :2]),
    "named.safetensors": lambda owner, path: save_file(
        {"a": np.ascontiguousarray(table(owner)[:, 2:]), "x": np.ascontiguousarray(table(owner)[:, :2])}, path
    ),
}


@pytest.mark.parametrize("name", SAVED)
def test_records_are_known_in_every_format_and_order_of_columns(owner: Owner, name: str) -> None:
    path = owner.folder / name
    SAVED[name](owner, path)
    assert marks(str(path), KEY) == marks(str(owner.records), KEY)
    assert owner.told(path)["data"] == 1  # one budget, without a question
    with Ledger(owner.ledger) as ledger:
        assert identify(ledger, str(path)).data == identify(ledger, str(owner.records)).data


def test_a_grant_holds_every_record_against_a_program(owner: Owner) -> None:
    source = owner.folder / "small.ccr"
    source.write_text(SOURCE)
    owner.told(owner.records, "--program", str(source))
    owner.records.write_text(owner.records.read_text() + "0.75,0.75,1\n")
    error = owner.refused(owner.records, "--program", str(source), status=2)
    assert "above the bound" in error["message"] and error["row"] == ROWS + 2


def test_two_programs_that_read_parts_of_one_file_share_its_budget(owner: Owner) -> None:
    """A program takes the columns that it names, of a file that is one data set."""
    source = owner.folder / "part.ccr"
    source.write_text(SOURCE)
    wide = owner.folder / "wide.csv"
    rows = owner.records.read_text().splitlines()[1:]
    wide.write_text(
        "\n".join(["age,y,x[1],x[0]", *(",".join(["40", *reversed(row.split(","))]) for row in rows)]) + "\n"
    )
    assert owner.told(wide, "--program", str(source))["data"] == 2
    assert owner.told(wide)["data"] == 2


def test_marks_are_keyed_and_of_one_length(owner: Owner) -> None:
    found = marks(str(owner.records), KEY)
    assert len(found) == MARK * ROWS and found != marks(str(owner.records), b"l" * 32)


@pytest.mark.parametrize("edit", ["DELETE FROM marks", "UPDATE marks SET rows = x'00'", "DROP TABLE marks"])
def test_marks_that_were_edited_are_refused(owner: Owner, edit: str) -> None:
    with sqlite3.connect(owner.ledger) as database:
        database.execute(edit)
    database.close()
    assert owner.refused(owner.extended())["code"] == "ledger-edited"


def test_no_hash_of_records_is_shown(owner: Owner) -> None:
    owner.told(owner.extended(), "--same-people-as", "1")
    with Ledger(owner.ledger) as ledger:
        hashes = [identify(ledger, str(file)).data for file in (owner.records, owner.extended())]
    for what in ("show", "history"):
        for more in ([], ["--json"]):
            shown = call("budget", what, "--ledger", str(owner.ledger), *more).stdout
            assert shown and not any(found in shown for found in hashes)


def older(owner: Owner, marked: bool) -> str:
    """A ledger in which an older version has granted the records; it named them by a hash without a key."""
    owner.ledger.unlink()
    owner.ledger.with_name("ledger.db.seal").unlink()
    name, amount = former(str(owner.records)), budget(spend("2", "0.0001"))
    assert name is not None
    with Ledger(owner.ledger, create=True) as ledger:
        held = identify(ledger, str(owner.records))
        event = Granted(at=now(), data=name, label="old.csv", records=ROWS, budget=amount)
        if marked:
            event = event.model_copy(update={"marks": held.data})
        ledger.record(lambda _: [event], {name: held.marks} if marked else None)
    return name


@pytest.mark.parametrize("marked", [True, False])
def test_records_that_an_older_version_granted_are_known(owner: Owner, marked: bool) -> None:
    name = older(owner, marked)
    with Ledger(owner.ledger) as ledger:
        assert identify(ledger, str(owner.records)).data == name
    assert owner.told(owner.records)["data"] == 1
    turned = owner.folder / "turned.csv"
    shuffled(owner, turned)  # known since the records were granted again
    assert owner.told(turned)["data"] == 1


def test_what_an_older_version_kept_nothing_of_is_asked_for(owner: Owner) -> None:
    older(owner, marked=False)
    other = write_records(owner.folder / "other.csv", shift=5)
    error = owner.refused(other)
    assert error["code"] == "shares-records" and "nobody can tell" in error["message"]
    assert "`old.csv` (data set 1)" in error["message"]
    assert owner.told(other, "--distinct")["data"] == 2
    turned = owner.folder / "turned.csv"
    shuffled(owner, turned)  # in this order of columns the older version would not have known them
    assert owner.refused(turned)["code"] == "shares-records"
    assert owner.told(turned, "--same-people-as", "1")["data"] == 1


def test_a_budget_is_for_good(owner: Owner) -> None:
    """Records that have one do not get another's, with whatever was charged left behind."""
    extended, third = owner.extended(), write_records(owner.folder / "third.csv", shift=5)
    owner.told(third, "--distinct")
    assert owner.refused(third, "--same-people-as", "1")["code"] == "own-budget"
    owner.told(extended, "--same-people-as", "1")
    assert owner.refused(extended, "--same-people-as", "2")["code"] == "own-budget"


def test_a_data_set_that_is_not_there(owner: Owner) -> None:
    assert "no data set 7" in owner.refused(owner.extended(), "--same-people-as", "7", status=2)["message"]
    other = write_records(owner.folder / "other.csv", shift=5)
    assert owner.refused(owner.extended(), "--same-people-as", str(other))["code"] == "nothing-granted"
