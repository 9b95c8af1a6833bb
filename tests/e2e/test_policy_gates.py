"""A policy at the three gates of the command: grant, sign, run; each rule at each where it applies, by its name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.bare import BARE
from support.command import EXAMPLES, call, finish, port, result, start
from support.contracts import (
    HOSPITAL,
    NOW,
    ROWS,
    SALT,
    VENDOR,
    contract,
    folder,
    program,
    records,
    terms,
    write_records,
)
from support.policies import policy, write
from support.room import Room

from runtime import api
from runtime.contract.commitment import commitment
from runtime.contract.draft import Holding, terms_for
from runtime.contract.refused import Refused
from runtime.contract.terms import Contract, decode, encode
from runtime.ledger.events import Adopted
from runtime.ledger.store import Ledger
from runtime.party.ledger_permit import Bearer, ContractPermit, permit
from runtime.party.sources import load
from runtime.policy.rules import Rule
from runtime.policy.spell import digest, spell

LAX = {"privacy.epsilon-run": "100", "releases.reveal": '["w"]'}
# What the small program, its 20 records and a contract of three runs of epsilon 1 at delta 1e-5 do not keep.
SIGNING = {
    Rule.PURPOSES: '["research"]',
    Rule.EXPIRES: "2020-12-31",
    Rule.EPSILON_RUN: "0.99",
    Rule.EPSILON_CONSUMER: "2.99",
    Rule.EPSILON_DATA_SET: "2.99",
    Rule.DELTA: "2.9e-5",
    Rule.LEAST_RECORDS: str(ROWS + 1),
    Rule.LEAST_NOISE: "4.1",
    Rule.END: "false",
    Rule.REPORT: "true",
}
GRANTING = {
    Rule.EXPIRES: "2020-12-31",
    Rule.EPSILON_DATA_SET: "0.99",
    Rule.DELTA: "0.9e-4",
    Rule.LEAST_RECORDS: str(ROWS + 1),
    Rule.REVEAL: '["v"]',
}


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def only(rule: Rule, value: str) -> dict[str, str]:
    return {rule.value: value}


def refused_by(room: Room, rule: Rule, *arguments: str) -> None:
    error = room.refused(*arguments)
    assert (error["code"], error["rule"]) == (rule.reason, rule.value)
    assert f"[{rule.section}] {rule.key}" in error["message"] and error["asked"] in error["message"]


def granting(room: Room, *more: str) -> list[str]:
    amount = ["--epsilon", "1", "--delta", "1e-4", "--reveal", "w"]
    return ["budget", "grant", str(room.records), *amount, *room.ledger, *more]


def allotting(room: Room, epsilon: str, delta: str) -> list[str]:
    vendor = ["--to", str(room.folder / "vendor.crt"), "--epsilon", epsilon, "--delta", delta]
    return ["budget", "allot", str(room.records), *vendor, *room.ledger]


# -- grant


def allowed(room: Room) -> list[dict[str, Any]]:
    """What the ledger has, the refusals aside."""
    events = room.told("budget", "history", *room.ledger)["events"]
    return [event for event in events if event["kind"] != "refused"]


@pytest.mark.parametrize("rule", GRANTING)
def test_grant(room: Room, rule: Rule) -> None:
    file = write(room.folder / "policy.toml", {"releases.reveal": '["w"]'} | only(rule, GRANTING[rule]))
    refused_by(room, rule, *granting(room, "--policy", file))
    assert not Path(room.ledger[1]).exists() or allowed(room) == []


def test_a_grant_goes_on_under_its_policy(room: Room) -> None:
    """Which the ledger has kept whole: nobody needs the file."""
    file = write(
        room.folder / "policy.toml", LAX | {"privacy.epsilon-data-set": "1", "privacy.epsilon-consumer": "0.5"}
    )
    first = room.told(*granting(room, "--policy", file))["data_sets"][0]
    assert first["policy"]["name"] == "records of tests" and first["policy"]["version"] == 1
    Path(file).unlink()
    refused_by(room, Rule.EPSILON_DATA_SET, *[a if a != "1" else "1.1" for a in granting(room)])
    refused_by(room, Rule.EPSILON_CONSUMER, *allotting(room, "0.6", "1e-5"))
    room.told(*allotting(room, "0.5", "1e-5"))
    events = allowed(room)
    assert [event["kind"] for event in events] == ["adopted", "granted", "allotted"]
    assert events[0]["policy"] == events[1]["policy"] == first["policy"]["digest"]
    other = write(room.folder / "other.toml", LAX | {"policy.name": '"another"'})
    assert room.refused(*granting(room, "--policy", other))["code"] == "other-policy"
    same = write(room.folder / "other.toml", LAX | {"privacy.epsilon-data-set": "9"})
    assert room.refused(*granting(room, "--policy", same))["code"] == "policy-version"
    newer = write(room.folder / "other.toml", LAX | {"policy.version": "2"})
    assert room.told(*granting(room, "--policy", newer))["data_sets"][0]["policy"]["version"] == 2


def test_all_that_is_granted_later_is_under_the_ledgers_policy(room: Room) -> None:
    file = write(room.folder / "policy.toml", LAX | {"privacy.least-records": str(ROWS)})
    room.told(*granting(room, "--policy", file))
    few = room.folder / "few.csv"
    few.write_text("x[0],x[1],y\n0.5,0.25,1\n")
    other = [str(few) if a == str(room.records) else a for a in granting(room, "--distinct")]
    refused_by(room, Rule.LEAST_RECORDS, *other)
    another = write(room.folder / "another.toml", {"policy.name": '"another"', "releases.reveal": '["w"]'})
    room.told(*other, "--policy", another)
    few.write_text("x[0],x[1],y\n0.25,0.5,0\n")
    error = room.refused(*other)
    assert error["code"] == "policy-left-out" and "`records of tests` and `another`" in error["message"]


# -- sign


@pytest.mark.parametrize("rule", SIGNING)
def test_sign(room: Room, rule: Rule) -> None:
    """By whoever writes it, and by whoever signs what was written under that policy without being held against it."""
    strict = only(rule, SIGNING[rule])
    file, lax = write(room.folder / "policy.toml", strict), write(room.folder / "lax.toml", LAX)
    refused_by(room, rule, *room.new("--epsilon", "1", "--delta", "1e-5", "--runs", "3", "--policy", file))
    assert not Path(room.contract).exists()
    room.told(*room.new("--epsilon", "1", "--delta", "1e-5", "--runs", "3", "--policy", lax))
    written = decode(Path(room.contract).read_bytes()).terms.model_copy(update={"policy": digest(policy(strict))})
    Path(room.contract).write_bytes(encode(Contract(terms=written, signatures=())))
    for party in ("hospital", "vendor"):
        signing = ["contract", "sign", room.contract, *room.keys(party)]
        refused_by(room, rule, *signing, "--policy", file)
        assert room.refused(*signing, "--policy", lax)["code"] == "other-policy"
    assert room.refused("contract", "sign", room.contract, *room.keys("hospital"))["code"] == "policy-missing"


def test_sign_what_no_mechanism_protects(room: Room) -> None:
    room.program = room.folder / "bare.ccr"
    room.program.write_text(BARE.replace("NOISE = 4.0", "NOISE = 0"))
    file = write(room.folder / "policy.toml")
    refused_by(room, Rule.REVEAL, *room.new("--policy", file))
    room.told(*room.new("--policy", write(room.folder / "lax.toml", LAX)))


def test_sign_without_a_report(room: Room) -> None:
    """Which has to be of these records, by these rules, and to have passed."""
    asked = LAX | {"deidentification.report": "true", "deidentification.direct": '["name"]'}
    file = write(room.folder / "policy.toml", asked)
    looser = write(room.folder / "looser.toml", LAX | {"deidentification.report": "true"})
    stricter = write(
        room.folder / "stricter.toml",
        asked | {"deidentification.quasi-identifiers": '["y"]', "deidentification.k": "15"},
    )
    other = write_records(room.folder / "other.csv", shift=1)
    report = room.folder / "report.json"
    new = room.new("--epsilon", "1", "--policy", file)
    refused_by(room, Rule.REPORT, *new)
    for data, rules, passes, reason in (
        (room.records, looser, True, "report-not-passed"),
        (other, file, True, "report-of-other-records"),
        (room.records, stricter, False, "report-not-passed"),
    ):
        checking = ["data", "check", str(data), "--policy", rules, "--report", str(report), *room.keys("hospital")]
        assert call(*checking).exit_code == (0 if passes else 3)
        assert room.refused(*new, "--report", f"records={report}")["code"] == reason
    report.write_text("{}")
    assert room.refused(*new, "--report", f"records={report}", status=2)["code"] == "input"
    assert "no data set" in room.refused(*new, "--report", f"patients={report}", status=2)["message"]
    room.told("data", "check", str(room.records), "--policy", file, "--report", str(report), *room.keys("hospital"))
    names: list[str] = []
    for _ in range(2):
        room.told(*new, "--report", f"records={report}")
        shown = room.told("contract", "show", room.contract)
        names.append(shown["terms"]["data"][0]["report"])
        assert (
            f"`records` has a passing report of de-identification, {names[-1]}"
            in call("contract", "show", room.contract).stdout
        )
        Path(room.contract).unlink()
    assert names[0] != names[1]  # nobody sees that it is one report


def test_a_contract_tells_what_it_is_for(room: Room) -> None:
    rules = LAX | {"policy.purposes": '["research"]'}
    file, name = write(room.folder / "policy.toml", rules), digest(policy(rules))
    new = room.new("--epsilon", "1", "--policy", file, "--purpose")
    assert "small letters" in room.refused(*new, "Research!", status=2)["help"]
    refused_by(room, Rule.PURPOSES, *new, "marketing")
    room.told(*new, "research")
    room.told("contract", "sign", room.contract, *room.keys("hospital"), "--policy", file)
    room.sign("vendor")  # whose records are not at stake
    shown, verified = room.told("contract", "show", room.contract), room.told("contract", "verify", room.contract)
    assert (shown["terms"]["purpose"], shown["terms"]["policy"]) == ("research", name)
    assert (verified["purpose"], verified["policy"], verified["reports"]) == ("research", name, {})
    copy = room.folder / "copy.json"
    found = decode(Path(room.contract).read_bytes())
    copy.write_bytes(encode(found.model_copy(update={"terms": found.terms.model_copy(update={"purpose": "teaching"})})))
    assert room.told("contract", "show", room.contract, "--against", str(copy))["differences"] == [
        "purpose: research here, teaching there"
    ]


def test_a_contract_about_records_of_the_ledger_is_made_under_their_policy(room: Room) -> None:
    strict = LAX | {"privacy.epsilon-run": "0.9"}
    room.told(*granting(room, "--policy", write(room.folder / "policy.toml", strict)))
    refused_by(room, Rule.EPSILON_RUN, *room.new("--epsilon", "1", *room.ledger))
    other = write(room.folder / "other.toml", LAX | {"policy.name": '"another"'})
    assert room.refused(*room.new("--epsilon", "1", *room.ledger, "--policy", other))["code"] == "other-policy"
    room.told(*room.new("--epsilon", "0.9", *room.ledger))
    assert decode(Path(room.contract).read_bytes()).terms.policy == digest(policy(strict))
    room.told("contract", "sign", room.contract, *room.keys("hospital"), *room.ledger)
    Path(room.contract).unlink()
    room.told(*room.new("--epsilon", "1"))
    signing = ["contract", "sign", room.contract, *room.keys("hospital")]
    assert room.refused(*signing, *room.ledger)["code"] == "policy-left-out"


# -- run


def asked(
    rules: Mapping[str, str], given: bool, tmp_path: Path, party: str = "hospital", **made: str
) -> ContractPermit:
    """The permit of a run under a contract that names this policy; both have signed it."""
    found, ledger = policy(rules), tmp_path / "ledger.db"
    agreed = contract(terms(policy=digest(found), **made))
    files = {"records": str(folder() / "records.csv")}
    identity, peer = (HOSPITAL, VENDOR) if party == "hospital" else (VENDOR, HOSPITAL)
    loaded = load(program().compiled, frozenset({party}), files) if party == "hospital" else {}
    bearer = Bearer(party, identity, peer.certificate)
    allowed = permit(agreed, program(), bearer, files, ledger, loaded, found if given else None)
    assert isinstance(allowed, ContractPermit)
    return allowed


@pytest.fixture
def in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.party.ledger_permit.now", lambda: NOW)
    monkeypatch.setattr("runtime.party.ruled.now", lambda: NOW)


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize("party", ["hospital", "vendor"])
@pytest.mark.parametrize("rule", SIGNING)
def test_run(tmp_path: Path, rule: Rule, party: str) -> None:
    """Before anybody is met, and by either party that has the policy."""
    with pytest.raises(Refused) as refused:
        asked(only(rule, SIGNING[rule]), True, tmp_path, party)
    assert refused.value.reason == rule.reason


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize("rule", SIGNING)
def test_run_by_what_the_ledger_remembers(tmp_path: Path, rule: Rule) -> None:
    found = policy(only(rule, SIGNING[rule]))
    event = Adopted(
        at=NOW, policy=digest(found), name=found.name, issued_by=found.issued_by, version=1, text=spell(found)
    )
    with Ledger(tmp_path / "ledger.db", create=True) as ledger:
        ledger.record(lambda _: [event])
    with pytest.raises(Refused) as refused:
        asked(only(rule, SIGNING[rule]), False, tmp_path)
    assert refused.value.reason == rule.reason


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize("rule", [Rule.REVEAL, Rule.EPSILON_RUN])
def test_run_what_no_mechanism_protects(tmp_path: Path, rule: Rule) -> None:
    """It has no epsilon that could be compared; its name alone lets it through."""
    text, found = tmp_path / "bare.ccr", policy(only(rule, '["v"]' if rule is Rule.REVEAL else "1"))
    text.write_text(BARE.replace("NOISE = 4.0", "NOISE = 0"))
    built, held = api.compile(text), records()
    holding = {"records": Holding(held.records, SALT, commitment(held, HOSPITAL, SALT))}
    certificates = {"vendor": VENDOR.certificate, "hospital": HOSPITAL.certificate}
    valid = NOW, NOW + timedelta(days=1)
    agreed = contract(terms_for(built, certificates, holding, None, *valid, policy=digest(found)))
    files = {"records": str(folder() / "records.csv")}
    loaded = load(built.compiled, frozenset({"hospital"}), files)
    with pytest.raises(Refused, match="an output that no mechanism protects: w is asked") as refused:
        permit(agreed, built, Bearer("hospital", HOSPITAL, VENDOR.certificate), files, tmp_path / "x", loaded, found)
    assert refused.value.reason == "policy-reveal"


@pytest.mark.usefixtures("in_time")
def test_run_without_the_policy(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="policy-missing"):
        asked(LAX, False, tmp_path)
    assert asked(LAX, False, tmp_path, "vendor").contract


def test_a_policy_that_expires_while_the_run_is_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the peer has come, and before an output opens."""
    monkeypatch.setattr("runtime.party.ledger_permit.now", lambda: NOW)
    given = asked({"policy.expires": f"{NOW:%Y-%m-%d}"}, True, tmp_path, "vendor")
    for step in (given.opening, given.releasing):
        monkeypatch.setattr("runtime.party.ledger_permit.now", lambda: NOW)
        step()
        monkeypatch.setattr("runtime.party.ledger_permit.now", lambda: NOW + timedelta(days=1))
        with pytest.raises(Refused) as refused:
            step()
        assert refused.value.reason == "policy-expires"


