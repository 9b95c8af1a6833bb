"""`ccr budget report`, `export` and `audit`: what somebody reads who has to answer for the data."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.command import ROOT, call
from support.contracts import HOSPITAL, MALLORY, terms, write_records
from support.histories import every_kind, ledger_of
from support.html_page import Page

from runtime.ledger.events import Event, Granted
from runtime.ledger.refusals import name
from runtime.ledger.seal import read as read_seal
from runtime.net import keys
from runtime.report.rules import _WORDS, words
from runtime.session.hello import Disagreement

LATER = terms().not_before + timedelta(hours=6)


class Officer:
    """Has the ledger of a history, and keys."""

    def __init__(self, folder: Path, events: list[Event]) -> None:
        self.folder = folder
        self.ledger = ["--ledger", str(folder / "ledger.db")]
        for identity in (HOSPITAL, MALLORY):
            keys.save(identity, folder)
        ledger_of(folder / "ledger.db", events).close()

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def export(self, name: str, who: str = "hospital") -> Any:
        key = ["--key", self.path(f"{who}.key"), "--cert", self.path(f"{who}.crt")]
        return call("budget", "export", self.path(name), *key, *self.ledger)

    def told(self, *arguments: str, status: int = 0) -> Any:
        done = call("budget", *arguments, "--json")
        assert done.exit_code == status, (done.stderr, done.exception)
        return json.loads(done.stdout)


@pytest.fixture
def officer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Officer:
    monkeypatch.setattr("runtime.cli.trails.now", lambda: LATER)
    return Officer(tmp_path, every_kind())


# -- the report


def test_the_report_in_words(officer: Officer) -> None:
    text = call("budget", "report", *officer.ledger).stdout
    for said in (
        "records.csv and twin.csv (data set 1)\n  granted epsilon 10 at delta 0.00004\n  charged epsilon 0.5",
        "    left     epsilon 0.25 at delta 0.000001",
        "vendor on records.csv and twin.csv (data set 1): epsilon 0.25 at delta 0.000001; "
        "`w` at an infinite epsilon; charged; the peer has its outputs",
        "charged; cut off (timeout)",
        "given back (peer-closed)",
        "revoked; with vendor (fingerprint ",
        "2029-12-31 00:00:00 to 2030-01-31 00:00:00 UTC; runs 2 of 3, each at most epsilon 1 at delta 0.00001",
        "run (consumer-budget): the consumer's share would have been exceeded, for vendor, on ",
        "is blocked: a run under it ended in CheatingDetected",
        "was revoked by vendor",
        "the clock was set right; it had been at 2031-02-04",
    ):
        assert said in text, (said, text)


def test_the_report_as_json(officer: Officer) -> None:
    found = officer.told("report", *officer.ledger)
    first = found["data_sets"][0]
    assert first["charged"] == {"epsilon": "0.5", "delta": "0.000002"} and first["consumers"][0]["label"] == "vendor"
    assert [run["state"] for run in found["runs"]] == ["released", "releasing", "aborted", "reserved"]
    assert [run["why"] for run in found["runs"]] == [None, "timeout", "peer-closed", None]
    contract, other = found["contracts"]
    assert contract["standing"] == "revoked" and contract["runs"] == 2 and contract["terms"]["party"] == "hospital"
    assert set(contract["steps"]) == {"made", "in_force", "revoked"} and other["terms"] is None
    assert [denied["rule"] for denied in found["refusals"]] == ["consumer-budget"]
    assert [note["kind"] for note in found["notes"]] == ["blocked", "lifted", "corrected", "revoked"]
    assert len(found["grants"]) == 4 and all(type(grant["data"]) is int for grant in found["grants"])


@pytest.mark.parametrize(
    ("until", "at", "standing"),
    [
        (4, 0, "made"),
        (5, 0, "in force"),
        (5, 60, "expired"),
        (18, 0, "blocked"),
        (19, 60, "expired"),
        (22, 60, "revoked"),
    ],
)
def test_how_a_contract_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: int, at: int, standing: str
) -> None:
    monkeypatch.setattr("runtime.cli.trails.now", lambda: LATER + timedelta(days=at))
    officer = Officer(tmp_path, every_kind()[:until])
    assert officer.told("report", *officer.ledger)["contracts"][0]["standing"] == standing


def test_the_page_needs_no_network_and_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever labels hold."""
    monkeypatch.setattr("runtime.cli.trails.now", lambda: LATER)
    evil = "<script src='http://x'>&"
    events = [e.model_copy(update={"label": evil}) if isinstance(e, Granted) else e for e in every_kind()]
    officer = Officer(tmp_path, events)
    assert call("budget", "report", "--html", officer.path("r.html"), *officer.ledger).exit_code == 0
    found = Page((tmp_path / "r.html").read_text())
    assert "script" not in found.tags and evil in found.text
    assert found.tags.count("h1") == 1 and found.tags.count("h2") == 8 and found.tags.count("table") >= 7
    for said in ("Runs on data set 1", "consumer-budget", "given back (peer-closed)", "0.5", "0.25", "revoked"):
        assert said in found.text, said


