"""The ledger's file: a history in SQLite, to which events are only ever added, all checks and the adding in one step.

Whoever opens it verifies the whole history against its seal and replays it; after that each change verifies what has
been added since, asks what is to be added, and commits that with synchronous=FULL under the database's one write lock.
Nothing is stored beside the history, so nothing can contradict it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from runtime.contract.refused import Refused
from runtime.files import advice
from runtime.ledger import chain, repeated
from runtime.ledger import rows as row_marks
from runtime.ledger import seal as seals
from runtime.ledger.books import Books
from runtime.ledger.chain import Told
from runtime.ledger.events import Denied, Event, decode, encode
from runtime.ledger.rows import Overlap
from runtime.ledger.seal import Seal

PATIENCE = 30.0  # seconds to wait for other processes
_APPLICATION = 0x63637231  # "ccr1"
_LONGEST_EVENT = 1 << 16

Rows = list[tuple[int, str, str]]


@dataclass(slots=True)
class Known:
    """A history as far as it was verified: up to the event of number `count`, whose mark is `tip`.  It grows with what
    is verified and added later; one thread uses it."""

    key: bytes = field(repr=False)
    count: int
    tip: str
    books: Books
    whole: bool = True  # not while the books hold an event that is not durable


def default_path() -> Path:
    """Where a ledger lies if nobody says another place: the data directory of the XDG base directory specification."""
    base = os.environ.get("XDG_DATA_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "share") / "ccr" / "ledger.db"


class Ledger:
    """An open ledger, and a context that closes it.  One thread uses it; any number of processes may open one file."""

    def __init__(self, path: Path, *, create: bool = False, known: Known | None = None) -> None:
        """With what is `known` of it, only what was added since is verified.

        The seal lies beside the ledger; either may be a link, which is followed.
        Raises Refused: no-ledger, ledger-missing, not-a-ledger, ledger-unreadable, ledger-damaged, ledger-busy.
        """
        self.path = path = _led_to(path)
        self._seal_path = path.with_name(path.name + ".seal")
        self._known = known
        if create:
            _make(path)
        elif not path.exists():
            gone = os.path.lexists(self._seal_path)
            raise Refused(
                "ledger-missing" if gone else "no-ledger",
                f"there is no ledger {path}" + (", but its seal: it was removed" if gone else ""),
                help="restore it" if gone else "`ccr budget grant` makes one, or give --ledger FILE",
            )
        with _told(path):
            self._database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
        try:
            self._prepare()
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """A second call does nothing."""
        self._database.close()

    def history(self) -> list[Event]:
        """All events in their order, verified.  Raises Refused if the ledger was tampered with, or is of a newer
        version."""
        with self._lock():
            rows, _ = self._verified(None)
        return _events(rows)

    def told(self) -> tuple[str, list[Told]]:
        """The name of the ledger, and every event as others may see it; verified."""
        with self._lock():
            rows, seal = self._verified(None)
        return seal.first, list(chain.told(chain.derived(seal.key), (body for _, body, _ in rows)))

    def books(self) -> Books:
        """What the history amounts to; not to be changed.  Raises Refused if the ledger was tampered with."""
        return self.known().books

    def known(self) -> Known:
        """The verified history, for another opening of this ledger to start from."""
        with self._lock():
            return self._replayed()

    def row_key(self) -> bytes:
        """The key of the marks of records (`data.marks`).  Raises Refused."""
        with self._lock():
            return row_marks.derived(self._verified(None)[1].key)

    def shared(self, books: Books, marks: bytes) -> dict[str, Overlap]:
        """The known data sets that have records in common with these.  To be called by `decide`.  Raises Refused."""
        return row_marks.shared(self._database, books.marks, marks)

    def record(self, decide: Callable[[Books], Iterable[Event]], kept: Mapping[str, bytes] | None = None) -> None:
        """Add what `decide` makes of the books, each event before the next is asked for, and the marks that are `kept`
        by data set; durable when this returns.

        Where one event is refused, or `decide` raises, none is added.  Raises Refused.
        """
        with self._lock():
            known = self._replayed()
            self._add(known, decide(known.books))
            for data, marks in (kept or {}).items():
                row_marks.keep(self._database, data, marks)
        known.whole = True
        self._reseal(known.key, known.count)

    def deny(self, event: Denied) -> None:
        """Write a refusal down, or count it where it repeats one (`repeated.py`).  Raises Refused."""
        with self._lock():
            known = self._replayed()
            told = repeated.due(self._database, known.books, event)
            self._add(known, [told] if told else [])
        known.whole = True
        self._reseal(known.key, known.count)

    def _add(self, known: Known, events: Iterable[Event]) -> None:
        """Not durable yet, and the books ahead until it is; to be called within a transaction."""
        seal = Seal(known.key, known.count, known.tip)
        known.whole = False
        for event in events:
            known.books.check(event)
            known.books.take(event)
            body = encode(event)
            known.count, known.tip = known.count + 1, seal.mark(known.tip, known.count + 1, body)
            self._database.execute("INSERT INTO event VALUES (?, ?, ?)", (known.count, body, known.tip))

    def _prepare(self) -> None:
        """Tables and a seal for a new file; a file of something else is refused."""
        with self._lock():
            (application,) = self._database.execute("PRAGMA application_id").fetchone()
            (tables,) = self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if not application and not tables:
                self._database.execute(f"PRAGMA application_id={_APPLICATION}")
                self._database.execute("CREATE TABLE event (number INTEGER PRIMARY KEY, body TEXT, mark TEXT)")
                if seals.read(self._seal_path) is None:
                    seals.write(self._seal_path, Seal.fresh())
            elif application != _APPLICATION:
                raise Refused("not-a-ledger", f"{self.path} is a database, but not a ledger of ccr")

    def _replayed(self) -> Known:
        known = self._known if self._known and self._known.whole else None
        rows, seal = self._verified(known)
        events = _events(rows)
        known = self._known = known or Known(seal.key, 0, seal.first, Books())
        for event in events:
            known.books.take(event)
        known.count, known.tip = seal.count, seal.tip
        return known

    def _verified(self, known: Known | None) -> tuple[Rows, Seal]:
        """What follows upon the known part of the history, and the seal as it would be if it were sealed now."""
        seal = seals.read(self._seal_path)
        if seal is None:
            raise Refused(
                "seal-missing",
                f"the ledger {self.path} has lost its seal: what is in it cannot be trusted",
                help=f"restore {self._seal_path.name} beside it, or where that link leads",
            )
        count, tip = (known.count, known.tip) if known else (0, seal.first)
        if known and (seal.key != known.key or self._mark(count, seal) != tip):
            raise Refused("ledger-edited", "the ledger or its seal was put in another's place while it was in use")
        # Unknown, all: an event that was given a number below 1 is found, too.
        after, at = ("WHERE number > ?", (count,)) if known else ("", ())
        (longest,) = self._database.execute(f"SELECT max(length(body)) FROM event {after}", at).fetchone()
        if (longest or 0) > _LONGEST_EVENT:
            raise Refused("ledger-edited", "the ledger holds an event that is longer than any")
        rows: Rows = self._database.execute(
            f"SELECT number, body, mark FROM event {after} ORDER BY number", at
        ).fetchall()
        sealed = seal.count <= count and self._mark(seal.count, seal) == seal.tip
        return rows, Seal(seal.key, count + len(rows), seal.check(rows, count, tip, sealed))

    def _mark(self, number: int, seal: Seal) -> str:
        """Of one event; empty if there is no such event."""
        if not number:
            return seal.first
        row = self._database.execute("SELECT mark FROM event WHERE number = ?", (number,)).fetchone()
        return row[0] if row else ""

    def _reseal(self, key: bytes, written: int) -> None:
        """Seal what is there, under the lock again: the events had to be durable first; others may have followed."""
        with self._lock():
            number, mark = self._database.execute("SELECT number, mark FROM event ORDER BY number DESC").fetchone() or (
                0,
                "",
            )
            if number < written:
                raise Refused("ledger-truncated", "the ledger was cut off while it was written")
            if written:
                seals.write(self._seal_path, Seal(key, number, mark))

    @contextmanager
    def _lock(self) -> Generator[None]:
        """One write transaction; committed at the end, undone if something raises."""
        with _told(self.path):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._database.execute("ROLLBACK")
                raise


def _events(rows: Rows) -> list[Event]:
    try:
        return [decode(body) for _, body, _ in rows]
    except ValueError:
        raise Refused(
            "ledger-newer",
            "the ledger holds an event that this version of ccr does not know",
            help="install the version that wrote it",
        ) from None


def replay(events: Iterable[Event]) -> Books:
    """What a ledger's history amounts to."""
    books = Books()
    for event in events:
        books.take(event)
    return books


def _led_to(path: Path) -> Path:
    """Where a link leads: what lies beside a ledger lies beside its file, by whatever name it was opened."""
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise Refused("ledger-unreadable", f"cannot follow the link {path}: {error}") from None


def _make(path: Path) -> None:
    """An empty file that only its owner can read, in a folder of the same kind, if they are not there."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise Refused("ledger-unwritable", f"cannot make {path}: {error.strerror}", help=advice(error)) from None


@contextmanager
def _told(path: Path) -> Generator[None]:
    """What SQLite says, as a refusal."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise Refused("ledger-busy", f"the ledger {path} is held by another process", help="try again") from None
        raise Refused("ledger-unreadable", f"the ledger {path} cannot be used: {error}") from None
    except sqlite3.DatabaseError as error:
        raise Refused(
            "ledger-damaged", f"{path} is not a whole ledger: {error}", help="restore the ledger and its seal together"
        ) from None
