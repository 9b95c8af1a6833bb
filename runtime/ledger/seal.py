"""The seal beside a ledger: the key of its history's chain, and how long the history was when it was last sealed.

The chain shows that no event was changed, taken out of the middle or put in; the seal, that none was cut off the end
and that the file is not an older copy.  It lies beside the ledger with the same rights: it stands against whoever
gets at the ledger's file alone, not against one who owns both.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lang.numerals import counted
from runtime.contract.refused import Refused
from runtime.files import PRIVATE, advice, replace_bytes

KEY_BYTES = 32
_START = b"ccr ledger 1\0"
_LARGEST = 1024


@dataclass(frozen=True, slots=True)
class Seal:
    key: bytes = field(repr=False)
    count: int  # events
    tip: str  # the last one's mark; that of nothing if there is none

    @staticmethod
    def fresh() -> Seal:
        key = secrets.token_bytes(KEY_BYTES)
        return Seal(key, 0, _first(key))

    def mark(self, before: str, number: int, body: str) -> str:
        """HMAC-SHA-256 over the mark before, the event's number (from 1) and the event; 64 hexadecimal digits."""
        return hmac.digest(self.key, bytes.fromhex(before) + number.to_bytes(8, "big") + body.encode(), "sha256").hex()

    @property
    def first(self) -> str:
        """The mark before the first event: the public name of the ledger."""
        return _first(self.key)

    def check(
        self, rows: Sequence[tuple[object, object, object]], known: int = 0, mark: str = "", sealed: bool = False
    ) -> str:
        """The last mark of a history (number, event, mark), of which `known` events that end in `mark` were checked
        before and are left out, the sealed one among them if `sealed`.

        Raises Refused: ledger-edited, ledger-truncated.
        """
        mark = mark or self.first
        sealed |= self.count == 0
        for place, (number, body, marked) in enumerate(rows, known + 1):
            mark = self.mark(mark, place, body) if isinstance(body, str) else ""
            if number != place or mark != marked:
                raise Refused(
                    "ledger-edited",
                    f"event {place} of the ledger is not what was written there",
                    help="restore the ledger from its last good copy together with its seal",
                )
            sealed |= place == self.count and mark == self.tip
        if not sealed:
            raise Refused(
                "ledger-truncated",
                f"the ledger has {counted(known + len(rows), 'event')}, but {self.count} had been written: "
                "its end was cut off, or it is an older copy",
                help="restore the newest ledger and seal",
            )
        return mark


def _first(key: bytes) -> str:
    """The mark before the first event."""
    return hmac.digest(key, _START, "sha256").hex()


def read(path: Path) -> Seal | None:
    """None if there is none.  Raises Refused (seal-damaged)."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Refused("ledger-unreadable", f"cannot read {path}: {error.strerror}", help=advice(error)) from None
    try:
        if len(data) > _LARGEST:
            raise ValueError
        fields = json.loads(data)
        seal = Seal(bytes.fromhex(fields["key"]), fields["count"], fields["tip"])
        if len(seal.key) != KEY_BYTES or type(seal.count) is not int or len(bytes.fromhex(seal.tip)) != KEY_BYTES:
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise Refused(
            "seal-damaged", f"{path} is not the seal of a ledger", help="restore the ledger and its seal together"
        ) from None
    return seal


def write(path: Path, seal: Seal) -> None:
    """Durably, in one step.  To be called by one process at a time.  Raises Refused (ledger-unwritable)."""
    data = json.dumps({"count": seal.count, "key": seal.key.hex(), "tip": seal.tip}).encode()
    try:
        replace_bytes(path, data, PRIVATE)
    except OSError as error:
        raise Refused("ledger-unwritable", f"cannot write {path}: {error.strerror}", help=advice(error)) from None
