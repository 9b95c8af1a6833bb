"""What a contract holds of a data set's content: it binds the owner and tells the peer nothing.

The content hash would let the peer test guesses of records, and two neighbouring data sets have different ones, so to
publish it would break the very promise that the contract makes.  A contract holds a PRF of it and of a salt, under a
key that only the data provider can derive: two contracts do not tell whether they are about the same records.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from runtime.contract.sign import private_key
from runtime.data.content import Content
from runtime.net.keys import Identity

_KEY = b"ccr data commitment key 3\0"
_REPORT_KEY = b"ccr de-identification report key 1\0"
_COMMITMENT = b"ccr data commitment 3\0"
_REPORT = b"ccr report commitment 1\0"


def fresh_salt() -> str:
    """For one data set in one contract, 64 hexadecimal digits."""
    return secrets.token_hex(32)


def commitment(content: Content, owner: Identity, salt: str) -> str:
    """HMAC-SHA-256, 64 hexadecimal digits; the same for the same records and salt.

    Raises ValueError if the owner's key is not an Ed25519 key.
    """
    key = _derived(owner, _KEY)
    return hmac.digest(key, _COMMITMENT + bytes.fromhex(salt) + bytes.fromhex(content.digest), "sha256").hex()


def report_key(owner: Identity) -> bytes:
    """The key under which reports of de-identification are tied to records, and named (`data.deidentify.report`).

    Raises ValueError as `commitment`.
    """
    return _derived(owner, _REPORT_KEY)


def report_commitment(report: bytes, owner: Identity, salt: str) -> str:
    """What a contract holds of a report: with its salt, so that two contracts do not tell whether they name one."""
    return hmac.digest(
        report_key(owner), _REPORT + bytes.fromhex(salt) + hashlib.sha256(report).digest(), "sha256"
    ).hex()


def _derived(owner: Identity, purpose: bytes) -> bytes:
    secret = private_key(owner).private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return hmac.digest(secret, purpose, "sha256")
