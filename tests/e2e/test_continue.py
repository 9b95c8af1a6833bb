"""`ccr run --continue` and a loop in Python, between processes, under a contract: cut, gone on with, and told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.command import HERE, Started, call, finish, port, result, start
from support.contracts import write_records

import ccr

STEPS = 4
SOURCE = f"""party vendor; party hospital;
type Weight = fix<12, 6>;
input w0: Weight[2] from vendor;
dataset records from hospital {{ x: fix<9, 8>[2] where norm2(x) <= 1.0; y: bit; }}
var w = w0;
dpsgd w on records(batch = 4, steps = {STEPS}, clip = 1.0, noise = 4.0, rate = 2.0, release = step) as row {{
    loss logistic(dot(w, row.x), row.y);
}}
output w to vendor;
"""


def done(*arguments: object) -> str:
    found = call(*map(str, arguments))
    assert found.exit_code == 0, found.output
    return found.stdout


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys, records, weights, a ledger with a budget for one run, and a contract that both have signed."""
    room = tmp_path_factory.mktemp("room")
    (room / "told.ccr").write_text(SOURCE)
    (room / "w0.csv").write_text("w\n0.5\n-0.25\n")
    records, ledger = write_records(room / "records.csv"), room / "hospital.db"
    done("compile", room / "told.ccr", "-o", room / "told.ccrc")
    for name in ("hospital", "vendor"):
        done("keys", "new", name, "--folder", room)
    key, cert = f"--key={room / 'hospital.key'}", f"--cert={room / 'hospital.crt'}"
    budget = ("--epsilon", "4", "--delta", "1e-3", "--ledger", ledger)
    done("budget", "grant", records, *budget)
    done("budget", "allot", records, "--to", room / "vendor.crt", *budget)
    new = ("--as", "hospital", key, cert, "--peer", room / "vendor.crt", "--input", f"records={records}")
    terms = ("--epsilon", "4", "--delta", "1e-3", "-o", room / "contract.json")
    done("contract", "new", room / "told.ccrc", *new, *terms)
    for name in ("hospital", "vendor"):
        signer = (f"--key={room / f'{name}.key'}", f"--cert={room / f'{name}.crt'}")
        done("contract", "sign", room / "contract.json", *signer)
    return room


def hospital(room: Path, *more: str) -> Started:
    given = ("--key", room / "hospital.key", "--cert", room / "hospital.crt", "--contract", room / "contract.json")
    own = ("--input", f"records={room / 'records.csv'}", "--ledger", room / "hospital.db", "--json")
    return start(
        "run", str(room / "told.ccrc"), "--as", "hospital", "--listen", f"{HERE}:0", *map(str, (*given, *own)), *more
    )


def vendor(room: Path, at: int, *more: str) -> list[str]:
    given = ("--key", room / "vendor.key", "--cert", room / "vendor.crt", "--contract", room / "contract.json")
    own = ("--input", f"w0={room / 'w0.csv'}", "--ledger", room / "vendor.db", "--json", "--quiet")
    return [
        "run",
        str(room / "told.ccrc"),
        "--as",
        "vendor",
        "--connect",
        f"{HERE}:{at}",
        *map(str, (*given, *own)),
        *more,
    ]


@pytest.mark.slow
def test_a_loop_that_is_left_and_gone_on_with(room: Path) -> None:
    program = ccr.compile(room / "told.ccrc")
    inputs = {"w0": str(room / "w0.csv")}
    heard: list[list[float]] = []

    def session(at: int, goes_on: bool) -> ccr.Session:
        return program.session(
            inputs,
            connection=ccr.Connection(
                room / "vendor.key",
                room / "vendor.crt",
                connect=f"{HERE}:{at}",
                contract=room / "contract.json",
                ledger=room / "vendor.db",
                goes_on=goes_on,
            ),
        )

    with pytest.raises(ccr.Refused) as nothing, session(1, goes_on=True):
        pass
    assert nothing.value.reason == "no-step-log"

    listening = hospital(room)
    with session(port(listening), goes_on=False) as cut:
        for noisy in cut:
            heard.append(noisy["w"].tolist())
            if cut.index == 1:
                break
    status, _, said = finish(listening)
    assert status != 0 and "the peer ended the session: it was ended there" in said

    listening = hospital(room)  # a new run: the contract is for one
    refused = call(*vendor(room, port(listening)))
    assert refused.exit_code == 3 and finish(listening)[0] == 3

    listening = hospital(room, "--continue")
    alone = call(*vendor(room, port(listening)))
    assert "--continue was given there" in alone.stdout and finish(listening)[0] != 0

    listening = hospital(room, "--continue")
    again: list[list[float]] = []
    with session(port(listening), goes_on=True) as whole:
        for noisy in whole:
            again.append(noisy["w"].tolist())
            whole.weights = {"w": np.array([1.0, whole.index])}
    told = result(listening)
    assert again[:2] == heard and len(again) == STEPS
    assert whole.outputs["w"].tolist() == [1.0, STEPS - 1]
    assert told["charged"]["epsilon"] and told["continues"]

    shown = done("budget", "show", "--ledger", room / "hospital.db")
    assert f"{STEPS} of {STEPS} steps told" in shown and "goes on" not in shown
    history = done("budget", "history", "--ledger", room / "hospital.db")
    assert history.count("stepped") == STEPS and "continued" in history
    steps = json.loads(done("budget", "show", "--ledger", room / "hospital.db", "--json"))["data_sets"][0]["steps"]
    assert [(run["told"], run["of"]) for run in steps] == [(STEPS, STEPS)]

    over = call(*vendor(room, 1, "--continue"), "--wait", "1")
    assert over.exit_code != 0
    status, said, _ = finish(hospital(room, "--continue"))
    assert status == 3 and json.loads(said)["error"]["code"] == "all-steps-used"


@pytest.mark.parametrize(("more", "why"), [(("--continue",), "--continue goes with --contract")])
def test_what_continue_goes_with(room: Path, more: tuple[str, ...], why: str) -> None:
    found = call("run", str(room / "told.ccrc"), *more)
    assert found.exit_code == 2 and why in found.output
