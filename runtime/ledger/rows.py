"""The records of known data sets, as keyed marks: what tells that a new file shares some of them.

They lie beside the history, in a table of their own, and an event holds the hash of each data set's marks: a table that
was edited is refused like an edited history.  The key is the ledger's, so whoever gets at the marks alone cannot test
guesses of records with them.
"""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from runtime.contract.refused import Refused
from runtime.data.digests import in_common
from runtime.data.marks import MARK

_KEY = b"ccr ledger rows 1\0"


def derived(key: bytes) -> bytes:
    """The key of marks, from that of the history's chain."""
    return hmac.digest(key, _KEY, "sha256")


def digest(marks: bytes) -> str:
    """What an event says of a data set's marks."""
    return hashlib.sha256(marks).hexdigest()


def keep(database: sqlite3.Connection, data: str, marks: bytes) -> None:
    """To be called within a transaction."""
    database.execute("CREATE TABLE IF NOT EXISTS marks (data TEXT PRIMARY KEY, rows BLOB)")
    database.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (data, marks))


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a known data set has in common with new records."""

    common: int
    known: int  # its records


def shared(database: sqlite3.Connection, known: Mapping[str, str], marks: bytes) -> dict[str, Overlap]:
    """The known data sets that have a record in common with these; `known` has the hash of each one's marks.

    Raises Refused (ledger-edited).
    """
    found = dict[str, Overlap]()
    for data, expected in known.items():
        row = database.execute("SELECT rows FROM marks WHERE data = ?", (data,)).fetchone() if _any(database) else None
        if row is None or not isinstance(row[0], bytes) or digest(row[0]) != expected:
            raise Refused(
                "ledger-edited",
                "the records that the ledger knows are not those that were written there",
                help="restore the ledger from its last good copy together with its seal",
            )
        if common := in_common(marks, row[0], MARK):
            found[data] = Overlap(common, len(row[0]) // MARK)
    return found


def _any(database: sqlite3.Connection) -> bool:
    return database.execute("SELECT 1 FROM sqlite_master WHERE name = 'marks'").fetchone() is not None
