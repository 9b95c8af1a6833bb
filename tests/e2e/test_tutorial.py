"""docs/contracts.md, command by command; on a shorter program that costs about as much."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from support.command import ROOT, call, finish, port, start

from runtime import api
from runtime.contract.amounts import Spend
from runtime.contract.cost import charges
from runtime.contract.terms import Budget, Privacy

TWO = Budget(epsilon=Fraction(2), delta=Fraction(1, 10**5))
SHORTER = ["-D", "STEPS=1", "-D", "NOISE=1.05"]
PAGE = (ROOT / "docs" / "contracts.md").read_text()


def commands() -> Iterator[tuple[str, list[str]]]:
    """Who types what, in the order of the page."""
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            party, _, command = line.partition("$ ")
            name, *arguments = shlex.split(command)
            assert name == "ccr", line
            yield party, arguments


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_every_command_of_the_tutorial(here: Path) -> None:
    typed = list(commands())
    assert {party for party, _ in typed} == {"hospital", "vendor"} and len(typed) >= 14
    runs: list[list[str]] = []
    refused = False
    for party, arguments in typed:
        if arguments[0] == "run":
            runs.append([*arguments, "--quiet"])
            if party == "vendor":
                assert meet(*runs) == (0, 0)
                assert (here / "tuned.npz").exists()
            continue
        if runs and not refused:  # what stands behind the runs comes after the second one
            assert meet(*runs) == (3, 3)
            refused = True
        done = call(*arguments, *(SHORTER if arguments[0] == "compile" else []))
        assert done.exit_code == 0, (arguments, done.stderr)
    history = json.loads(call("budget", "history", "--ledger", "hospital.db", "--json").stdout)["events"]
    kinds = [event.get("state", event["kind"]) for event in history]
    assert kinds[:5] == ["granted", "allotted", "contract", "contract", "contract"] and kinds.count("reserved") == 1
    assert kinds[-2:] == ["released", "refused"] and "consumer-budget" in (here / "budgets.html").read_text()


def meet(hospital: list[str], vendor: list[str]) -> tuple[int, int]:
    """Run both, on whichever port is free; their exit statuses."""
    listening = start(*[a.replace("127.0.0.1:7000", "127.0.0.1:0") for a in hospital if a != "--quiet"])
    where = f"127.0.0.1:{port(listening)}"
    connecting = start(*[where if a == "127.0.0.1:7000" else a for a in vendor])
    return finish(listening)[0], finish(connecting)[0]


@pytest.mark.slow
def test_the_costs_on_the_page() -> None:
    cost = charges(
        api.compile(ROOT / "examples/tumour/tumour.ccr").compiled,
        {"records": 455},
        Privacy(per_run=TWO, total=TWO, runs=1, composition="basic"),
    )[0]
    left = Spend(Fraction(3), Fraction(2, 10**5)) - cost
    assert f"one run costs {cost}" in PAGE and f"asked: {cost}" in PAGE and f"left: {left}" in PAGE


def test_the_page_names_only_refusals_that_exist() -> None:
    """The codes in the list of refusals are those of the source."""
    source = "".join(
        path.read_text() for folder in ("contract", "ledger") for path in (ROOT / "runtime" / folder).glob("*.py")
    )
    listed = re.search(r"`error.sums` in exact decimals\): (.*?)\.\.\.", PAGE, re.DOTALL)
    assert listed is not None
    codes = re.findall(r"`([a-z-]+)`", listed[1])
    assert len(codes) >= 12 and [code for code in codes if f'"{code}"' not in source] == []
