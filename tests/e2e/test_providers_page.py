"""docs/providers.md, command by command; on a shorter program that costs nearly as much."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.command import ROOT, call, finish, port, start

PAGE = (ROOT / "docs" / "providers.md").read_text()
BANKS = ("bank_a", "bank_b", "bank_c")
SHORTER = ["-D", "STEPS=2"]  # its measures cost more than its steps: epsilon 1.4 in all


@dataclass(frozen=True)
class Typed:
    party: str
    arguments: list[str]
    printed: list[str]
    refused: bool


def commands() -> Iterator[Typed]:
    """Who types what, in the order of the page; what bank_a types the others type, too."""
    for refused, block in re.findall(r"```console( refused)?\n(.*?)```", PAGE, re.DOTALL):
        for party, command in re.findall(r"^(\w+)\$ (.*?)(?=^\w+\$ |\Z)", block.replace("\\\n", ""), re.M | re.DOTALL):
            for bank in BANKS if party == "bank_a" else (party,):
                line, *printed = command.replace("bank_a", bank if party == "bank_a" else "bank_a").splitlines()
                name, *arguments = shlex.split(line)
                assert name == "ccr"
                yield Typed(bank, arguments, printed, bool(refused))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path


def type_in(typed: Typed) -> None:
    short = typed.arguments[0] == "compile"
    done = call(*typed.arguments, *(SHORTER if short else []))
    said = done.stdout + done.stderr
    assert done.exit_code == (3 if typed.refused else 0), (typed.arguments, said)
    assert bool(typed.printed) == typed.refused
    for expected in typed.printed:
        assert expected.removesuffix("...") in said, (typed.arguments, said)


def meet(banks: dict[str, list[str]], vendor: list[str]) -> dict[str, tuple[int, str]]:
    """Run all four, on whichever ports are free: the exit status of each, and what it said."""
    listening = {bank: start(*[re.sub(r":700\d$", ":0", a) for a in line]) for bank, line in banks.items()}
    where = {f"{bank}=127.0.0.1:700{i}": bank for i, bank in enumerate(BANKS, 1)}
    ports = {bank: port(process) for bank, process in listening.items()}
    connecting = start(*[f"{where[a]}=127.0.0.1:{ports[where[a]]}" if a in where else a for a in vendor])
    ended = {"vendor": connecting} | listening
    return {party: (status, out + err) for party, p in ended.items() for status, out, err in [finish(p)]}


def spent(bank: str) -> int:
    """How many runs the bank's ledger has begun to release."""
    events = json.loads(call("budget", "history", "--ledger", f"{bank}.db", "--json").stdout)["events"]
    return sum(event.get("state") == "releasing" for event in events)


def test_what_each_bank_types_before_the_run(here: Path) -> None:
    """Of one bank: keys, policy, budget, contract, and what is refused."""
    typed = [t for t in commands() if t.party in ("bank_b", "vendor")]
    before = typed[: next(i for i, t in enumerate(typed) if t.arguments[0] == "run")]
    assert len(before) >= 14 and sum(t.refused for t in before) == 2
    for each in before:
        if not {"bank_a.json", "bank_c.json"} & set(each.arguments):
            type_in(each)
    assert (here / "bank_b.json").exists()


@pytest.mark.slow
def test_every_command_of_the_page(here: Path) -> None:
    banks: dict[str, list[str]] = {}
    trained: list[list[str]] = []
    for typed in commands():
        if typed.arguments[0] != "run":
            type_in(typed)
            continue
        if typed.party != "vendor":
            banks[typed.party] = typed.arguments
            continue
        trained.append(typed.arguments)
        found = meet(banks, typed.arguments)
        if len(trained) == 1:
            assert {party: status for party, (status, _) in found.items()} == dict.fromkeys(("vendor", *BANKS), 0), (
                found
            )
            refused_by_one(meet(banks, typed.arguments))
        else:
            assert [found[party][0] for party in ("vendor", *BANKS)] == [0, 0, 0, 3], found
            assert "the run went on without bank_c" in found["vendor"][1]
    assert len(trained) == 2 and (here / "tuned.npz").exists() and (here / "two.npz").exists()
    assert [spent(bank) for bank in BANKS] == [2, 2, 1]
    assert "consumer-budget" in call("budget", "history", "--ledger", "bank_c.db").stdout
    assert (here / "bank_a.html").exists()


def refused_by_one(found: dict[str, tuple[int, str]]) -> None:
    """Nobody is charged for a run that one bank refuses."""
    assert [found[party][0] for party in ("vendor", *BANKS)] == [3, 1, 1, 3], found
    assert "consumer-budget" in found["bank_c"][1] and "bank_c" in found["vendor"][1]
    assert [spent(bank) for bank in BANKS] == [1, 1, 1]
