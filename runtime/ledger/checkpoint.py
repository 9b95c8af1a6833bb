"""What a ledger's owner signs of its history, so that others can see that it only ever grows.

The seal stands against whoever gets at the ledger's file alone; its owner, or an old backup of both, could take events
back.  A signed head is under the number and the hash of all events (`chain.py`), and is what ends a log (`log.py`).  A
checkpoint holds the hash of each event besides, which tells nothing of it: whoever keeps an older one sees whether a
newer one goes on where it ended, without ever seeing an event.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import Field, ValidationError

from runtime.contract import canonical
from runtime.contract.fields import Digest, Key, Signed, Time, public_key
from runtime.contract.refused import Refused
from runtime.contract.sign import private_key
from runtime.contract.terms import Model
from runtime.ledger import chain
from runtime.ledger.store import Ledger
from runtime.net.keys import Identity

LARGEST = 1 << 26  # bytes; a million events
_SIGNED = b"ccr checkpoint 1 signature\0"


class Statement(Model):
    """What is signed."""

    format: Literal["ccr checkpoint 1"] = "ccr checkpoint 1"
    at: Time
    key: Key  # of the ledger's owner
    ledger: Digest  # its name: the mark before its first event
    events: Annotated[int, Field(ge=0, le=1 << 40)]
    head: Digest  # chain.head of them


class Head(Model):
    statement: Statement
    signature: Signed


class Checkpoint(Head):
    leaves: list[Digest]  # one for each event


def made(ledger: Ledger, owner: Identity, now: datetime) -> Checkpoint:
    """Raises Refused if the ledger was tampered with, or the clock is behind it."""
    ledger.books().in_time(now)
    name, events = ledger.told()
    leaves = [told.leaf for told in events]
    found = signed(name, len(leaves), chain.head(name, leaves), owner, now)
    return Checkpoint(statement=found.statement, signature=found.signature, leaves=leaves)


def signed(ledger: str, events: int, head: str, owner: Identity, now: datetime) -> Head:
    statement = Statement(at=now, key=public_key(owner.certificate), ledger=ledger, events=events, head=head)
    return Head(statement=statement, signature=private_key(owner).sign(_message(statement)).hex())


def encode(checkpoint: Checkpoint) -> bytes:
    """The one spelling, with a line break behind it."""
    return canonical.encode(checkpoint.model_dump(mode="json")) + b"\n"


def decode(data: bytes) -> Checkpoint:
    """Raises Refused for anything but what `encode` makes."""
    return _read(_document(data), Checkpoint)


def decode_head(data: bytes) -> Head:
    """Of a checkpoint, or of the last line of a log.  Raises Refused for anything else."""
    document = _document(data)
    return _read(document, Checkpoint if isinstance(document, dict) and "leaves" in document else Head)


def _document(data: bytes) -> Any:
    return canonical.decode(data.removesuffix(b"\n"), LARGEST)


_Kind = TypeVar("_Kind", bound=Head)


def _read(document: Any, kind: type[_Kind]) -> _Kind:
    try:
        return kind.model_validate_json(canonical.encode(document), strict=True)
    except ValidationError as error:
        what = error.errors(include_url=False)[0]
        where = ".".join(map(str, what["loc"]))
        raise Refused("no-checkpoint", f"it is no checkpoint of a ledger: {where}: {what['msg']}") from None


def verify(checkpoint: Head, owner: str) -> None:
    """The owner of this key signed it, and its events are those that it signed.

    Raises Refused: foreign-signer, altered.
    """
    statement = checkpoint.statement
    if statement.key != owner:
        raise Refused(
            "foreign-signer",
            f"the checkpoint is signed by the key {statement.key}, and not by {owner}",
            help="ask the ledger's owner for its certificate, and compare it by telephone",
        )
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(owner)).verify(
            bytes.fromhex(checkpoint.signature), _message(statement)
        )
    except InvalidSignature:
        raise Refused("altered", "the checkpoint was changed after it was signed") from None
    if isinstance(checkpoint, Checkpoint) and (
        statement.events != len(checkpoint.leaves) or statement.head != chain.head(statement.ledger, checkpoint.leaves)
    ):
        raise Refused("altered", "the events of the checkpoint are not those that were signed")


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
    if chain.head(older.ledger, newer.leaves[: older.events]) != older.head:
        raise Refused("rewritten", f"the first {older.events} events are not those of the older checkpoint")
    return now.events - older.events


def _message(statement: Statement) -> bytes:
    return _SIGNED + canonical.encode(statement.model_dump(mode="json"))