def test_runs_under_a_policy(room: Room) -> None:
    """The second would be too much for one consumer, whom the owner has allotted more; no side gives the file then."""
    file = write(
        room.folder / "policy.toml", LAX | {"policy.purposes": '["research"]', "privacy.epsilon-consumer": "1"}
    )
    cost = room.told(*room.new("--epsilon", "0.9", "--purpose", "research", "--policy", file))["cost"]
    room.told(*granting(room, "--policy", file))
    room.told(*allotting(room, "0.9", "1e-4"))
    room.told("contract", "sign", room.contract, *room.keys("hospital"), "--policy", file)
    room.sign("vendor")
    other = write(room.folder / "other.toml", LAX)
    assert room.refused(*room.hospital("--policy", other))["code"] == "other-policy"
    hospital = start(*room.hospital("--policy", file))
    vendor = start(*room.vendor(port(hospital), "--policy", file))
    assert result(hospital)["charged"] == cost | {"runs": 1} and len(result(vendor)["outputs"]["w"]) == 2
    started = next(e for e in room.told("budget", "history", *room.ledger)["events"] if e["kind"] == "reserved")
    assert (started["purpose"], started["policy"]) == (
        "research",
        room.told("contract", "show", room.contract)["terms"]["policy"],
    )

    tighter = write(
        room.folder / "tighter.toml", LAX | {"policy.version": "2", "privacy.epsilon-consumer": cost["epsilon"]}
    )
    room.told(*granting(room, "--policy", tighter))
    assert room.refused(*room.hospital())["code"] == "other-policy"
    Path(room.contract).unlink()
    room.told(*room.new("--epsilon", cost["epsilon"], *room.ledger))
    room.told("contract", "sign", room.contract, *room.keys("hospital"), *room.ledger)
    room.sign("vendor")
    first, second = room.meet()
    status, out, err = finish(first)
    error = json.loads(out)["error"]
    assert status == 3 and (error["code"], error["rule"]) == ("policy-epsilon-consumer", "privacy.epsilon-consumer")
    assert "all runs of this consumer, with this one" in err
    status, out, _ = finish(second)
    assert status == 3 and json.loads(out)["error"]["code"] == "PeerRefused" and "policy" not in out
    assert room.charged() == cost


