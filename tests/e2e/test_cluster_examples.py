"""Every example that has a data set, with `--cluster local`: the bits of the simulation, one digest, one charge."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from support.command import EXAMPLES, HERE, Started, afresh, call, finish, port
from support.examples import ALL

from compiler.program import everyone
from runtime import api

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

TOO_SMALL = "diabetes/diabetes"  # no step of which is worth to be shared: its workers have nothing to do
WITH_DATA = sorted(set(ALL) - {"auction/auction", "fraud/fraud", "millionaires/millionaires"})


def test_these_have_a_data_set() -> None:
    assert [name for name in sorted(ALL) if api.compile(EXAMPLES / f"{name}.ccr").compiled.datasets] == WITH_DATA


def words(name: str) -> list[str]:
    """The program, and the params that make a run of it short."""
    return [str(EXAMPLES / f"{name}.ccr"), *(f"-D{param}={value}" for param, value in ALL[name].small.items())]


def given(name: str) -> list[str]:
    """Its inputs."""
    return [f"--input={key}={value}" for key, value in ALL[name].given((EXAMPLES / name).parent).items()]


def told(done: tuple[int, str, str]) -> Any:
    status, out, said = done
    assert status == 0, said
    return json.loads(out)


@pytest.mark.slow  # a cluster of each party takes some ten seconds to start
@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("name", WITH_DATA)
def test_the_bits_of_the_simulation(name: str, workers: int) -> None:
    alone = call("simulate", *words(name), *given(name), "--seed=3", "--json")
    assert alone.exit_code == 0, alone.stderr
    cluster = ("--cluster=local", f"--workers={workers}", "--seed=3", "--not-private", "--json")
    shared = told(finish(afresh("run", *words(name), *given(name), *cluster)))
    asked = json.loads(call("inspect", *words(name), "--json").stdout)
    assert shared["outputs"] == json.loads(alone.stdout)["outputs"]
    assert shared["digest"] == asked["digest"]
    sent, foretold = dict(shared["bytes"]), dict(shared["predicted"]["bytes"])
    padded = sent.pop("corrections") / (foretold.pop("corrections") or 1)  # each worker's to a whole number of bytes
    assert padded == 0 or 1 <= padded < 1.01
    assert {**sent, "total": 0} == {**foretold, "total": 0}
    for party, did in shared["parties"].items():
        sessions = 3 if party == "vendor" and name.startswith("fraud-training") else 1
        assert len(did["workers"]) == workers * sessions
        assert all(bool(each["gates"]) == (name != TOO_SMALL) for each in did["workers"])


class Folder:
    """Where an example's parties keep keys, contracts and ledgers; a contract with each of its owners."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.program = api.compile(EXAMPLES / f"{name}.ccr").compiled
        sets = {d.party: d.party for d in self.program.datasets}
        self.owners = self.program.owners or tuple(sets)
        self.other = next(p for p in everyone(self.program) if p not in self.owners)
        for party in (*self.owners, self.other):
            self.told("keys", "new", party, f"--folder={path}")

    def told(self, *arguments: str) -> Any:
        done = call(*arguments, "--json")
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)

    def own(self, party: str) -> list[str]:
        return [f"--key={self.path / party}.key", f"--cert={self.path / party}.crt", f"--ledger={self.path / party}.db"]

    def inputs(self, party: str) -> list[str]:
        """By the names of the party's own program."""
        found = ALL[self.name].given((EXAMPLES / self.name).parent)
        sets, many = {d.name for d in self.program.datasets}, bool(self.program.owners)
        mine = {key: f"{party}.{key}" if many else key for key in sets} if party in self.owners else {}
        mine |= {entry.name: entry.name for entry, _, _ in self.program.inputs if entry.party == party}
        return [f"--input={key}={found[name]}" for key, name in mine.items()]

    def agreed(self, owner: str) -> Any:
        """What a run will cost the owner, who has granted it twice."""
        found = ALL[self.name].given((EXAMPLES / self.name).parent)
        amount = "--epsilon=200", "--delta=1e-4"
        for each in {d.name for d in self.program.datasets}:
            file = found[f"{owner}.{each}" if self.program.owners else each]
            self.told("budget", "grant", file, *amount, self.own(owner)[2])
            self.told("budget", "allot", file, f"--to={self.path / self.other}.crt", *amount, self.own(owner)[2])
        to = self.path / f"{owner}.json"
        bounds = "--epsilon=100", "--delta=1e-5", f"--peer={self.path / self.other}.crt", "-o", str(to)
        made = self.told(
            "contract", "new", *words(self.name), f"--as={owner}", *self.own(owner), *self.inputs(owner), *bounds
        )
        for party in (owner, self.other):
            self.told("contract", "sign", str(to), *self.own(party))
        return made

    def started(self, party: str, contracts: Sequence[str], *more: str) -> Started:
        under = [f"--contract={self.path / owner}.json" for owner in contracts]
        cluster = "--cluster=local", "--workers=2", "--json"
        mine = f"--as={party}", *self.own(party), *self.inputs(party), *under, *cluster
        return afresh("run", *words(self.name), *mine, *more)


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_DATA)
def test_the_ledger_is_charged_once(tmp_path: Path, name: str) -> None:
    folder = Folder(tmp_path, name)
    agreed = {owner: folder.agreed(owner) for owner in folder.owners}
    listening = {owner: folder.started(owner, [owner], f"--listen={HERE}:0") for owner in folder.owners}
    many = bool(folder.program.owners)
    ends = [f"--connect={f'{o}=' if many else ''}{HERE}:{port(started)}" for o, started in listening.items()]
    ended = told(finish(folder.started(folder.other, folder.owners, *ends)))
    assert ended["outputs"]
    for owner, started in listening.items():
        assert told(finish(started))["contract"] == agreed[owner]["digest"]
        books = folder.told("budget", "show", folder.own(owner)[2])["data_sets"]
        assert [each["charged"] for each in books] == [agreed[owner]["cost"]] * len(books)
