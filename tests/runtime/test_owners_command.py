"""What the command says of several owners: whose file is missing, whose contract refuses, what all runs cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import call
from support.policies import write

from compiler.program import and_gates
from runtime.api import compile, of_each
from runtime.cli.several import Runs
from runtime.cli.whose_files import _names
from runtime.report.forecast.seconds import longest
from runtime.report.traffic import traffic

OWNERS = ("north", "south")
TEXT = """party vendor; party north; party south;
param STEPS = 2;
input w0: fix<12, 6>[2] from vendor;
dataset loans from north, south { x: fix<9, 8>[2] where norm2(x) <= 1.0; y: bit; }
dataset kept from north, south { x: fix<9, 8>[2] where norm2(x) <= 1.0; y: bit; }
disjoint loans, kept;
var w = w0;
dpsgd w on loans(batch = [8, 2], steps = STEPS, clip = 1.0, noise = 6.0, rate = 1.0, release = step) as row {
    loss logistic(dot(w, row.x), row.y);
}
measure correct on kept(rows = [5, 4], clip = 1.0, noise = 8.0) as row { (dot(w, row.x) > 0) == row.y }
output w, correct to vendor;
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("owners")
    (folder / "loan.ccr").write_text(TEXT)
    np.save(folder / "w0.npy", np.zeros(2))
    for owner, count in zip(OWNERS, (5, 4), strict=True):
        for name, rows in (("loans", 20), ("kept", count)):
            shift = 40 * (name == "kept") + 7 * (owner == "south")
            lines = [f"{(i + shift) / 256},{-i / 128},{i % 2}" for i in range(rows)]
            (folder / f"{owner}-{name}.csv").write_text("\n".join(["x[0],x[1],y", *lines, ""]))
    for name in ("vendor", *OWNERS):
        assert call("keys", "new", name, "--folder", str(folder)).exit_code == 0
    return folder


@pytest.fixture
def refused(folder: Path) -> Callable[..., str]:
    def refused(command: str, *arguments: str) -> str:
        done = call(command, str(folder / "loan.ccr"), *arguments)
        assert (done.exit_code, done.stdout) == (2, ""), done.stderr
        return done.stderr

    return refused


def given(folder: Path, *names: str) -> list[str]:
    return [f"--input={name}={folder / name.replace('.', '-')}.csv" for name in names]


def test_a_missing_file_is_asked_for_by_a_name_that_is_taken(folder: Path, refused: Callable[..., str]) -> None:
    """It was asked for as `loans`, which was refused."""
    said = refused("simulate", "--input=w0=0", *given(folder, "north.loans", "north.kept", "south.kept"))
    assert "the input `south.loans` is missing" in said and "add --input south.loans=FILE" in said
    said = refused("privacy", "--records=north=20")
    assert "how many records `south.loans` has is not known" in said and "--records south=N" in said
    assert "the program has no input `loans`" in refused("privacy", *given(folder, "north.loans"), "--input=loans=x")
    assert "the program has no input `nroth.loans`" in refused("privacy", "--input=nroth.loans=x")


def test_options_for_each_owner(refused: Callable[..., str]) -> None:
    assert "is not OWNER=..." in refused("privacy", "--records=20", "--records=south=3")
    assert "`east` is no owner" in refused("privacy", "--records=east=3")
    ends = [*("--as", "vendor"), "--connect", "127.0.0.1:1", "--connect", "south=127.0.0.1:2"]
    said = refused("run", *ends)
    assert "`--connect 127.0.0.1:1` is not OWNER=..." in said and "once for each of north, south" in said


def test_what_all_runs_cost_is_told(folder: Path) -> None:
    """Their batches differ: the first owner's work is not that of each."""
    program = compile(folder / "loan.ccr")
    of = [own.compiled for own in of_each(program).values()]
    runs = Runs.of(program, None, None)
    assert runs.foretold().and_gates == sum(and_gates(p.plan) for p in of) != 2 * and_gates(of[0].plan)
    assert runs.foretold().bytes.total == sum(traffic(p).total for p in of)
    south = Runs.of(compile(folder / "loan.ccr", party="south"), "south", None)
    assert south.each == [of[1]] and not south.programs
    assert south.longest(None) == 2 * longest(of[1])  # it waits for the other, which it does not see


def test_a_contract_says_when_a_measure_is_told(folder: Path, contracts: dict[str, Path]) -> None:
    said = call("contract", "show", str(contracts["north"])).stdout.splitlines()
    [measured] = [line for line in said if "noisy sum over all 5 records" in line]
    [trained] = [line for line in said if "Poisson batches of 8" in line]
    assert measured.endswith("vendor learns it at once") and trained.endswith(
        "vendor learns the noisy sum of every step"
    )


def test_the_owner_whose_contract_refuses_is_named(folder: Path, contracts: dict[str, Path]) -> None:
    ends = [f"--connect={owner}=127.0.0.1:1" for owner in OWNERS]
    under = [f"--contract={contracts[owner]}" for owner in OWNERS]
    mine = [f"--key={folder / 'vendor'}.key", f"--cert={folder / 'vendor'}.crt", f"--ledger={folder / 'v.db'}"]
    done = call(
        "run",
        str(folder / "loan.ccr"),
        "--as=vendor",
        *ends,
        *under,
        *mine,
        f"--input=w0={folder / 'w0.npy'}",
        "--json",
    )
    assert done.exit_code == 3 and done.stderr.splitlines()[-2].startswith("south: refused (")
    assert json.loads(done.stdout)["error"]["code"]


