"""What others are told of a history: each event without what stays at home, and one hash over all of them.

Data sets go by other names, keyed ones: those of older versions were hashes of records, with which anybody could test
guesses.  Each event is hashed with a salt, so that its hash alone tells nothing, not even to whoever guesses the event.
What is hashed is made of the text that the ledger holds, not of what this version reads in it: it stays the same when
events learn to say more.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from runtime.contract import canonical

_KEY = b"ccr ledger log 1\0"
_SALT, _NAME = b"salt\0", b"data\0"
_START, _EVENT, _NEXT = b"ccr log 1 start\0", b"ccr log 1 event\0", b"ccr log 1 next\0"
_RENAMED = ("data", "same_as")
_LEFT_OUT = ("marks",)


@dataclass(frozen=True, slots=True)
class Told:
    """An event as others see it, and the salt that its hash takes; 64 hexadecimal digits."""

    event: Any  # a document of `canonical`
    salt: str

    @property
    def leaf(self) -> str:
        return leaf(self.salt, self.event)


def derived(key: bytes) -> bytes:
    """The key of salts and names, from that of the ledger's seal."""
    return hmac.digest(key, _KEY, "sha256")


def told(key: bytes, bodies: Iterable[str]) -> Iterator[Told]:
    """A history as others see it; `key` is `derived`."""
    for number, body in enumerate(bodies, 1):
        salt = hmac.digest(key, _SALT + number.to_bytes(8, "big"), "sha256").hex()
        yield Told(_abroad(key, json.loads(body)), salt)


def _abroad(key: bytes, document: Any) -> Any:
    if isinstance(document, list):
        return [_abroad(key, value) for value in document]
    if isinstance(document, dict):
        return {
            name: _renamed(key, value) if name in _RENAMED else _abroad(key, value)
            for name, value in document.items()
            if name not in _LEFT_OUT
        }
    return document


def _renamed(key: bytes, data: str | list[str] | None) -> str | list[str] | None:
    if isinstance(data, list):
        return [name(key, one) for one in data]
    return None if data is None else name(key, data)


def name(key: bytes, data: str) -> str:
    """What others are told in place of a data set's name."""
    return hmac.digest(key, _NAME + bytes.fromhex(data), "sha256").hex()


def leaf(salt: str, event: object) -> str:
    """The hash of one event."""
    return hashlib.sha256(_EVENT + bytes.fromhex(salt) + canonical.encode(event)).hexdigest()


def start(ledger: str) -> str:
    """The hash of no events, of the ledger of this name."""
    return hashlib.sha256(_START + bytes.fromhex(ledger)).hexdigest()


def follow(head: str, leaf: str) -> str:
    """The hash of one event more."""
    return hashlib.sha256(_NEXT + bytes.fromhex(head) + bytes.fromhex(leaf)).hexdigest()


def head(ledger: str, leaves: Iterable[str]) -> str:
    """The hash of a history."""
    found = start(ledger)
    for one in leaves:
        found = follow(found, one)
    return found
