"""Named stops on the command line: a contract is written with them, a run that was cut is ended, and told as such."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from support.command import call
from support.contracts import NOW, VENDOR
from support.ledgers import refused
from support.step_runs import RECORDS, STEPS, Room, program

from runtime.cli.drafting import stops_given
from runtime.cli.options import UsageError
from runtime.contract.cost import after, cost, endings
from runtime.contract.refused import Refused
from runtime.contract.stops import fit
from runtime.contract.terms import decode, encode
from runtime.ledger.events import State
from runtime.ledger.store import Ledger
from runtime.net.frames import Frame

STOPS = (2, STEPS)


@pytest.fixture(autouse=True)
def in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for clock in ("party.ledger_permit", "ledger.run", "cli.budgets", "cli.contracts", "cli.trails"):
        monkeypatch.setattr(f"runtime.{clock}.now", lambda: NOW)


def done(*arguments: object) -> str:
    found = call(*map(str, arguments))
    assert found.exit_code == 0, found.output
    return found.stdout


def test_a_run_is_cut_and_ended(tmp_path: Path) -> None:
    room = Room(tmp_path, stops=STOPS)
    contract, ledger = tmp_path / "contract.json", ("--ledger", room.ledger)
    contract.write_bytes(encode(room.contract))
    room.meet(cut=(Frame.NOISY_SUM, 1))
    shown: Any = json.loads(done("budget", "show", *ledger, "--json"))
    [step] = shown["data_sets"][0]["steps"]
    assert step["told"] == 1 and not step["ended"] and Fraction(step["gives_back"]) > 0
    assert f"`ccr budget end` gives epsilon {step['gives_back']} back" in done("budget", "show", *ledger)

    ended: Any = json.loads(done("budget", "end", contract, *ledger, "--json"))
    assert (ended["steps"], ended["of"], ended["given_back"]) == (1, STEPS, step["gives_back"])
    part = Fraction(1, 2 * 10**5)
    assert Fraction(ended["charged"]["epsilon"]) == cost(program().compiled, {"records": 20}, part, told=2).epsilon
    shown = json.loads(done("budget", "show", *ledger, "--json"))["data_sets"][0]
    assert shown["charged"] == ended["charged"] and shown["steps"][0]["ended"]
    assert shown["runs"]["stopped"] == 1
    assert "1 of 4 steps told, ended for good" in done("budget", "show", *ledger)
    assert f"ended for good, epsilon {ended['given_back']} of " in done("budget", "report", *ledger)
    assert "stopped" in done("budget", "history", *ledger)

    done("keys", "new", "hospital", "--folder", tmp_path)
    own = (f"--key={tmp_path / 'hospital.key'}", f"--cert={tmp_path / 'hospital.crt'}")
    done("budget", "export", tmp_path / "log.jsonl", *own, *ledger)
    done("budget", "audit", tmp_path / "log.jsonl", "--signer", tmp_path / "hospital.crt")
    again = call("budget", "end", str(contract), *map(str, ledger), "--json")
    assert again.exit_code == 3 and json.loads(again.stdout)["error"]["code"] == "run-ended"
    assert "given back then" in again.stderr and "contract new" not in again.stderr
    assert "after 1 of 4 steps" in refused(lambda: room.meet(continues=True), "run-ended").what
    hospital, _ = room.meet()
    assert isinstance(hospital, Refused) and hospital.reason == "contract-runs"


def test_what_cannot_be_ended_is_told_of_its_own(tmp_path: Path) -> None:
    """The help was that of `ccr run --continue`: of another ledger, and of a run that is over."""
    room = Room(tmp_path, stops=STOPS)
    contract = tmp_path / "contract.json"
    contract.write_bytes(encode(room.contract))
    own = ("budget", "end", str(contract), "--ledger", str(room.ledger))
    before = call(*own)
    assert before.exit_code == 3 and f"is {room.ledger} the ledger of that run?" in before.stderr
    room.meet()
    over = call(*own)
    assert over.exit_code == 3 and "all 4 steps of the run have been told" in over.stderr
    for done_ in (before, over):
        assert "--continue" not in done_.stderr and "contract new" not in done_.stderr
    assert "a run that is over gives nothing back" in over.stderr


def test_a_run_that_is_ended_while_its_session_lives_steps_no_further(tmp_path: Path) -> None:
    """Whoever has lost its lock: what is given back was never told, and what was told is charged."""
    room = Room(tmp_path, stops=STOPS)

    def drive(made: Any) -> Any:
        if made.index == 0:
            [lock] = tmp_path.glob("ledger.db.run-*")
            lock.unlink()
            (tmp_path / "contract.json").write_bytes(encode(room.contract))
            done("budget", "end", tmp_path / "contract.json", "--ledger", room.ledger)
        return made.after

    hospital, _ = room.meet(drive=drive)
    assert isinstance(hospital, Refused) and hospital.reason == "run-state"
    with Ledger(room.ledger) as opened:
        books = opened.books()
        [(name, state)] = books.states.items()
        assert state is State.STOPPED and books.sessions.spent[name] == 1 == len(room.told)


def keyed(path: Path) -> tuple[str, ...]:
    done("keys", "new", "hospital", "--folder", path)
    (path / "vendor.crt").write_bytes(VENDOR.certificate)
    own = ("--as", "hospital", f"--key={path / 'hospital.key'}", f"--cert={path / 'hospital.crt'}")
    return (*own, "--peer", str(path / "vendor.crt"), "--input", f"records={RECORDS}")


def written(path: Path, *more: str) -> Any:
    (path / "told.ccrc").write_bytes(program().artifact)
    bounds = ("--epsilon", "4", "--delta", "1e-5", "--ledger", str(path / "new.db"), "-o", str(path / "new.json"))
    return call("contract", "new", str(path / "told.ccrc"), *keyed(path), *bounds, *more)


def test_a_contract_is_written_with_stops(tmp_path: Path) -> None:
    found = written(tmp_path, "--stops", "1,3,4")
    assert found.exit_code == 0, found.output
    said = found.stdout.splitlines()
    assert (
        "  a run may be ended for good, and then costs less, at these steps, each with its part of delta: "
        "1 (0.0000033333333), 3 (0.0000033333333), 4 (0.0000033333334)"
    ) in said
    terms = decode((tmp_path / "new.json").read_bytes()).terms
    assert terms.privacy is not None
    costs = endings(program().compiled, {"records": 20}, terms.privacy.named)
    for steps, (at, _) in zip((1, 3), costs, strict=False):
        [line] = [line for line in said if line.startswith(f"  ended after step {steps}, or before: ")]
        assert str(after(costs, at, terms.privacy.per_run.delta)) in line
    assert f"one run costs {after(costs, STEPS, terms.privacy.per_run.delta)}" in found.stdout
    shown = done("contract", "show", tmp_path / "new.json")
    assert "1 (0.0000033333333), 3 (0.0000033333333), 4 (0.0000033333334)" in shown


def test_the_parts_of_delta_may_be_stated(tmp_path: Path) -> None:
    assert written(tmp_path, "--stops", "1=1e-6,4=9e-6").exit_code == 0
    privacy = decode((tmp_path / "new.json").read_bytes()).terms.privacy
    assert privacy is not None and privacy.named == ((1, Fraction(1, 10**6)), (4, Fraction(9, 10**6)))


WRONG = {
    "1,2,3": (3, "the last stop is at step 3, and a run has 4 steps"),
    "4": (3, "1 stop: there may be 2 to 64"),
    "3,1,4": (3, "do not ascend"),
    "0,4": (2, "`0` is not a number of steps"),
    "1=1e-6,4=1e-6": (3, "add up to 0.000002, and a run has 0.00001"),
    "1=1e-5,4": (2, "--stops"),
    "1,x,4": (2, "`x` is not a number of steps"),
    "": (2, "is not a number of steps"),
}


@pytest.mark.parametrize("stops", WRONG)
def test_stops_that_cannot_be(tmp_path: Path, stops: str) -> None:
    status, why = WRONG[stops]
    found = written(tmp_path, "--stops", stops)
    assert found.exit_code == status and why in found.stderr, found.stderr
    assert not (tmp_path / "new.json").exists()
    if stops != "1=1e-5,4":
        (tmp_path / "told.ccrc").write_bytes(program().artifact)
        asked = call("privacy", str(tmp_path / "told.ccrc"), "--records", "20", "--delta", "1e-5", "--stops", stops)
        assert asked.exit_code == status and why in asked.stderr, asked.stderr


def test_runs_that_are_charged_together_have_none(tmp_path: Path) -> None:
    found = written(tmp_path, "--stops", "1,4", "--runs", "2", "--composition", "pld")
    assert found.exit_code == 3 and "cannot be ended one by one" in found.stderr


def test_what_stops_cost_is_told_beforehand(tmp_path: Path) -> None:
    (tmp_path / "told.ccrc").write_bytes(program().artifact)
    asked = ("privacy", tmp_path / "told.ccrc", "--records", 20, "--delta", "1e-5", "--stops", "2,4")
    found: Any = json.loads(done(*asked, "--json"))["stops"]
    part = Fraction(1, 2 * 10**5)
    for stop, steps in zip(found, STOPS, strict=True):
        whole = cost(program().compiled, {"records": 20}, part, told=steps)
        assert (stop["steps"], Fraction(stop["epsilon"]), Fraction(stop["delta"])) == (steps, whole.epsilon, 2 * part)
        assert f"ended after step {steps}, or before: epsilon {stop['epsilon']} at delta 0.00001 (zero" in done(*asked)
    assert Fraction(found[0]["epsilon"]) < Fraction(found[1]["epsilon"])


def test_a_stop_without_its_part_of_delta_is_named() -> None:
    with pytest.raises(UsageError, match="the stop at 6 has no part of delta"):
        stops_given("2=1e-6,6", Fraction(1, 10**5))


@pytest.mark.parametrize(
    ("named", "steps", "help"),
    [
        ([(2, Fraction(1)), (6, Fraction(1))], 0, "leave --stops out"),
        ([(2, Fraction(1)), (6, Fraction(1))], 6, "let their parts add up to the whole: --delta"),
        ([(2, Fraction(1)), (4, Fraction(1))], 6, "name them in ascending order"),
    ],
)
def test_what_mends_stops_that_do_not_fit(named: list[tuple[int, Fraction]], steps: int, help: str) -> None:
    with pytest.raises(Refused) as found:
        fit(named, steps, Fraction(1))
    assert help in str(found.value.help)