def test_a_page_of_an_empty_ledger(tmp_path: Path) -> None:
    officer = Officer(tmp_path, [])
    done = call("budget", "report", "--html", officer.path("r.html"), *officer.ledger)
    assert done.exit_code == 0 and "no budget has been granted" in done.stdout
    assert Page((tmp_path / "r.html").read_text()).text.count("none") == 4
    assert call("budget", "report", "--html", officer.path("no/r.html"), *officer.ledger).exit_code == 1


def test_nothing_secret_and_no_record_is_in_any_of_it(tmp_path: Path) -> None:
    """Of real records, whose values are rare enough to be looked for."""
    records = write_records(tmp_path / "records.csv")
    records.write_text(records.read_text().replace("0.25", "0.8125").replace("-0.375", "-0.6875"))
    officer = Officer(tmp_path, [])
    grant = ["--epsilon", "1", "--delta", "1e-4", *officer.ledger]
    assert call("budget", "grant", str(records), *grant).exit_code == 0
    assert call("budget", "grant", str(records), "--epsilon", "1", "--delta", "0.5", *officer.ledger).exit_code == 3
    texts = [call("budget", "report", "--html", officer.path("r.html"), *officer.ledger).stdout]
    texts += [json.dumps(officer.told("report", *officer.ledger)), (tmp_path / "r.html").read_text()]
    assert officer.export("log.jsonl").exit_code == 0
    texts += [(tmp_path / "log.jsonl").read_text(), call("budget", "audit", officer.path("log.jsonl")).stdout]
    [data] = {event["data"] for event in map(json.loads, _bodies(tmp_path / "ledger.db")) if event["kind"] == "granted"}
    seal = read_seal(tmp_path / "ledger.db.seal")
    assert seal is not None and len(texts) == 5
    secrets = (seal.key.hex(), data, "0.8125", "-0.6875", "PRIVATE KEY", str(tmp_path / "ledger"))
    for text in texts:
        assert "records.csv" in text and not [secret for secret in secrets if secret in text]


