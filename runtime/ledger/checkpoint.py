"""What a ledger's owner publishes of its history, so that others can see that it only ever grows.

The seal stands against whoever gets at the ledger's file alone; its owner, or an old backup of both, could take events
back.  A checkpoint holds the marks of all events, which are keyed and tell nothing of them, and a signature under their
number and hash.  Whoever keeps an older one sees whether a newer one goes on where it ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import Field, ValidationError

from runtime.contract import canonical
from runtime.contract.fields import Digest, Key, Signed, Time, public_key
from runtime.contract.refused import Refused
from runtime.contract.sign import private_key
from runtime.contract.terms import Model
from runtime.ledger.store import Ledger
from runtime.net.keys import Identity

LARGEST = 1 << 26  # bytes; a million events
_HEAD = b"ccr checkpoint 1 head\0"
_SIGNED = b"ccr checkpoint 1 signature\0"


class Statement(Model):
    """What is signed."""

    format: Literal["ccr checkpoint 1"] = "ccr checkpoint 1"
    at: Time
    key: Key  # of the ledger's owner
    ledger: Digest  # its name: the mark before its first event
    events: Annotated[int, Field(ge=0, le=1 << 40)]
    head: Digest  # of their marks


class Checkpoint(Model):
    statement: Statement
    signature: Signed
    marks: list[Digest]  # one for each event


def made(ledger: Ledger, owner: Identity, now: datetime) -> Checkpoint:
    """Raises Refused if the ledger was tampered with, or the clock is behind it."""
    ledger.books().in_time(now)
    name, marks = ledger.marks()
    statement = Statement(
        at=now, key=public_key(owner.certificate), ledger=name, events=len(marks), head=_head(name, marks)
    )
    return Checkpoint(statement=statement, signature=private_key(owner).sign(_message(statement)).hex(), marks=marks)


def encode(checkpoint: Checkpoint) -> bytes:
    """The one spelling, with a line break behind it."""
    return canonical.encode(checkpoint.model_dump(mode="json")) + b"\n"


def decode(data: bytes) -> Checkpoint:
    """Raises Refused for anything but what `encode` makes."""
    document = canonical.decode(data.removesuffix(b"\n"), LARGEST)
    try:
        return Checkpoint.model_validate_json(canonical.encode(document), strict=True)
    except ValidationError as error:
        what = error.errors(include_url=False)[0]
        where = ".".join(map(str, what["loc"]))
        raise Refused("no-checkpoint", f"it is no checkpoint of a ledger: {where}: {what['msg']}") from None


def verify(checkpoint: Checkpoint, owner: str) -> None:
    """The owner of this key signed it, and its marks are those that it signed.

    Raises Refused: foreign-signer, altered.
    """
    statement = checkpoint.statement
    if statement.key != owner:
        raise Refused(
            "foreign-signer",
            f"the checkpoint is signed by the key {statement.key}, and the certificate's is {owner}",
            help="ask the ledger's owner for its certificate, and compare it by telephone",
        )
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(owner)).verify(
            bytes.fromhex(checkpoint.signature), _message(statement)
        )
    except InvalidSignature:
        raise Refused("altered", "the checkpoint was changed after it was signed") from None
    if statement.events != len(checkpoint.marks) or statement.head != _head(statement.ledger, checkpoint.marks):
        raise Refused("altered", "the marks of the checkpoint are not those that were signed")


def goes_on(older: Statement, newer: Checkpoint) -> int:
    """How many events the newer checkpoint has more, all behind those of the older one; both are verified.

    Raises Refused: other-ledger, rolled-back, rewritten.
    """
    now = newer.statement
    if older.ledger != now.ledger:
        raise Refused(
            "other-ledger", "the two checkpoints are of two ledgers, and what was spent in one is not in both"
        )
    if now.events < older.events or now.at < older.at:
        raise Refused(
            "rolled-back",
            f"the newer checkpoint, of {now.at:%Y-%m-%d %H:%M:%S} UTC, has {now.events} events, and the older one, of "
            f"{older.at:%Y-%m-%d %H:%M:%S}, {older.events}: the ledger was put back, or they were given the wrong way "
            "round",
        )
    if _head(older.ledger, newer.marks[: older.events]) != older.head:
        raise Refused("rewritten", f"the first {older.events} events are not those of the older checkpoint")
    return now.events - older.events


def _head(ledger: str, marks: Sequence[str]) -> str:
    return hashlib.sha256(_HEAD + bytes.fromhex(ledger) + bytes.fromhex("".join(marks))).hexdigest()


def _message(statement: Statement) -> bytes:
    return _SIGNED + canonical.encode(statement.model_dump(mode="json"))
