"""A party's identity: an Ed25519 key and a certificate it has signed itself.

There is no certificate authority: each party is given the other's certificate beforehand and accepts no other.  The key
itself is the party's fingerprint, in contracts, ledgers and messages alike: 32 bytes leave nothing to be hashed.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

from runtime.net.errors import KeyFileError, KeyNotWritten

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_VALID_FOR = timedelta(days=3650)
_LARGEST = 1 << 16  # bytes of a file
_CLOCK_SKEW = timedelta(days=1)


@dataclass(frozen=True)
class Identity:
    """A name, a certificate (PEM, public) and its private key (PEM, secret)."""

    name: str
    certificate: bytes
    private_key: bytes = field(repr=False)


def new(name: str) -> Identity:
    """A fresh identity in memory.  A name is 1 to 64 letters, digits, `_`, `-` and `.`; ValueError if not."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"`{name}` cannot name a key: use 1 to 64 letters, digits, `_`, `-` and `.`")
    key = Ed25519PrivateKey.generate()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, None)
    )
    return Identity(
        name,
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def save(identity: Identity, folder: Path) -> tuple[Path, Path]:
    """Write NAME.key (mode 0600) and NAME.crt into an existing folder; the two paths.

    Raises KeyFileError if either exists, and KeyNotWritten if they cannot be written; then neither is there.
    """
    key, certificate = folder / f"{identity.name}.key", folder / f"{identity.name}.crt"
    for path in (key, certificate):
        if path.exists():
            raise KeyFileError(f"{path} exists and is not overwritten; choose another name or folder")
    _write(key, identity.private_key, 0o600)
    try:
        _write(certificate, identity.certificate, 0o644)
    except KeyFileError:
        key.unlink()
        raise
    return key, certificate


def load(key: Path, certificate: Path) -> Identity:
    """The identity of two files written by `save`; KeyFileError if they are unreadable or do not belong together."""
    secret, public = _read(key), read_certificate(certificate)
    parsed = x509.load_pem_x509_certificate(public)
    try:
        private = load_pem_private_key(secret, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError(f"{key} is not an unencrypted private key in PEM form") from error
    if private.public_key() != parsed.public_key():
        raise KeyFileError(f"{key} is not the key of the certificate {certificate}; give the pair made together")
    return Identity(_common_name(parsed), public, secret)


def read_certificate(path: Path) -> bytes:
    """A certificate file in PEM form, as the peer hands it over; KeyFileError if it is not one of `ccr keys new`."""
    data = _read(path)
    try:
        fingerprint(data)
        return x509.load_pem_x509_certificate(data).public_bytes(Encoding.PEM)
    except ValueError as error:
        raise KeyFileError(f"{path} {error}; ask for the .crt file that `ccr keys new` wrote") from None


def fingerprint(certificate: bytes) -> str:
    """The Ed25519 key of a PEM certificate, 64 hexadecimal digits: who a party is, to compare by telephone.

    Raises ValueError, which says what the certificate is instead, unless it is one that this key has signed itself.
    """
    try:
        parsed = x509.load_pem_x509_certificate(certificate)
        key = parsed.public_key()
    except x509.InvalidVersion as error:
        raise ValueError(f"is a certificate of version {error.parsed_version}, which is none of X.509's") from None
    except UnsupportedAlgorithm:
        raise ValueError("is a certificate of a key of unknown kind, not of an Ed25519 key") from None
    except ValueError:
        if b"PRIVATE KEY-----" in certificate:
            raise ValueError("is a secret key, which stays with its owner, not a certificate") from None
        raise ValueError("is not a certificate in PEM form") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("is a certificate of a key of another kind, not of an Ed25519 key")
    if parsed.signature_algorithm_oid != SignatureAlgorithmOID.ED25519:
        raise ValueError("is a certificate signed by another algorithm than Ed25519")
    try:
        parsed.verify_directly_issued_by(parsed)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        raise ValueError("is a certificate that its own key has not signed") from None
    return key.public_bytes_raw().hex()


def der(certificate: bytes) -> bytes:
    """A PEM certificate's DER form, the bytes that TLS presents."""
    return x509.load_pem_x509_certificate(certificate).public_bytes(Encoding.DER)


def _common_name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise KeyFileError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise KeyFileError(f"{path} is no key or certificate: it has more than {_LARGEST} bytes")
    return data


def _write(path: Path, data: bytes, mode: int) -> None:
    try:
        # O_EXCL: a file that appeared in the meantime, or a link, is not followed or overwritten.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        raise KeyNotWritten(f"cannot write {path}: {error.strerror}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except OSError as error:
        path.unlink()
        raise KeyNotWritten(f"cannot write {path}: {error.strerror}") from error