def _bodies(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return [body for (body,) in database.execute("SELECT body FROM event")]


# -- the log, by command


def test_an_exported_log_is_audited_by_whoever_has_a_fingerprint(officer: Officer) -> None:
    assert officer.export("log.jsonl").exit_code == 0
    fingerprint = keys.fingerprint(HOSPITAL.certificate)
    for signer in (fingerprint, officer.path("hospital.crt")):
        found = officer.told("audit", officer.path("log.jsonl"), "--signer", signer)
        assert found["damages"] == found["breaches"] == [] and found["key"] == fingerprint
    assert found["data_sets"][0]["charged"] == {"epsilon": "0.5", "delta": "0.000002"}
    other = officer.told("audit", officer.path("log.jsonl"), "--signer", officer.path("mallory.crt"), status=3)
    assert [(d["line"], d["code"]) for d in other["damages"]] == [(1, "foreign-signer")] and other["data_sets"] == []
    text = call("budget", "audit", officer.path("log.jsonl")).stdout
    assert "compare it by telephone" in text and "that its end was left out would not be seen" in text
    assert "no budget was exceeded at any moment" in text


def test_each_damage_is_told_with_file_and_line(officer: Officer) -> None:
    officer.export("log.jsonl")
    lines = (officer.folder / "log.jsonl").read_text().splitlines(keepends=True)
    lines[5] = lines[5].replace("vendor", "friend")
    (officer.folder / "log.jsonl").write_text("".join(lines[:12]))
    done = call("budget", "audit", officer.path("log.jsonl"))
    assert done.exit_code == 3 and "it is NOT what its owner signed" in done.stdout
    told = [line.rsplit("log.jsonl:", 1)[1] for line in done.stderr.splitlines()]
    assert [re.match(r"(\d+): ([a-z-]+): ", line).groups() for line in told] == [  # type: ignore[union-attr]  # or fail
        ("6", "altered"),
        ("12", "unsigned"),
    ]


def test_a_checkpoint_that_was_kept(officer: Officer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of `ccr budget checkpoint`, or the last line of a log."""
    key = ["--key", officer.path("hospital.key"), "--cert", officer.path("hospital.crt")]
    officer.export("older.jsonl")
    (tmp_path / "line.json").write_text((tmp_path / "older.jsonl").read_text().splitlines(keepends=True)[-1])
    monkeypatch.setattr("runtime.cli.checkpoints.now", lambda: LATER)
    assert call("budget", "checkpoint", *key, "-o", officer.path("published.json"), *officer.ledger).exit_code == 0
    backup = {path: path.read_bytes() for path in tmp_path.glob("ledger.db*")}
    event = every_kind()[-1]
    ledger_of(tmp_path / "ledger.db", [event]).close()
    officer.export("newer.jsonl")
    for log in ("older.jsonl", "newer.jsonl"):
        for held in ("line.json", "published.json"):
            assert officer.told("audit", officer.path(log), "--checkpoint", officer.path(held))["held"] == 22
    (tmp_path / "late.json").write_text((tmp_path / "newer.jsonl").read_text().splitlines(keepends=True)[-1])
    found = officer.told("audit", officer.path("older.jsonl"), "--checkpoint", officer.path("late.json"), status=3)
    assert [damage["code"] for damage in found["damages"]] == ["rolled-back"]
    for path, data in backup.items():
        path.write_bytes(data)
    assert "rolled-back" in officer.export("newer.jsonl").stderr  # what is there is not replaced by less
    assert len((tmp_path / "newer.jsonl").read_text().splitlines()) == 25


def test_what_is_no_log_of_this_ledger_is_not_overwritten(officer: Officer, tmp_path: Path) -> None:
    for content in ("", "my notes\n"):
        (tmp_path / "notes").write_text(content)
        done = officer.export("notes")
        assert done.exit_code == 3 and "not-replaced" in done.stderr and (tmp_path / "notes").read_text() == content
    officer.export("log.jsonl")
    assert officer.export("log.jsonl").exit_code == 0
    assert "not-replaced" in officer.export("log.jsonl", "mallory").stderr
    assert officer.told("audit", officer.path("none"), status=2)["error"]["code"] == "usage"
    held = ["--checkpoint", officer.path("notes")]
    assert officer.told("audit", officer.path("log.jsonl"), *held, status=3)["error"]["code"] == "not-json"
    assert (
        officer.told("audit", officer.path("log.jsonl"), "--checkpoint", "none", status=2)["error"]["code"] == "usage"
    )
    assert officer.told("audit", officer.path("log.jsonl"), "--signer", "none", status=2)["error"]["code"] == "key"


# -- rules in words


def test_the_rules_in_words_are_rules_that_there_are() -> None:
    """Of the ledger, a contract or a session."""
    source = "".join(path.read_text() for path in (ROOT / "runtime").rglob("*.py") if path.name != "rules.py")
    known = {name(found(" ")) for found in Disagreement.__subclasses__()} | {"below-charged", "below-allotted"}
    assert 'f"below-{what}"' in source
    assert [rule for rule in _WORDS if f'"{rule}"' not in source and rule not in known] == []
    assert words("clip-differs") == "clip differs"
