"""Checkpoints: an outsider sees that a ledger only grows, and nothing else of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.command import call
from support.contracts import HOSPITAL, MALLORY
from support.ledger_worker import COST, REQUEST
from support.ledgers import allot, grant, opened, times

from runtime.contract.canonical import encode as canonical
from runtime.ledger.run import Run
from runtime.ledger.store import Ledger
from runtime.net import keys


class Owner:
    """Has a ledger with a run in it, and publishes checkpoints that an outsider compares."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ledger = folder, folder / "ledger.db"
        for identity in (HOSPITAL, MALLORY):
            keys.save(identity, folder)
        opened(folder, grant(times(COST, 9)), allot(times(COST, 9))).close()

    def runs(self) -> None:
        with Ledger(self.ledger) as ledger:
            Run.reserve(ledger, REQUEST).end()

    def publishes(self, name: str, who: str = "hospital", status: int = 0) -> Any:
        signer = ["--key", str(self.folder / f"{who}.key"), "--cert", str(self.folder / f"{who}.crt")]
        path = str(self.folder / name)
        return told(status, "budget", "checkpoint", *signer, "--ledger", str(self.ledger), "-o", path)

    def compared(self, older: str, newer: str, status: int = 0, of: str = "hospital") -> Any:
        files = [str(self.folder / name) for name in (older, newer)]
        return told(status, "budget", "compare", *files, "--of", str(self.folder / f"{of}.crt"))


def told(status: int, *arguments: str) -> Any:
    done = call(*arguments, "--json")
    assert done.exit_code == status, (done.stderr, done.exception)
    found = json.loads(done.stdout)
    return found["error"]["code"] if status else found


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner(tmp_path)


def test_a_ledger_that_grows(owner: Owner) -> None:
    first = owner.publishes("1")
    owner.runs()
    second = owner.publishes("2")
    assert first["events"] == 2 and second["events"] == 4 and first["ledger"] == second["ledger"]
    assert owner.compared("1", "2")["added"] == 2 and owner.compared("1", "1")["added"] == 0
    owner.publishes("1")  # in place of the older one
    assert owner.compared("2", "1")["events"] == 4


def test_a_ledger_that_is_put_back(owner: Owner) -> None:
    """With its seal, which is what the seal itself cannot tell."""
    names = ("ledger.db", "ledger.db.seal")
    backup = {name: (owner.folder / name).read_bytes() for name in names}
    owner.runs()
    owner.publishes("1")
    for name, data in backup.items():
        (owner.folder / name).write_bytes(data)
    assert owner.publishes("1", status=3) == "rolled-back"
    owner.publishes("2")
    assert owner.compared("1", "2", status=3) == "rolled-back"
    for _ in range(2):
        owner.runs()
    owner.publishes("3")
    assert owner.compared("1", "3", status=3) == "rewritten" and owner.compared("2", "3")["added"] == 4


def test_another_ledger_or_signer(owner: Owner) -> None:
    owner.publishes("1")
    owner.publishes("2", who="mallory")
    assert owner.compared("1", "2", status=3) == "foreign-signer"
    assert owner.compared("2", "2", of="mallory")["added"] == 0
    (owner.folder / "other").mkdir()
    other = Owner(owner.folder / "other")
    other.publishes("../3")
    assert owner.compared("1", "3", status=3) == "other-ledger"


def test_an_edited_checkpoint(owner: Owner) -> None:
    owner.publishes("1")
    good = json.loads((owner.folder / "1").read_bytes())

    def reason(**change: Any) -> Any:
        (owner.folder / "2").write_bytes(canonical(good | change) + b"\n")
        return owner.compared("1", "2", status=3)

    statement = good["statement"]
    assert reason(leaves=good["leaves"][::-1]) == reason(leaves=good["leaves"][:1]) == "altered"
    assert reason(statement=statement | {"events": 3}) == reason(signature="0" * 128) == "altered"
    assert reason(leaves=["x"]) == reason(more=1) == "no-checkpoint"
    (owner.folder / "2").write_bytes(json.dumps(good).encode())
    assert owner.compared("1", "2", status=3) == "not-canonical"
    assert owner.compared("1", "none", status=2) == "usage"


def test_it_tells_nothing_of_the_events(owner: Owner) -> None:
    owner.publishes("1")
    text = (owner.folder / "1").read_text()
    seal = json.loads((owner.folder / "ledger.db.seal").read_text())
    assert seal["key"] not in text and not any(word in text for word in ("records", "vendor", *REQUEST.data))
