"""A contract from keys to the second run, between two processes."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from support.command import BASE, MILLIONAIRES, RECORDS, TUMOUR, Relay, call, finish, port, result, start
from support.contracts import program, write_records
from support.room import Room

from compiler.artifact import encode
from runtime import api


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_an_artifact_is_not_believed(room: Room) -> None:
    """What it says of its mechanisms is whatever its maker wrote; what its text says is compiled here."""
    compiled = program().compiled
    louder = replace(compiled, mechanisms=(replace(compiled.mechanisms[0], noise_multiplier=Fraction(400)),))
    room.program.write_bytes(encode(louder))
    error = room.refused(*room.new("--epsilon", "1"), status=2)
    assert error["code"] == "artifact" and "mechanisms are not what its text makes" in error["message"]


def test_the_first_run_is_charged_and_the_second_refused(room: Room) -> None:
    made = room.agree()
    cost = made["cost"]
    assert made["charge"] == cost and 0 < float(cost["epsilon"]) < 1
    twice = f"{float(cost['epsilon']) * 1.5:.6f}".rstrip("0")
    room.grant(twice, "1e-4")
    assert room.told("contract", "verify", room.contract, "--program", str(room.program))["cost"] == cost

    first = room.meet()
    hospital, vendor = (result(party) for party in first)
    assert hospital["charged"] == cost | {"runs": 1} and vendor["charged"] is None
    assert hospital["contract"] == vendor["contract"] == made["digest"]
    assert hospital["outputs"] == {} and len(vendor["outputs"]["w"]) == 2
    assert vendor["delta"] == 1e-5 and vendor["epsilon"] <= float(cost["epsilon"])
    assert room.charged() == cost

    hospital_process, vendor_process = room.meet()
    status, out, err = finish(hospital_process)
    error = json.loads(out)["error"]
    assert status == 3 and error["code"] == "consumer-budget" and error["sums"]["asked"] == cost
    assert error["sums"]["charged"] == cost and error["sums"]["bound"]["epsilon"] == twice
    assert "what fits: epsilon at most" in error["help"] and "asked: epsilon" in err and "Traceback" not in err
    status, out, err = finish(vendor_process)
    assert status == 3 and json.loads(out) == {
        "error": {
            "code": "PeerRefused",
            "message": "the peer refused the run: its contract or its ledger does not allow it",
        }
    }
    assert cost["epsilon"] not in err and "Traceback" not in err
    assert room.charged() == cost
    events = room.told("budget", "history", *room.ledger)["events"]
    states = [e.get("state", e["kind"]) for e in events]
    assert states == ["granted", "allotted", "contract", "reserved", "labels_sent", "releasing", "released", "refused"]
    assert events[-1]["rule"] == "consumer-budget" and events[-1]["asked"] == cost and events[-1]["data"] == [1]
    assert events[-1]["contract"] == made["digest"] and events[-1]["consumer"] == events[1]["consumer"]


@pytest.mark.slow
def test_a_run_that_did_not_begin_costs_nothing(room: Room) -> None:
    """The vendor comes without the contract."""
    room.agree()
    room.grant("1", "1e-4")
    hospital = start(*room.hospital())
    where = port(hospital)
    other = room.folder / "other.ccrc"
    other.write_bytes(program(RATE="2").artifact)
    vendor = room.vendor(where)
    assert room.refused(vendor[0], str(other), *vendor[2:])["code"] == "other-program"
    without = [a for a in room.vendor(where) if a not in ("--contract", room.contract)]
    done = call(*without, "--peer", str(room.folder / "hospital.crt"))
    assert done.exit_code == 3 and json.loads(done.stdout)["error"]["code"] == "DifferentContracts"
    status, out, _ = finish(hospital)
    assert status == 3 and json.loads(out)["error"]["code"] == "DifferentContracts"
    assert room.charged() == {"epsilon": "0", "delta": "0"}


def test_what_is_refused_before_anybody_is_met(room: Room) -> None:
    run = room.hospital()
    made = room.told(*room.new("--epsilon", "1", "--runs", "3"))
    assert room.refused(*run)["code"] == "unsigned"
    assert "not overwritten" in room.refused(*room.new("--epsilon", "1"), status=2)["message"]
    assert room.sign("hospital")["missing"] == ["vendor"]
    assert room.refused(*run)["code"] == "unsigned"
    assert room.refused("contract", "verify", room.contract)["code"] == "unsigned"
    assert room.sign("vendor") == {"contract": room.contract, "digest": made["digest"], "missing": []}
    assert room.refused(*run)["code"] == "no-ledger"
    other = room.folder / "other.ccrc"
    other.write_bytes(program(NOISE="5").artifact)
    assert room.refused(run[0], str(other), *run[2:])["code"] == "noise-differs"
    assert room.refused(*run, "--peer", str(room.folder / "hospital.crt"))["code"] == "foreign-peer"
    assert "exclude each other" in room.refused(*run, "--seed", "1", status=2)["message"]
    records = room.records.read_text()
    room.records.write_text(records.replace("0.25", "0.125", 1))
    assert room.refused(*run)["code"] == "other-data"
    room.records.write_text(records + "0,0,1\n")
    assert room.refused(*run)["code"] == "other-records"
    room.records.write_text(records)
    good = Path(room.contract).read_text()
    Path(room.contract).write_text(good.replace('"runs":3', '"runs":4'))
    assert room.refused(*run)["code"] == "altered"
    Path(room.contract).write_text(good + " ")
    assert room.refused(*run)["code"] == "not-canonical"
    Path(room.contract).unlink()
    assert "cannot read" in room.refused(*run, status=2)["message"]
    both = ["run", str(room.program), "--contract", room.contract, "--json"]
    assert "cannot read" in room.refused(*both, status=2)["message"]
    Path(room.contract).write_text(good)
    assert "--contract goes with --as" in room.refused(*both, status=2)["message"]


def test_a_tampered_ledger_stops_the_run(room: Room) -> None:
    room.agree()
    room.grant("1", "1e-4")
    ledger = Path(room.ledger[1])
    ledger.with_name("hospital.db.seal").unlink()
    assert room.refused(*room.hospital())["code"] == "seal-missing"
    assert room.refused("budget", "show", *room.ledger)["code"] == "seal-missing"


def test_a_contract_that_no_run_can_meet_is_not_written(room: Room) -> None:
    error = room.refused(*room.new("--epsilon", "0.01"))
    assert error["code"] == "run-budget" and error["sums"]["bound"]["epsilon"] == "0.01"
    assert not Path(room.contract).exists()
    assert "add --epsilon" in room.refused(*room.new(), status=2)["help"]
    reveals = room.new("--epsilon", "1")
    reveals[2] = MILLIONAIRES
    assert "drop --epsilon" in room.refused(*reveals, status=2)["help"]
    for wrong in ("nan", "inf", "0", "-1", "1e999"):
        assert "--epsilon" in room.refused(*room.new("--epsilon", wrong), status=2)["message"]
    assert "neither" in room.refused(*room.new("--epsilon", "1", "--composition", "rdp"), status=2)["message"]
    vendor = ["hospital" if a == "vendor" else a for a in room.new("--epsilon", "1")]
    assert "no party" in room.refused(*[("nurse" if a == "hospital" else a) for a in vendor], status=2)["message"]


def test_two_contracts_do_not_show_that_they_are_about_the_same_records(room: Room) -> None:
    held: list[tuple[str, str]] = []
    for _ in range(2):
        room.told(*room.new("--epsilon", "1"))
        (data,) = json.loads(Path(room.contract).read_text())["terms"]["data"]
        held.append((data["salt"], data["commitment"]))
        Path(room.contract).unlink()
    assert held[0][0] != held[1][0] and held[0][1] != held[1][1]


def test_a_record_that_no_run_could_take_is_told_before_anything_is_signed(room: Room) -> None:
    """In kind, in range, and within the `where` of its field."""
    header, *rows = room.records.read_text().splitlines()
    for bad, words in (("0.75,0.75,1", "above the bound"), ("9,0,1", "out of range"), ("0,0,0.5", "no integer")):
        room.records.write_text("\n".join([header, *rows, bad]) + "\n")
        error = room.refused(*room.new("--epsilon", "1"), status=2)
        assert words in error["message"] and error["row"] == len(rows) + 2
        assert not Path(room.contract).exists()


def test_runs_fixed_beforehand_cost_less_together(room: Room) -> None:
    made = room.told(*room.new("--epsilon", "1", "--runs", "3", "--composition", "pld"))
    one, three = (float(made[name]["epsilon"]) for name in ("cost", "charge"))
    assert one < three < 3 * one and float(made["charge"]["delta"]) == pytest.approx(3e-5)
    shown = call("contract", "show", room.contract).stdout
    assert "PLD composition" in shown and "has not signed" in shown and "hospital learns nothing" in shown


def test_a_new_contract_says_how_products_go(room: Room) -> None:
    done = call(*room.new("--epsilon", "1"))
    assert done.exit_code == 0 and "\nits products are computed as shares\n" in done.stdout


def test_what_a_budget_command_says(room: Room) -> None:
    shown = room.grant("2", "1e-5")["data_sets"][0]
    assert shown["granted"] == shown["left"] == shown["consumers"][0]["left"] == {"epsilon": "2", "delta": "0.00001"}
    text = call("budget", "show", str(room.records), *room.ledger).stdout
    assert "records.csv (data set 1)" in text and "vendor" in text and "basic composition" in text
    again = ["budget", "grant", str(room.records), "--delta", "1e-5", *room.ledger, "--epsilon"]
    assert room.refused(*again, "1")["code"] == "below-allotted"
    assert "--epsilon" in room.refused(*again, "nan", status=2)["message"]
    other = write_records(room.folder / "other.csv", shift=1)
    assert room.refused("budget", "show", str(other), *room.ledger)["code"] == "nothing-granted"
    assert (
        "no such file"
        in room.refused("budget", "grant", "none.csv", "--epsilon", "1", "--delta", "1e-5", *room.ledger, status=2)[
            "message"
        ]
    )
    done = call("budget", "history", *room.ledger)
    assert "granted      records.csv (data set 1): epsilon 2 at delta 0.00001" in done.stdout


@pytest.mark.slow
def test_runs_fixed_beforehand_are_charged_once(room: Room) -> None:
    made = room.told(*room.new("--epsilon", "1", "--runs", "2", "--composition", "pld"))
    room.sign("hospital", "vendor")
    room.grant(made["charge"]["epsilon"], made["charge"]["delta"])
    for _ in range(2):
        hospital, vendor = (result(party) for party in room.meet())
        assert hospital["charged"] == made["charge"] | {"runs": 2} and len(vendor["outputs"]["w"]) == 2
        assert room.charged() == made["charge"]
    hospital, vendor = (finish(party) for party in room.meet())
    assert (hospital[0], vendor[0]) == (3, 3) and json.loads(hospital[1])["error"]["code"] == "contract-runs"


@pytest.mark.slow
def test_kill_9_while_tables_stream(room: Room) -> None:
    """Nothing was released, so the next run gives back what the killed one held: the budget is for one run alone."""
    room.program = room.folder / "long.ccrc"
    room.program.write_bytes(api.compile(TUMOUR, {"STEPS": "500"}, api.Products.GATES).artifact)
    room.records, room.weights = (Path(given.partition("=")[2]) for given in (RECORDS, BASE))
    cost = room.agree("--epsilon", "50")["cost"]
    room.grant(cost["epsilon"], "1e-5")
    for run in range(2):
        hospital = start(*room.hospital())
        relay = Relay(port(hospital), 2_000_000)
        vendor = start(*room.vendor(relay.port))
        relay.wait()
        hospital.kill()
        assert finish(vendor)[0] == 1 and finish(hospital)[0] == -9
        relay.close()
        states = [e.get("state", e["kind"]) for e in room.told("budget", "history", *room.ledger)["events"]][3:]
        assert states == ["reserved", "labels_sent", "aborted", "reserved", "labels_sent"][: 2 + 3 * run]
        assert room.charged() == cost
