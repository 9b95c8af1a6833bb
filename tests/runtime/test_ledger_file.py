"""The ledger's file: edited, cut off, replaced, lost, locked or read by others, it says so and grants nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.ledger_worker import COST, DATA, REQUEST
from support.ledgers import allot, grant, opened, refused, times

from runtime.contract.refused import Refused
from runtime.ledger.books import Books
from runtime.ledger.events import encode
from runtime.ledger.run import Run
from runtime.ledger.store import Ledger


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A ledger with a released run; closed, so that all of it is in its file."""
    with opened(tmp_path, grant(times(COST, 2)), allot(times(COST, 2))) as ledger:
        run = Run.reserve(ledger, REQUEST)
        run.labels_sent()
        run.releasing()
        run.released()
    return tmp_path / "ledger.db"


def edit(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(statement)


def opening(path: Path) -> Books:
    with Ledger(path) as ledger:
        return ledger.books()


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("DELETE FROM event WHERE number > 3", "ledger-truncated"),
        ("DELETE FROM event WHERE number = 6", "ledger-truncated"),
        ("DELETE FROM event", "ledger-truncated"),
        ("DELETE FROM event WHERE number = 4", "ledger-edited"),
        ("UPDATE event SET body = replace(body, '0.5', '9') WHERE number = 1", "ledger-edited"),
        ("UPDATE event SET body = replace(body, 'releasing', 'aborted') WHERE number = 5", "ledger-edited"),
        ("UPDATE event SET mark = 'é' WHERE number = 5", "ledger-edited"),
        ("UPDATE event SET body = x'00' WHERE number = 5", "ledger-edited"),
        ("UPDATE event SET body = zeroblob(1000000) WHERE number = 5", "ledger-edited"),
        ("INSERT INTO event SELECT 7, body, mark FROM event WHERE number = 1", "ledger-edited"),
        ("DROP TABLE event", "ledger-unreadable"),
        ("PRAGMA application_id = 7", "not-a-ledger"),
    ],
)
def test_an_edited_ledger_is_refused(used: Path, statement: str, reason: str) -> None:
    assert opening(used).charged(DATA) == COST
    edit(used, statement)
    refused(lambda: opening(used), reason)


def test_a_truncated_file_is_refused(used: Path) -> None:
    whole = used.read_bytes()
    reasons = set()
    for size in range(0, len(whole), 512):
        used.write_bytes(whole[:size])
        with pytest.raises(Refused) as found:
            opening(used)
        reasons.add(found.value.reason)
        for extra in used.parent.glob("ledger.db-*"):
            extra.unlink()
    assert reasons == {"ledger-damaged", "ledger-truncated", "ledger-edited"}
    used.write_bytes(whole)
    assert opening(used).charged(DATA) == COST


def test_an_older_copy_is_refused(used: Path) -> None:
    older = used.read_bytes()
    with Ledger(used) as ledger:
        Run.reserve(ledger, REQUEST).end()
    used.write_bytes(older)
    refused(lambda: opening(used), "ledger-truncated")