@pytest.fixture(scope="module")
def contracts(folder: Path) -> dict[str, Path]:
    """With each owner, signed by both; with south of more steps than the program has."""
    found: dict[str, Path] = {}
    for owner, steps in zip(OWNERS, (2, 3), strict=True):
        found[owner] = folder / f"{owner}.json"
        own = [f"--key={folder / owner}.key", f"--cert={folder / owner}.crt", f"--ledger={folder / owner}.db"]
        files = [f"--input={name}={folder / f'{owner}-{name}'}.csv" for name in ("loans", "kept")]
        more = [f"--peer={folder / 'vendor'}.crt", "--epsilon=3", "--delta=1e-3", f"-DSTEPS={steps}"]
        made = call(
            "contract", "new", str(folder / "loan.ccr"), "--as", owner, *own, *files, *more, "-o", str(found[owner])
        )
        assert made.exit_code == 0, made.stderr
        for signer in (owner, "vendor"):
            names = [f"--key={folder / signer}.key", f"--cert={folder / signer}.crt", f"--ledger={folder / signer}.db"]
            assert call("contract", "sign", str(found[owner]), *names).exit_code == 0
    return found


def test_what_a_program_is_worth_is_told_for_each_owner(folder: Path, refused: Callable[..., str]) -> None:
    loan = str(folder / "loan.ccr")
    found = call("inspect", loan, "--records=north=20", "--records=south=30", "--json")
    shown = json.loads(found.stdout)["privacy"]
    asked = json.loads(call("privacy", loan, "--records=north=20", "--records=south=30", "--json").stdout)
    assert shown["epsilons"] == asked["epsilons"] and shown["epsilon_everywhere"] == asked["epsilon_everywhere"]
    text = call("inspect", loan, "--records=north=20").stdout
    assert "give --records OWNER=N to learn epsilon" in text and "south:" in text
    assert "--records north=7 is less than a batch of 8" in refused("inspect", "--records=north=7", "--records=south=7")
    assert "--records 7 is less than a batch of 8" in refused("inspect", "--records=7")
    assert "`east` is no owner" in refused("inspect", "--records=east=3")


def test_a_policy_is_held_against_the_program_of_each_owner(folder: Path) -> None:
    rules = {"privacy.least-records": "5", "releases.step": "true", "releases.end": "true", "releases.measures": "1"}
    policy = write(folder / "policy.toml", rules)

    def asked(*records: str) -> tuple[int, list[str], Any]:
        words = ("policy", "check", policy, str(folder / "loan.ccr"), *(f"--records={r}" for r in records))
        done = call(*words)
        return done.exit_code, done.stdout.splitlines(), json.loads(call(*words, "--json").stdout)

    status, said, shown = asked("north=60", "south=25")
    assert status == 3 and len(said) == 2 and said[0].startswith("north: ") and said[0].endswith(" allows it")
    assert said[1].startswith("south: the records of `kept`: 4 is asked, 5 or more is allowed")
    assert set(shown["owners"]) == set(OWNERS) and shown["breaches"] == shown["owners"]["south"]["breaches"] != []
    status, said, _ = asked("north=60")
    assert status == 0 and len(said) == 1 and "north" not in said[0]
    status, said, _ = asked("25")
    assert status == 3 and [line.partition(":")[0] for line in said] == list(OWNERS)


def exchanged(folder: Path, *files: str) -> list[str]:
    """What a run in the clear warns of, with these files of records."""
    inputs = [f"--input=w0={folder / 'w0.npy'}", *(f"--input={file}" for file in files)]
    done = call("simulate", str(folder / "loan.ccr"), *inputs, "--seed", "1")
    return [line for line in done.stderr.splitlines() if line.startswith("warning: ")]


def test_files_that_look_exchanged_are_warned_of(folder: Path) -> None:
    right = [f"{owner}.{name}={folder / f'{owner}-{name}.csv'}" for owner in OWNERS for name in ("loans", "kept")]
    assert exchanged(folder, *right) == []
    north, south = folder / "north-loans.csv", folder / "south-loans.csv"
    assert exchanged(folder, f"north.loans={south}", f"south.loans={north}", *right[1::2]) == [
        f"warning: {south} is given for north.loans, and called after south: are these north's records?",
        f"warning: {north} is given for south.loans, and called after north: are these south's records?",
    ]
    plain = folder / "loans.csv"
    plain.write_bytes(north.read_bytes())
    assert exchanged(folder, f"north.loans={plain}", f"south.loans={plain}", *right[1::2]) == [
        f"warning: {plain} is given for north.loans and for south.loans: have both owners the same records?"
    ]
    assert not _names("northern.csv", "north") and _names("2026_North.parquet", "north")
    assert _names("bank_a.csv", "bank_a") and not _names("bank_ab.csv", "bank_a")


def test_a_contract_refuses_another_owner_s_records(folder: Path, contracts: dict[str, Path]) -> None:
    """Before anybody is met."""
    own = [f"--key={folder / 'north'}.key", f"--cert={folder / 'north'}.crt", f"--ledger={folder / 'north'}.db"]
    inputs = [f"--input=loans={folder / 'south-loans.csv'}", f"--input=kept={folder / 'north-kept.csv'}"]
    under = [f"--contract={contracts['north']}", "--listen=127.0.0.1:0", "--json"]
    done = call("run", str(folder / "loan.ccr"), "--as=north", *own, *inputs, *under)
    assert done.exit_code == 3 and json.loads(done.stdout)["error"]["code"] == "other-data"
    assert "south-loans.csv is given for loans, and called after south" in done.stderr
