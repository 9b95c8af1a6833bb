"""docs/trail.md, command by command, and its format, read by what is written on the page alone."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from support.command import ROOT, call
from support.contracts import HOSPITAL, terms
from support.histories import every_kind, ledger_of, of_steps

from runtime.net import keys

PAGE = (ROOT / "docs" / "trail.md").read_text()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a ledger has seen everything, by the clock of its last event."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("runtime.cli.trails.now", lambda: max(e.at for e in every_kind()[-1:]))
    keys.save(HOSPITAL, tmp_path)
    ledger_of(tmp_path / "hospital.db", every_kind()).close()
    return tmp_path


def test_every_command_of_the_page(here: Path) -> None:
    typed = [
        line.partition("$ ")
        for line in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
        for line in line.splitlines()
    ]
    assert [party for party, _, _ in typed] == ["hospital", "hospital", "officer", "officer"]
    for _, _, command in typed:
        if "kept.json" in command:
            (here / "kept.json").write_text((here / "log.jsonl").read_text().splitlines(keepends=True)[-1])
        done = call(*shlex.split(command)[1:])
        assert done.exit_code == 0, (command, done.stderr)
    assert "it goes on from kept.json" in done.stdout and (here / "budgets.html").exists()


def test_every_kind_of_event_is_on_the_page() -> None:
    named = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]*)\|", PAGE, re.M))))
    assert named == {event.kind for event in (*every_kind(), *of_steps())}


def test_the_format_is_what_the_page_says(here: Path) -> None:
    """By another reader than the one of `ccr budget audit`."""
    assert (
        call(
            "budget",
            "export",
            "log.jsonl",
            "--key",
            "hospital.key",
            "--cert",
            "hospital.crt",
            "--ledger",
            "hospital.db",
        ).exit_code
        == 0
    )

    def sha256(text: str, *parts: bytes) -> bytes:
        assert f'"{text}"' in PAGE
        return hashlib.sha256(text.encode() + b"\0" + b"".join(parts)).digest()

    def spelled(document: object) -> bytes:
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()

    lines = [json.loads(line) for line in (here / "log.jsonl").read_text().splitlines()]
    found = sha256("ccr log 1 start", bytes.fromhex(lines[0]["ledger"]))
    for number, line in enumerate(lines[1:-1], 1):
        leaf = sha256("ccr log 1 event", bytes.fromhex(line["salt"]), spelled(line["event"]))
        found = sha256("ccr log 1 next", found, leaf)
        assert (line["number"], line["hash"]) == (number, found.hex())
    statement = lines[-1]["statement"]
    assert (
        statement["head"] == found.hex()
        and statement["key"] == lines[0]["key"]
        and '"ccr checkpoint 1 signature"' in PAGE
    )
    signed = b"ccr checkpoint 1 signature\0" + spelled(statement)
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(statement["key"])).verify(
        bytes.fromhex(lines[-1]["signature"]), signed
    )
    assert statement["events"] == len(lines) - 2 and terms().not_before.year == 2029
