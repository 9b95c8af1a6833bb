"""Refusals that repeat one another: so that nobody can fill a disk with them.

One that differs from another in nothing but its time and its amount is counted beside the history, and written down
when there are twice as many as last time, or a day has passed since.  What makes two of them differ is for the owner to
choose, never for a caller.  The counts beside the history are not sealed: whoever edits them changes how often later
events say that it was, and nothing else.
"""

from __future__ import annotations

import sqlite3
from datetime import timedelta

from runtime.ledger.books import Books
from runtime.ledger.events import Denied

DAY = timedelta(days=1)
_MOST = 1 << 40  # as many as an event can say


def due(database: sqlite3.Connection, books: Books, event: Denied) -> Denied | None:
    """The event to be written, with how many there have been; None where it is only counted.  To be called within a
    transaction."""
    database.execute("CREATE TABLE IF NOT EXISTS refusal (about TEXT PRIMARY KEY, times INTEGER)")
    row = database.execute("SELECT times FROM refusal WHERE about = ?", (event.about,)).fetchone()
    last = books.denied.get(event.about)
    counted = row[0] if row and isinstance(row[0], int) else 0
    times = min(max(counted, last.times if last else 0) + event.times, _MOST)
    database.execute("INSERT OR REPLACE INTO refusal VALUES (?, ?)", (event.about, times))
    if last is None or times >= 2 * last.times or event.at - last.at >= DAY:
        return event.model_copy(update={"times": times})
    return None
