"""A log held against itself, a checkpoint that somebody kept, and the rules of the ledger; without the ledger.

Whatever is wrong is told with its line.  A line that does not fit is taken at its word afterwards, so that the lines
behind it are held against it and not against what it should have been.  The rules are asked event by event, as the
ledger asked them, up to the first line that is damaged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from runtime.contract import canonical
from runtime.contract.refused import Refused
from runtime.ledger import chain, log
from runtime.ledger.books import Books
from runtime.ledger.checkpoint import Head, verify
from runtime.ledger.events import CutOff, Granted, Moved, Reserved, Unbounded, decode

MOST = 100  # damages that are told
_ENTRY = frozenset({"event", "hash", "number", "salt"})


@dataclass(frozen=True, slots=True)
class Damage:
    line: int
    code: str  # one word for each kind; a rule of the ledger where it is one that was broken
    what: str


@dataclass(slots=True)
class Audit:
    """What has been found; `line` and `head` are the last ones read, the head empty where a line does not tell it."""

    signer: str | None
    held: Head | None
    line: int = 0
    events: int = 0
    head: str = ""
    header: log.Header | None = None
    end: Head | None = None
    books: Books = field(default_factory=Books)
    grants: list[Granted] = field(default_factory=list[Granted])
    damages: list[Damage] = field(default_factory=list[Damage])  # what the events add up to is not known behind one
    breaches: list[Damage] = field(default_factory=list[Damage])  # of the ledger's rules
    refused: set[str] = field(default_factory=set[str])  # runs that should not have been

    @property
    def is_log(self) -> bool:
        """Does any line say so, or is there none at all: a log of which nothing is left?"""
        return not self.line or self.header is not None or self.end is not None or self.events > 0

    @property
    def told(self) -> list[Damage]:
        """All that is wrong, in the order of the lines."""
        return sorted((*self.damages, *self.breaches), key=lambda damage: damage.line)

    def damage(self, code: str, what: str) -> None:
        self.damages.append(Damage(self.line, code, _plain(what)))

    def breach(self, refused: Refused) -> None:
        sums = "".join(f"; {name} {amount}" for name, amount in refused.sums.items())
        self.breaches.append(Damage(self.line, refused.reason, _plain(f"{refused.what}{sums}")))


def _plain(text: str) -> str:
    """Without anything that would steer a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


def audit(lines: Iterable[bytes], *, signer: str | None = None, held: Head | None = None) -> Audit:
    """The lines of a log (`log.read`), which its `signer` is expected to have signed, and which goes on from `held`.

    Raises Refused where `held` is not signed by whoever it names, and as `log.read`.
    """
    if held is not None:
        verify(held, held.statement.key)
    done = Audit(signer, held)
    for line in lines:
        done.line += 1
        if len(done.damages) + len(done.breaches) >= MOST:
            break
        _line(done, line)
    else:
        _ended(done)
    return done


def _line(done: Audit, line: bytes) -> None:
    if done.end is not None:
        done.damage("behind-the-end", "a line stands behind the signed head that ends a log")
        return
    if not line.endswith(b"\n"):
        what = f"the line is longer than {log.LONGEST} bytes" if len(line) >= log.LONGEST else "the line is cut off"
        done.damage("cut-off", what)
        done.head = ""
        return
    try:
        document = canonical.decode(line[:-1], log.LONGEST)
    except Refused as refused:
        done.damage(refused.reason, refused.what)
        done.head = ""
        return
    if done.line == 1:
        _header(done, document)
    elif isinstance(document, dict) and "statement" in document:
        _signed(done, document)
    else:
        _entry(done, document)


def _header(done: Audit, document: object) -> None:
    done.header = log.header(document)
    if done.header is None:
        done.damage("no-log", "a log begins with a line that says its format, whose it is and of which ledger")
        return
    done.head = chain.start(done.header.ledger)
    if done.signer is not None and done.signer != done.header.key:
        done.damage("foreign-signer", f"the log is of the key {done.header.key}, and not of {done.signer}")
    if done.held is not None:
        kept = done.held.statement
        if kept.ledger != done.header.ledger:
            done.damage("other-ledger", "the checkpoint that was kept is of another ledger")
        if kept.key != done.header.key:
            done.damage("foreign-signer", f"the checkpoint that was kept is of the key {kept.key}")
        _kept(done)


def _entry(done: Audit, document: Any) -> None:
    if not (isinstance(document, dict) and document.keys() == _ENTRY and _hashes(document)):
        done.damage("no-event", "the line is no event of a log, nor the signed head that ends one")
        done.head = ""
        return
    leaf = chain.leaf(document["salt"], document["event"])
    if done.head and document["number"] != done.events + 1:
        done.damage("out-of-order", f"event {document['number']} stands where event {done.events + 1} belongs")
    elif done.head and chain.follow(done.head, leaf) != document["hash"]:
        done.damage("altered", f"the hash of event {document['number']} is not of it and the ones before it")
    done.events, done.head = document["number"], document["hash"]
    _kept(done)
    if not done.damages:
        _event(done, document["event"])


def _hashes(document: dict[str, Any]) -> bool:
    """Its fields have the kinds that they should."""
    number = document["number"]
    hexadecimal = all(
        isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef")
        for text in (document["hash"], document["salt"])
    )
    return hexadecimal and type(number) is int and number > 0 and isinstance(document["event"], dict)


def _event(done: Audit, document: object) -> None:
    try:
        event = decode(canonical.encode(document).decode())
    except ValidationError:
        done.damage("unknown-event", "the event is none that this version of ccr knows")
        return
    if isinstance(event, Moved | CutOff) and event.run in done.refused:
        return  # told already
    try:
        done.books.check(event)
    except Refused as refused:
        done.breach(refused)
        if isinstance(event, Reserved | Unbounded):
            done.refused.add(event.run)
        return  # what should not have happened is not added up
    done.books.take(event)
    if isinstance(event, Granted):
        done.grants.append(event)


def _kept(done: Audit) -> None:
    """The log has come to where the checkpoint was made that somebody kept."""
    kept = None if done.held is None else done.held.statement
    if kept is not None and kept.events == done.events and kept.head != done.head:
        done.damage("rewritten", f"the first {kept.events} events are not those of the checkpoint that was kept")


def _signed(done: Audit, document: object) -> None:
    try:
        done.end = end = Head.model_validate_json(canonical.encode(document), strict=True)
        verify(end, end.statement.key if done.header is None else done.header.key)
    except (ValidationError, Refused) as error:
        what = error.what if isinstance(error, Refused) else "it is no signed head of a log"
        done.damage(error.reason if isinstance(error, Refused) else "no-checkpoint", what)
        return
    said = end.statement
    if done.header is not None and said.ledger != done.header.ledger:
        done.damage("other-ledger", "the signed head is of another ledger than the log")
    if said.events != done.events or (done.head and said.head != done.head):
        done.damage("altered", f"what was signed is {said.events} events, and not the {done.events} that stand here")
    if not done.damages:
        try:
            done.books.in_time(said.at)
        except Refused as refused:
            done.breach(refused)


def _ended(done: Audit) -> None:
    if done.end is None:
        done.damage("unsigned", "the log ends without the signed head that should end it: its end was cut off")
    if done.held is not None and done.held.statement.events > done.events:
        done.damage(
            "rolled-back",
            f"the log has {done.events} events, and the checkpoint that was kept {done.held.statement.events}",
        )
