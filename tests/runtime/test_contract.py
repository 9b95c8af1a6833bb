"""Contracts: what is signed is what is read, and every forgery is refused for a reason of its own."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from support.contracts import (
    HOSPITAL,
    MALLORY,
    NOW,
    SALT,
    VENDOR,
    content_of,
    contract,
    edited,
    program,
    records,
    terms,
    write_records,
)

from runtime import api
from runtime.contract.agree import with_data, with_parties, with_program
from runtime.contract.commitment import commitment, fresh_salt
from runtime.contract.draft import Holding, terms_for
from runtime.contract.fields import public_key
from runtime.contract.refused import Refused
from runtime.contract.sign import digest, sign, verify
from runtime.contract.terms import Contract, decode, encode
from runtime.net.keys import Identity

GOOD = encode(contract())


def accept(data: bytes) -> None:
    """What a party does with a contract file before it runs."""
    found = decode(data)
    verify(found, NOW)
    with_program(found.terms, program())
    with_parties(found.terms, "hospital", HOSPITAL.certificate, VENDOR.certificate)
    held = records()
    with_data(found.terms, "hospital", {"records": Holding(held.records, SALT, commitment(held, HOSPITAL, SALT))})


def reason(data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        accept(data)
    assert str(refused.value).startswith(f"refused ({refused.value.reason}): ")
    return refused.value.reason


def test_a_good_contract() -> None:
    accept(GOOD)
    assert encode(decode(GOOD)) == GOOD
    assert digest(decode(GOOD).terms) == digest(terms())


def test_the_order_of_signing_does_not_matter() -> None:
    unsigned = Contract(terms=terms(), signatures=())
    assert encode(sign(sign(unsigned, VENDOR), HOSPITAL)) == GOOD
    assert encode(sign(decode(GOOD), VENDOR)) == GOOD


def resigned(change: Callable[[Any], object]) -> bytes:
    """An edit that both parties signed: only what it contradicts can refuse it."""
    return encode(contract(decode(edited(change)).terms))


def put(*path: Any) -> Callable[[Any], None]:
    """An edit: what stands under the path becomes the last argument."""

    def change(document: Any) -> None:
        *way, key, value = path
        for step in way:
            document = document[step]
        document[key] = value

    return change


def drop(*path: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        *way, key = path
        for step in way:
            document = document[step]
        del document[key]

    return change


def mallory_instead(document: Any) -> None:
    put("terms", "parties", 0, "certificate", MALLORY.certificate.decode())(document)
    put("terms", "parties", 0, "key", public_key(MALLORY.certificate))(document)


def carried(names: list[str]) -> Callable[[Any], None]:
    """An edit: the output tells records of these data sets as they are."""

    def change(document: Any) -> None:
        document["terms"]["learns"][0]["carries"] = names
        document["terms"]["reveals"] = ["w"]

    return change


MECHANISM = ("terms", "mechanisms", 0)
FORGED: dict[str, tuple[Callable[[], bytes], str]] = {
    # the signatures
    "nobody signed": (lambda: edited(put("signatures", [])), "unsigned"),
    "one signature flipped": (lambda: edited(put("signatures", 0, "signature", "0" * 128)), "altered"),
    "signature of another length": (lambda: edited(put("signatures", 0, "signature", "00")), "bad-signature"),
    "signed by a third": (lambda: edited(put("signatures", 0, "party", "mallory")), "foreign-signer"),
    "signed by another key": (lambda: edited(put("signatures", 0, "key", "0" * 64)), "other-key"),
    "signed twice": (lambda: edited(lambda d: d["signatures"].append(d["signatures"][0])), "signed-twice"),
    # who and when
    "another vendor": (lambda: edited(mallory_instead), "altered"),
    "another vendor, signed": (
        lambda: encode(sign(sign(Contract(terms=terms(vendor=MALLORY), signatures=()), MALLORY), HOSPITAL)),
        "foreign-peer",
    ),
    "a certificate of another key": (
        lambda: edited(put("terms", "parties", 0, "certificate", MALLORY.certificate.decode())),
        "certificate-of-another-key",
    ),
    "expiry put off": (lambda: edited(put("terms", "expires", "2031-01-01T00:00:00Z")), "altered"),
    "expired": (lambda: resigned(put("terms", "expires", "2029-12-31T12:00:00Z")), "expired"),
    "not yet begun": (lambda: resigned(put("terms", "not_before", "2030-01-02T00:00:00Z")), "not-yet-valid"),
    "a day that is none": (lambda: edited(put("terms", "expires", "2030-02-30T00:00:00Z")), "bad-time"),
    # what it costs
    "epsilon raised": (lambda: edited(put("terms", "privacy", "per_run", "epsilon", "2")), "altered"),
    "epsilon of a run above the total": (
        lambda: edited(put("terms", "privacy", "per_run", "epsilon", "4")),
        "run-above-total",
    ),
    "infinite epsilon": (lambda: edited(put("terms", "privacy", "total", "epsilon", float("inf"))), "not-finite"),
    "epsilon as a float": (lambda: edited(put("terms", "privacy", "total", "epsilon", 3.5)), "float"),
    "epsilon with another spelling": (lambda: edited(put("terms", "privacy", "total", "epsilon", "3.0")), "bad-number"),
    "epsilon zero": (lambda: edited(put("terms", "privacy", "total", "epsilon", "0")), "bad-number"),
    "epsilon negative": (lambda: edited(put("terms", "privacy", "total", "epsilon", "-1")), "bad-number"),
    "delta one": (lambda: edited(put("terms", "privacy", "total", "delta", "1")), "delta-not-below-1"),
    "delta one in n": (lambda: edited(put("terms", "privacy", "total", "delta", "0.05")), "delta-above-one-in-n"),
    "no budget": (lambda: edited(put("terms", "privacy", None)), "budget-missing"),
    "no budget, as if nothing bounded it": (
        lambda: edited(lambda d: (put("terms", "privacy", None)(d), put(*MECHANISM, "bounded", False)(d))),
        "altered",
    ),
    "a budget for what nothing bounds": (lambda: edited(put(*MECHANISM, "bounded", False)), "budget-missing"),
    "records told as they are": (lambda: resigned(carried(["records"])), "other-outputs"),
    "records of nobody": (lambda: edited(carried(["patients"])), "unknown-data"),
    "records told without a reveal": (
        lambda: edited(put("terms", "learns", 0, "carries", ["records"])),
        "unlisted-reveal",
    ),
    "another composition": (lambda: edited(put("terms", "privacy", "composition", "best")), "unknown-choice"),
    # what runs
    "another program": (lambda: resigned(put("terms", "program", "0" * 64)), "other-program"),
    "digest of another length": (lambda: edited(put("terms", "program", "0" * 63)), "bad-digest"),
    "other n": (lambda: edited(put("terms", "data", 0, "records", 40)), "rate-differs"),
    "other n, signed": (
        lambda: resigned(lambda d: (put("terms", "data", 0, "records", 40)(d), put(*MECHANISM, "rate", "1/10")(d))),
        "other-records",
    ),
    "more steps": (lambda: resigned(put(*MECHANISM, "steps", 3)), "steps-differ"),
    "more noise": (lambda: resigned(put(*MECHANISM, "noise_multiplier", "9")), "noise-differs"),
    "another clip": (lambda: resigned(put(*MECHANISM, "clip", "2")), "clip-differs"),
    "fewer slots": (lambda: resigned(put(*MECHANISM, "slots", 4)), "slots-differ"),
    "all records": (lambda: edited(put(*MECHANISM, "whole", True)), "not-all-records"),
    "all of some records": (
        lambda: edited(
            lambda d: (
                put(*MECHANISM, "whole", True)(d),
                put(*MECHANISM, "slots", 4)(d),
                put(*MECHANISM, "rate", "1/5")(d),
            )
        ),
        "not-all-records",
    ),
    "told after each step": (lambda: resigned(put(*MECHANISM, "told", "vendor")), "release-differs"),
    "told to the owner": (lambda: edited(put(*MECHANISM, "told", "hospital")), "told-to-owner"),
    "told to a stranger": (lambda: edited(put(*MECHANISM, "told", "mallory")), "foreign-party"),
    "noise by the vendor": (lambda: resigned(put(*MECHANISM, "drawn_by", "vendor")), "noise-drawn-by-another"),
    "a fraction not in lowest terms": (lambda: edited(put(*MECHANISM, "rate", "2/10")), "bad-number"),
    "no mechanism": (
        lambda: resigned(lambda d: (put("terms", "mechanisms", [])(d), put("terms", "privacy", None)(d))),
        "other-mechanisms",
    ),
    "another salt": (lambda: resigned(put("terms", "data", 0, "salt", "0" * 64)), "other-data"),
    "other records": (lambda: resigned(put("terms", "data", 0, "commitment", "0" * 64)), "other-data"),
    "another unit of privacy": (lambda: resigned(put("terms", "data", 0, "unit", "one patient")), "other-privacy"),
    "told to others": (
        lambda: resigned(put("terms", "learns", 0, "receivers", ["vendor", "hospital"])),
        "other-outputs",
    ),
    "reveals an unknown output": (lambda: edited(put("terms", "reveals", ["x"])), "reveals-nothing-known"),
    # how it is written
    "an unknown field": (lambda: edited(put("terms", "note", "x")), "unknown-field"),
    "a missing field": (lambda: edited(drop("terms", "expires")), "missing-field"),
    "a number for a text": (lambda: edited(put("terms", "program", 7)), "wrong-type"),
    "a key twice": (lambda: GOOD.replace(b'"terms":', b'"terms":{},"terms":', 1), "duplicate-key"),
    "a number as 3e0": (lambda: GOOD.replace(b'"runs":3', b'"runs":3e0'), "float"),
    "a number as 03": (lambda: GOOD.replace(b'"runs":3', b'"runs":03'), "not-json"),
    "spaces": (lambda: GOOD.replace(b'":', b'": '), "not-canonical"),
    "an escape": (lambda: GOOD.replace(b"hospital", b"\\u0068ospital", 1), "not-canonical"),
    "not ASCII": (lambda: GOOD.replace(b"one record", "öne record".encode()), "not-ascii"),
    "too long": (lambda: GOOD + b" " * (1 << 16), "too-large"),
    "too deep": (lambda: b"[" * 20 + b"]" * 20, "nested-too-deep"),
    "much too deep": (lambda: b"[" * 60000, "nested-too-deep"),
    "another format": (lambda: edited(put("terms", "format", "ccr contract 1")), "other-format"),
}


@pytest.mark.parametrize("name", FORGED)
def test_forged(name: str) -> None:
    make, why = FORGED[name]
    assert reason(make()) == why


def test_twenty_reasons_are_told_apart() -> None:
    assert len({why for _, why in FORGED.values()}) >= 30


def test_no_byte_can_be_changed() -> None:
    """Whichever byte it is and whatever it becomes; 600 of them, from the first to the last but the line break."""
    draw = random.Random(1)
    for _ in range(600):
        spoiled = bytearray(GOOD)
        spoiled[draw.randrange(len(GOOD) - 1)] ^= draw.randrange(1, 256)
        with pytest.raises(Refused):
            accept(bytes(spoiled))


def test_every_field_of_the_terms_is_signed() -> None:
    """Whatever leaf is changed to another value that the models allow, the file is refused."""
    found = decode(GOOD).terms
    for other in (
        found.model_copy(update={"program": "1" * 64}),
        found.model_copy(update={"expires": found.expires + timedelta(seconds=1)}),
        found.model_copy(update={"data": (found.data[0].model_copy(update={"commitment": "1" * 64}),)}),
    ):
        with pytest.raises(Refused, match="altered"):
            verify(Contract(terms=other, signatures=decode(GOOD).signatures), NOW)


def test_a_reveal_must_be_listed(tmp_path: Path) -> None:
    path = tmp_path / "reveals.ccr"
    path.write_text(
        "party vendor; party hospital;\ninput a: uint<8> from vendor; input b: uint<8> from hospital;\n"
        "output sum = reveal(a + b) to vendor;\n"
    )
    certificates = {"vendor": VENDOR.certificate, "hospital": HOSPITAL.certificate}
    found = terms_for(api.compile(path), certificates, {}, None, NOW, NOW + timedelta(days=1))
    assert found.reveals == ("sum",) and found.privacy is None and found.unbounded() == {}
    with_program(found, api.compile(path))
    with pytest.raises(Refused) as refused:
        with_program(found.model_copy(update={"reveals": ()}), api.compile(path))
    assert refused.value.reason == "unlisted-reveal" and "`sum`" in refused.value.what


def test_signing_takes_a_party() -> None:
    with pytest.raises(Refused) as refused:
        sign(Contract(terms=terms(), signatures=()), MALLORY)
    assert refused.value.reason == "foreign-signer"


# -- the identity of data


def test_content_is_the_records_and_nothing_else(tmp_path: Path) -> None:
    path = write_records(tmp_path / "records.csv")
    found = content_of(path)
    header, *rows = path.read_text().splitlines()
    other = tmp_path / "other.csv"
    for same in (
        "\r\n".join(["x0,x_1,y", *(row.replace("0.5", ".50") for row in reversed(rows))]),
        "\n".join(["y,age,x[1],x[0]", *("{2},7,{1},{0}".format(*row.split(",")) for row in rows)]),
        "\n".join([header, *("{}01,{}e0,{}".format(*row.split(",")) for row in rows)]),  # on one grid
    ):
        other.write_text(same)
        assert content_of(other) == found
    for different in (
        [*rows, rows[0]],
        [*rows[1:], "0.25,0,0"],
        [rows[0].replace("-0.375,0.0", "0.0,-0.375"), *rows[1:]],
    ):
        other.write_text("\n".join([header, *different]))
        assert content_of(other).digest != found.digest
    assert found.digest not in repr(found)


def test_a_commitment_tells_nothing_without_the_key() -> None:
    held = records()
    own = commitment(held, HOSPITAL, SALT)
    assert own == commitment(held, HOSPITAL, SALT) != commitment(held, MALLORY, SALT)
    assert own != commitment(held, HOSPITAL, fresh_salt())  # two contracts do not show that they are about one data set
    assert held.digest.encode() not in GOOD
    assert own != commitment(dataclasses.replace(held, digest="0" * 64), HOSPITAL, SALT)


def test_keys_of_another_kind_are_refused() -> None:
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="Ed25519"):
        commitment(records(), Identity("rsa", b"", private), SALT)