def test_a_ledger_of_a_newer_version_is_refused(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger(used) as ledger:
        monkeypatch.setattr("runtime.ledger.store.encode", lambda event: encode(event).replace("granted", "pledged"))
        ledger.record(lambda _: [grant(times(COST, 3))])
    refused(lambda: opening(used), "ledger-newer")


def test_a_full_disk_ends_the_transaction(used: Path) -> None:
    with Ledger(used) as ledger:
        (pages,) = ledger._database.execute("PRAGMA page_count").fetchone()
        ledger._database.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(Refused, match="full"):
            ledger.record(lambda _: [grant(times(COST, 3))] * 40)
        assert ledger.books().charged(DATA) == COST
        ledger._database.execute(f"PRAGMA max_page_count={pages + 100}")
        ledger.record(lambda _: [grant(times(COST, 3))] * 40)


def test_a_lost_log_is_refused(used: Path, tmp_path: Path) -> None:
    """The newest events are in SQLite's write-ahead log until the last process closes the ledger."""
    with Ledger(used) as ledger:
        Run.reserve(ledger, REQUEST).labels_sent()
        (tmp_path / "copy").mkdir()
        for name in ("ledger.db", "ledger.db.seal"):
            (tmp_path / "copy" / name).write_bytes((tmp_path / name).read_bytes())
    refused(lambda: opening(tmp_path / "copy" / "ledger.db"), "ledger-truncated")


def test_a_ledger_and_its_seal_belong_together(used: Path, tmp_path: Path) -> None:
    seal = tmp_path / "ledger.db.seal"
    good = seal.read_bytes()
    for data, reason in (
        (b"{}", "seal-damaged"),
        (good + b" " * 2000, "seal-damaged"),
        (good.replace(b'"count": 6', b'"count": "6"'), "seal-damaged"),
    ):
        seal.write_bytes(data)
        refused(lambda: opening(used), reason)
    seal.unlink()
    refused(lambda: opening(used), "seal-missing")
    refused(lambda: Ledger(used, create=True).books(), "seal-missing")
    (tmp_path / "new").mkdir()
    opened(tmp_path / "new")
    (tmp_path / "new" / "ledger.db.seal").rename(seal)
    refused(lambda: opening(used), "ledger-edited")
    seal.write_bytes(good)
    used.unlink()
    refused(lambda: opening(used), "ledger-missing")
    refused(lambda: Ledger(used, create=True).books(), "ledger-truncated")


def test_what_is_put_in_its_place_while_it_is_in_use(used: Path, tmp_path: Path) -> None:
    """Only what was added since is verified then; what was known must be there still."""
    seal = tmp_path / "ledger.db.seal"
    good, older = seal.read_bytes(), used.read_bytes()
    with Ledger(used) as ledger:
        known = ledger.known()
    with Ledger(used) as ledger:
        Run.reserve(ledger, REQUEST).end()
    newer, sealed = used.read_bytes(), seal.read_bytes()
    assert known.count == 6
    with Ledger(used, known=known) as ledger:
        assert ledger.books().charged(DATA) == COST and known.count == 8
        refused(lambda: ledger.record(lambda _: [grant(times(COST, 3)), grant(COST)]), "below-allotted")
        assert ledger.books().granted[DATA].budget.spend == times(COST, 2)  # what was refused left nothing
        known = ledger.known()
    seal.write_bytes(good)  # older than what is known: sealed all the same
    with Ledger(used, known=known) as ledger:
        assert ledger.books().charged(DATA) == COST and ledger.known() is known
    used.write_bytes(older)
    seal.write_bytes(sealed)
    with Ledger(used, known=known) as ledger:
        refused(ledger.books, "ledger-edited")
    used.write_bytes(newer)
    (tmp_path / "new").mkdir()
    opened(tmp_path / "new").close()
    seal.write_bytes((tmp_path / "new" / "ledger.db.seal").read_bytes())
    with Ledger(used, known=known) as ledger:
        refused(ledger.books, "ledger-edited")


def test_links_are_followed(used: Path, tmp_path: Path) -> None:
    """Of the seal, to a place where it is safer, and of the ledger, beside which neither seal nor locks lie then."""
    seal, safe, elsewhere = tmp_path / "ledger.db.seal", tmp_path / "safe", tmp_path / "elsewhere"
    for folder in (safe, elsewhere):
        folder.mkdir()
    seal.rename(safe / "seal")
    seal.symlink_to(safe / "seal")
    (elsewhere / "link.db").symlink_to(used)
    before = (safe / "seal").read_bytes()
    with Ledger(elsewhere / "link.db") as ledger:
        run = Run.reserve(ledger, REQUEST)
        with Ledger(used) as same:
            refused(lambda: Run.reserve(same, REQUEST), "consumer-budget")  # it lives, and is seen to
            assert same.books().charged(DATA) == times(COST, 2)
        run.end()
    assert [file.name for file in elsewhere.iterdir()] == ["link.db"]
    assert seal.is_symlink() and (safe / "seal").read_bytes() != before and opening(used).charged(DATA) == COST
    (safe / "seal").rename(safe / "lost")
    assert "where that link leads" in refused(lambda: opening(elsewhere / "link.db"), "seal-missing").help
    used.unlink()
    refused(lambda: Ledger(elsewhere / "link.db"), "ledger-missing")
    used.symlink_to(used)
    with pytest.raises(Refused):
        Ledger(used)


def test_no_ledger(tmp_path: Path) -> None:
    refused(lambda: Ledger(tmp_path / "none.db"), "no-ledger")
    assert not list(tmp_path.iterdir())
    (tmp_path / "text.db").write_text("not a database, but long enough to look at" * 10)
    refused(lambda: Ledger(tmp_path / "text.db"), "ledger-damaged")
    (tmp_path / "file").write_text("")
    refused(lambda: Ledger(tmp_path / "file" / "ledger.db", create=True), "ledger-unwritable")


def test_a_busy_ledger_is_waited_for_and_then_refused(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.ledger.store.PATIENCE", 0.1)
    with Ledger(used) as ledger, closing(sqlite3.connect(used, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused(ledger.books, "ledger-busy")


def test_what_is_recorded_has_reached_the_disk(used: Path) -> None:
    """Each commit is synced: 2 is FULL (sqlite.org/pragma.html)."""
    with Ledger(used) as ledger:
        assert ledger._database.execute("PRAGMA synchronous").fetchone() == (2,)
        assert ledger._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_nobody_else_may_read_it(used: Path) -> None:
    with Ledger(used) as ledger:
        Run.reserve(ledger, REQUEST)
        files = list(used.parent.iterdir())
        assert len(files) >= 5  # the log and the lock of a run among them
        assert all(file.stat().st_mode & 0o077 == 0 for file in files), [(f.name, oct(f.stat().st_mode)) for f in files]


def test_the_seals_key_is_not_shown(used: Path) -> None:
    from runtime.ledger import seal

    found = seal.read(used.with_name("ledger.db.seal"))
    assert found is not None and found.key.hex() not in repr(found) and repr(found.key) not in repr(found)
