"""Identities: made, saved, loaded, refused."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

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


def test_fingerprint_is_the_digest_of_what_tls_presents() -> None:
    one, two = keys.new("same"), keys.new("same")
    assert keys.fingerprint(one.certificate) == hashlib.sha256(keys.der(one.certificate)).hexdigest()
    assert keys.fingerprint(one.certificate) != keys.fingerprint(two.certificate)


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a b", "x" * 65])
def test_names_that_make_no_file_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a key"):
        keys.new(name)


def test_the_key_is_not_shown() -> None:
    identity = keys.new("hospital")
    assert "PRIVATE" not in repr(identity)
    assert "hospital" in repr(identity)
