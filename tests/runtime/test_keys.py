"""Identities: made, saved, loaded, refused."""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from support.command import call
from support.contracts import HOSPITAL, edited

from runtime.contract.refused import Refused
from runtime.contract.terms import decode
from runtime.net import keys
from runtime.net.keys import KeyFileError


def test_round_trip_through_files(tmp_path: Path) -> None:
    identity = keys.new("hospital")
    key, certificate = keys.save(identity, tmp_path)
    assert keys.load(key, certificate) == identity
    assert keys.read_certificate(certificate) == identity.certificate
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize("existing", ["hospital.key", "hospital.crt"])
def test_nothing_is_overwritten(tmp_path: Path, existing: str) -> None:
    (tmp_path / existing).write_text("precious")
    with pytest.raises(KeyFileError, match="not overwritten"):
        keys.save(keys.new("hospital"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [existing]
    assert (tmp_path / existing).read_text() == "precious"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot write"):
        keys.save(keys.new("hospital"), tmp_path / "nowhere")


def test_files_that_do_not_belong_together(tmp_path: Path) -> None:
    key, _ = keys.save(keys.new("one"), tmp_path)
    _, certificate = keys.save(keys.new("two"), tmp_path)
    with pytest.raises(KeyFileError, match="not the key of"):
        keys.load(key, certificate)


def test_files_that_are_something_else(tmp_path: Path) -> None:
    key, certificate = keys.save(keys.new("one"), tmp_path)
    text = tmp_path / "text"
    text.write_text("hello")
    with pytest.raises(KeyFileError, match="not a certificate"):
        keys.read_certificate(text)
    with pytest.raises(KeyFileError, match="private key"):
        keys.load(text, certificate)
    with pytest.raises(KeyFileError, match="cannot read"):
        keys.load(tmp_path / "missing", certificate)
    with pytest.raises(KeyFileError, match="not a certificate"):
        keys.load(key, key)


def test_fingerprint_is_the_key_of_what_tls_presents() -> None:
    one, two = keys.new("same"), keys.new("same")
    presented = x509.load_der_x509_certificate(keys.der(one.certificate)).public_key()
    assert isinstance(presented, Ed25519PublicKey)
    assert keys.fingerprint(one.certificate) == presented.public_bytes_raw().hex()
    assert keys.fingerprint(one.certificate) != keys.fingerprint(two.certificate)


ED25519, UNKNOWN = b"\x06\x03\x2b\x65\x70", b"\x06\x03\x2b\x65\x7f"


def pem(der: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


def with_unknown(der: bytes, *which: int) -> bytes:
    """Of the algorithms that the certificate names: 0 and 2 are of its signature, 1 is of its key."""
    parts = der.split(ED25519)
    assert len(parts) == 4
    return parts[0] + b"".join((UNKNOWN if i in which else ED25519) + part for i, part in enumerate(parts[1:]))


def of_another_kind() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "other")])
    day = datetime(2030, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, day, day + timedelta(days=1)).sign(key, SHA256())
    return made.public_bytes(Encoding.DER)


ODD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "another version": (lambda der: der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09"), "version 9"),
    "a key of an unknown kind": (lambda der: with_unknown(der, 1), "unknown kind"),
    "a key of another kind": (lambda _: of_another_kind(), "another kind"),
    "a signature of an unknown kind": (lambda der: with_unknown(der, 0, 2), "another algorithm"),
    "a signature of two kinds": (lambda der: with_unknown(der, 0), "has not signed|another algorithm"),
    "another name in it": (lambda der: der.replace(b"hospital", b"hospitul"), "its own key has not signed"),
    "nothing": (lambda _: b"", "not a certificate"),
}


@pytest.mark.parametrize("name", ODD)
def test_a_certificate_that_is_none_of_ours_is_a_named_error(tmp_path: Path, name: str) -> None:
    spoil, words = ODD[name]
    path = tmp_path / "odd.crt"
    path.write_bytes(pem(spoil(keys.der(keys.new("hospital").certificate))))
    with pytest.raises(KeyFileError, match=words):
        keys.read_certificate(path)
    done = call("keys", "show", str(path), "--json")
    assert done.exit_code == 2 and json.loads(done.stdout)["error"]["code"] == "key" and "odd.crt" in done.stderr


@pytest.mark.parametrize("name", ODD)
def test_a_contract_with_such_a_certificate_is_refused(name: str) -> None:
    certificate = pem(ODD[name][0](keys.der(HOSPITAL.certificate))).decode()
    document = edited(lambda d: d["terms"]["parties"][1].update(certificate=certificate))
    with pytest.raises(Refused) as refused:
        decode(document)
    assert refused.value.reason == "bad-certificate"


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a b", "x" * 65])
def test_names_that_make_no_file_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a key"):
        keys.new(name)


def test_the_key_is_not_shown() -> None:
    identity = keys.new("hospital")
    assert "PRIVATE" not in repr(identity)
    assert "hospital" in repr(identity)
