"""Which data set of the ledger a file's records are."""

from __future__ import annotations

from dataclasses import dataclass, field

from runtime.data.marks import MARK, former, marks
from runtime.data.memory import Input
from runtime.ledger.books import Books
from runtime.ledger.rows import digest
from runtime.ledger.store import Ledger


@dataclass(frozen=True, slots=True)
class Held:
    """A file's records: the name that the ledger has for them, or would have, and their marks."""

    data: str = field(repr=False)
    marks: bytes = field(repr=False)

    @property
    def records(self) -> int:
        return len(self.marks) // MARK


def identify(ledger: Ledger, path: Input) -> Held:
    """Records are known by the hash of their marks, in whatever format and order.  Raises InputError and Refused."""
    found, books = marks(path, ledger.row_key()), ledger.books()
    return Held(_name(books, digest(found), path), found)


def _name(books: Books, found: str, path: Input) -> str:
    """Older versions named data sets otherwise, and the first of them kept no marks."""
    if found in books.named:
        return books.named[found]
    if books.unmarked() and (older := former(path)) is not None and older in books.unmarked():
        return older
    return found
