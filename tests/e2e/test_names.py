"""Who is who: one fingerprint everywhere, an impostor and an alteration told by name, a revocation that holds."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.bare import BARE
from support.command import ROOT, call, finish, port, result, start
from support.room import Room

from runtime import api


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def fingerprint(room: Room, name: str) -> str:
    found: str = room.told("keys", "show", str(room.folder / f"{name}.crt"))["fingerprint"]
    return found


def peer(room: Room, name: str) -> list[str]:
    return ["--peer", str(room.folder / f"{name}.crt")]


def test_a_fingerprint_is_the_same_64_digits_everywhere(room: Room) -> None:
    vendor, hospital = fingerprint(room, "vendor"), fingerprint(room, "hospital")
    assert re.fullmatch("[0-9a-f]{64}", vendor) and vendor != hospital
    room.agree()
    room.grant("1", "1e-4")
    show, history = ["budget", "show", *room.ledger], ["budget", "history", *room.ledger]
    for place in (["contract", "show", room.contract], ["contract", "verify", room.contract]):
        assert vendor in call(*place).stdout and hospital in call(*place).stdout, place
    for place in (show, history, [*show, "--json"], [*history, "--json"]):
        assert vendor in call(*place).stdout, place
    signed = call("contract", "sign", room.contract, *room.keys("hospital"))
    assert vendor in signed.stdout and "ask by telephone" in signed.stdout
    error = room.refused(*room.hospital(), *peer(room, "hospital"))
    assert error["code"] == "foreign-peer" and vendor in error["message"] and hospital in error["message"]
    short = re.compile(r"(?<![0-9a-f])(?:" + "|".join((vendor[:16], hospital[:16])) + r")(?![0-9a-f])")
    assert not any(short.search(call(*place).stdout) for place in (show, history, ["contract", "show", room.contract]))


@pytest.fixture
def impostor(room: Room) -> Room:
    """Somebody else wrote a contract as the hospital, signed it, and sent it to the vendor."""
    shutil.copy(room.folder / "hospital.crt", room.folder / "telephoned.crt")
    for ending in ("key", "crt"):
        (room.folder / f"hospital.{ending}").unlink()
    room.told("keys", "new", "hospital", "--folder", str(room.folder))
    room.told(*room.new("--epsilon", "1"))
    room.sign("hospital")
    return room


def test_an_impostors_contract_is_refused_by_name(impostor: Room) -> None:
    room, sign = impostor, ["contract", "sign", impostor.contract, *impostor.keys("vendor")]
    before = Path(room.contract).read_bytes()
    error = room.refused(*sign, *peer(room, "telephoned"))
    assert error["code"] == "foreign-peer"
    assert fingerprint(room, "telephoned") in error["message"] and fingerprint(room, "hospital") in error["message"]
    assert Path(room.contract).read_bytes() == before
    room.told(*sign)  # who does not compare is told whom it has signed with
    verify = ["contract", "verify", room.contract]
    assert room.refused(*verify, *peer(room, "telephoned"))["code"] == "foreign-peer"
    room.told(*verify, *peer(room, "hospital"))
    room.told(*sign, *peer(room, "hospital"))


def test_no_help_advises_to_leave_a_check_out(impostor: Room) -> None:
    error = impostor.refused(*impostor.hospital(), *peer(impostor, "telephoned"), status=3)
    assert error["code"] == "unsigned"
    impostor.sign("vendor")
    error = impostor.refused(*impostor.hospital(), *peer(impostor, "telephoned"))
    assert error["code"] == "foreign-peer" and "telephone" in error["help"]
    source = "".join(path.read_text() for path in (ROOT / "runtime").rglob("*.py"))
    assert not re.search(
        r"(?i)(leave|drop|omit|without) (out )?--(peer|contract|ledger)\b|--peer out|as they stand\"", source
    )


def edited(room: Room, old: str, new: str) -> None:
    text = Path(room.contract).read_text()
    assert old in text
    Path(room.contract).write_text(text.replace(old, new))


def test_show_and_sign_say_what_was_altered(room: Room) -> None:
    room.told(*room.new("--epsilon", "1", "--runs", "3"))
    room.sign("hospital")
    shown = room.told("contract", "show", room.contract)
    assert shown["standing"] == {"vendor": "missing", "hospital": "signed"}
    edited(room, '"runs":3', '"runs":4')
    done = call("contract", "show", room.contract)
    assert done.exit_code == 3 and "refused (altered)" in done.stderr and "`hospital`" in done.stderr
    assert re.search(r"hospital: fingerprint [0-9a-f]{64}, ITS SIGNATURE IS NOT UNDER THIS TEXT", done.stdout)
    assert "vendor: fingerprint" in done.stdout and "has not signed" in done.stdout
    told = json.loads(call("contract", "show", room.contract, "--json").stdout)
    assert told["standing"] == {"vendor": "missing", "hospital": "altered"}
    for party in ("vendor", "hospital"):
        error = room.refused("contract", "sign", room.contract, *room.keys(party))
        assert error["code"] == "altered" and "`hospital`" in error["message"]


def test_whose_signature_holds_tells_what_was_changed(room: Room) -> None:
    room.agree()
    signed, copy = Path(room.contract).read_text(), room.folder / "copy.json"
    copy.write_text(signed)

    document = json.loads(signed)
    document["signatures"][0]["signature"] = "0" * 128  # that of the hospital
    Path(room.contract).write_text(json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n")
    error = room.refused("contract", "verify", room.contract)
    assert error["code"] == "altered" and "`vendor` signed exactly this text" in error["message"]
    assert f"its text is that of {copy}" in call("contract", "show", room.contract, "--against", str(copy)).stdout

    document = json.loads(signed)
    document["terms"]["expires"] = "2041-01-01T00:00:00Z"
    document["terms"]["mechanisms"][0]["clip"] = "7"
    Path(room.contract).write_text(json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n")
    error = room.refused("contract", "verify", room.contract)
    assert error["code"] == "altered" and "the text was changed after they signed" in error["message"]
    told = json.loads(call("contract", "show", room.contract, "--against", str(copy), "--json").stdout)
    assert [difference.split(":")[0] for difference in told["differences"]] == ["expires", "mechanisms.0.clip"]
    assert (
        "mechanisms.0.clip: 7 here, 1 there" in call("contract", "show", room.contract, "--against", str(copy)).stdout
    )
    error = room.refused("contract", "verify", room.contract, "--program", str(room.program))
    assert error["code"] == "clip-differs"


@pytest.mark.parametrize("party", ["hospital", "vendor"])
def test_either_side_revokes_for_good(room: Room, party: str) -> None:
    room.agree()
    room.grant("1", "1e-4")
    own = Path(room.contract).read_bytes()
    ledger = room.ledger if party == "hospital" else ["--ledger", str(room.folder / "vendor.db")]
    vendor = [*room.vendor(9), "--ledger", str(room.folder / "vendor.db"), "--wait", "5"]
    told = room.told("contract", "revoke", room.contract, *room.keys(party), *ledger)
    assert told["revoked_by"] == party
    for run in (room.hospital(), vendor):  # by the file, which the peer is given
        error = room.refused(*run)
        assert error["code"] == "revoked" and f"`{party}`" in error["message"]
    assert f"REVOKED by {party}" in call("contract", "show", room.contract).stdout
    assert room.refused("contract", "verify", room.contract)["code"] == "revoked"
    assert room.refused("contract", "sign", room.contract, *room.keys("vendor"))["code"] == "revoked"
    Path(room.contract).write_bytes(own)  # and by the ledger, where the file is an older one
    for run in (room.hospital(), vendor):  # each has written down what it was given, in a new ledger if it had none
        assert room.refused(*run)["code"] == "revoked"
    events = room.told("budget", "history", *ledger)["events"]
    assert [event["party"] for event in events if event["kind"] == "revoked"] == [party]
    assert "is revoked by" in call("budget", "show", *room.ledger).stdout


def test_a_revocation_is_a_partys_own(room: Room) -> None:
    room.agree()
    room.told("keys", "new", "mallory", "--folder", str(room.folder))
    revoke = ["contract", "revoke", room.contract, *room.keys("mallory"), *room.ledger]
    error = room.refused(*revoke)
    assert error["code"] == "foreign-signer" and fingerprint(room, "mallory") in error["message"]
    document = json.loads(Path(room.contract).read_text())
    document["revocations"] = [document["signatures"][0]]  # a signature under the terms is none under their end
    Path(room.contract).write_text(json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n")
    assert room.refused("contract", "verify", room.contract)["code"] == "altered"


def test_what_costs_infinity_needs_a_contract_and_a_grant_by_name(room: Room) -> None:
    source = room.folder / "bare.ccr"
    source.write_text(BARE)
    room.program.write_bytes(api.compile(source, {"NOISE": "0"}).artifact)
    made = call(*room.new())
    assert made.exit_code == 0 and "`w` costs infinity" in made.stdout and "--reveal w" in made.stdout
    assert "TELLS RECORDS of `records` at an infinite epsilon" in made.stdout
    room.sign("hospital", "vendor")
    room.grant("1", "1e-4")
    error = room.refused(*room.hospital())
    assert error["code"] == "infinite-epsilon" and "--reveal w" in error["help"]
    grant = ["budget", "grant", str(room.records), "--epsilon", "1", "--delta", "1e-4", *room.ledger, "--reveal"]
    assert "name of an output" in room.refused(*grant, "no name", status=2)["message"]
    room.told(*grant, "w")
    hospital, vendor = (result(party) for party in room.meet())
    assert len(vendor["outputs"]["w"]) == 2 and hospital["private"] is vendor["private"] is False
    shown: Any = room.told("budget", "show", *room.ledger)["data_sets"][0]
    assert (shown["reveals"], shown["revealed"]) == (["w"], ["w"]) and shown["runs"]["released"] == 1
    assert "told at an infinite epsilon: `w` in 1 run" in call("budget", "show", *room.ledger).stdout
    events = room.told("budget", "history", *room.ledger)["events"]
    assert [e.get("reveals") for e in events if e["kind"] in ("granted", "unbounded")] == [[], ["w"], ["w"]]
    room.told(*grant[:-1])  # a grant that does not name it takes it back
    assert room.refused(*room.hospital())["code"] == "infinite-epsilon"


def test_noise_that_hides_nothing_costs_infinity_too(room: Room) -> None:
    room.program.write_bytes(api.compile(write_small(room.folder), {"NOISE": "0.000001"}).artifact)
    error = room.refused(*room.new("--epsilon", "1000000"))
    assert error["code"] == "no-privacy"
    made = call(*room.new())
    assert made.exit_code == 0 and "the mechanisms' noise hides nothing" in made.stdout
    room.sign("hospital", "vendor")
    room.grant("1", "1e-4")
    assert room.refused(*room.hospital())["code"] == "infinite-epsilon"
    room.told("budget", "grant", str(room.records), "--epsilon=1", "--delta=1e-4", *room.ledger, "--reveal=w")
    hospital = start(*room.hospital())
    vendor = start(*room.vendor(port(hospital)))
    assert (finish(hospital)[0], finish(vendor)[0]) == (0, 0)


def write_small(folder: Path) -> Path:
    path = folder / "small.ccr"
    path.write_text(BARE.replace("w = reveal(w)", "w"))
    return path
