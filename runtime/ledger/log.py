"""The log that a ledger's owner hands to others: JSON lines, one event each.

The first line says whose ledger it is, the last one is a signed head (`checkpoint.py`); each line between them holds an
event as others see it, its number, its salt, and the hash of all events up to it (`chain.py`).  Every line is in the
one spelling of `canonical.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, Literal

from pydantic import ValidationError

from runtime.contract import canonical
from runtime.contract.fields import Digest, Key, public_key
from runtime.contract.refused import Refused
from runtime.contract.terms import Model
from runtime.ledger import chain
from runtime.ledger.checkpoint import signed
from runtime.ledger.store import Ledger
from runtime.net.keys import Identity

LARGEST = 1 << 27  # bytes; some 200 000 events
LONGEST = 1 << 17  # bytes of a line, its break among them; an event has at most half as many


class Header(Model):
    format: Literal["ccr log 1"] = "ccr log 1"
    key: Key  # of the ledger's owner
    ledger: Digest  # its name


def lines(ledger: Ledger, owner: Identity, now: datetime) -> list[bytes]:
    """The whole log, each line with its break.

    Raises Refused: too-large, and if the ledger was tampered with or the clock is behind it.
    """
    ledger.books().in_time(now)
    name, events = ledger.told()
    found = [_line(Header(key=public_key(owner.certificate), ledger=name).model_dump(mode="json"))]
    head = chain.start(name)
    for number, told in enumerate(events, 1):
        head = chain.follow(head, told.leaf)
        found.append(_line({"event": told.event, "hash": head, "number": number, "salt": told.salt}))
    found.append(_line(signed(name, len(events), head, owner, now).model_dump(mode="json")))
    if sum(map(len, found)) > LARGEST:
        raise Refused("too-large", f"the log would have more than the {LARGEST} bytes that are read again")
    return found


def read(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file that anybody may have made, each with its break if it has one.

    A line that is too long is cut, which its missing break tells, and is the last one.  Raises Refused (too-large).
    """
    size = 0
    while line := file.readline(LONGEST):
        size += len(line)
        if size > LARGEST:
            raise Refused("too-large", f"the log has more than the {LARGEST} bytes of the largest")
        yield line
        if not line.endswith(b"\n"):
            return


def header(document: object) -> Header | None:
    """None where the line is no header of a log."""
    try:
        return Header.model_validate_json(canonical.encode(document), strict=True)
    except ValidationError:
        return None


def _line(document: object) -> bytes:
    return canonical.encode(document) + b"\n"