def test_options_that_mean_nothing(room: Room) -> None:
    file = write(room.folder / "policy.toml")
    alone = ["run", str(room.program), "--input", f"records={room.records}", "--policy", file]
    assert room.refused(*alone, status=2)["message"] == "--policy goes with --contract"
    Path(file).write_text("[policy]\nnam = 1\n")
    for arguments in (granting(room), room.new("--epsilon", "1"), ["policy", "show", file]):
        more = [] if arguments[0] == "policy" else ["--policy", file]
        error = room.refused(*arguments, *more, status=2)
        assert error["code"] == "input" and "unknown key `nam` in [policy]" in error["message"]
        assert (error["file"], error["row"], error["help"]) == (file, 2, "did you mean `name`?")


def test_a_program_that_measures_is_checked(tmp_path: Path) -> None:
    """What is measured states its own number of records."""
    file = write(tmp_path / "policy.toml", LAX | {"releases.measures": "1"})
    measured = str(EXAMPLES / "tumour" / "measured.ccr")
    asked = ("policy", "check", file, measured, "--records", "455", "--purpose", "research")
    done = call(*asked)
    assert done.exit_code == 0, (done.stdout, done.stderr)
    none = write(tmp_path / "none.toml", LAX | {"releases.measures": "0"})
    assert "measures of a run: 1 is asked, at most 0" in call("policy", "check", none, *asked[3:]).stdout
