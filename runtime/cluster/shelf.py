"""A worker's part of its party's records: it reads files of its own, and hands out what its coordinator asks for.

It has a connection of its own: the orders of a run wait for one another and for the peer's worker, and rows do not.
What is read later is what was read at first: files that have changed are told.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from threading import Thread
from typing import assert_never

import numpy as np

from runtime.cluster.orders import MOST_BYTES
from runtime.data.columns import Chosen
from runtime.data.content import DIGEST, digests_of
from runtime.data.errors import InputError
from runtime.data.load import mapped
from runtime.data.marks import marks_of
from runtime.data.partitions import spelled, table_of_parts
from runtime.data.records import encoded_parts
from runtime.data.rows import Form, Spooled
from runtime.data.specs import DatasetSpec
from runtime.data.table import Table
from runtime.data.unchanged import Stamps
from runtime.net.channel import Channel, expect
from runtime.net.errors import NetworkError, ProtocolError
from runtime.net.keys import Identity
from runtime.net.tls import connect
from runtime.party.sources import specs
from runtime.program import from_own_artifact


class Ask(IntEnum):
    """What is asked of a shelf, and answered under the same kind."""

    PROGRAM = 48
    """The first word: the artifact."""
    READ = 49
    """The second one: a `Part` in JSON; answered with `Filled` in JSON."""
    ROWS = 50
    """Numbers from 0, 8 bytes each, little-endian; answered with the rows, packed."""
    DIGESTS = 51
    """Answered with those of all rows (`content.digests_of`)."""
    MARKS = 52
    """The ledger's key; answered with the marks of all rows (`marks.marks_of`)."""
    WRONG = 53
    """Instead of an answer: an InputError in JSON."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which of a party's files a worker reads."""

    dataset: str
    party: str
    pattern: str
    files: Sequence[str]
    columns: Chosen


@dataclass(frozen=True, slots=True)
class Filled:
    """What a worker has read."""

    count: int
    columns: Sequence[str]  # of its files, as `partitions.spelled`


@dataclass(frozen=True, slots=True)
class ShelfPost:
    """Where a shelf belongs."""

    host: str  # of the coordinator
    port: int
    certificate: bytes  # likewise
    wait: float  # seconds for it to answer
    whole: float  # seconds of a run


def put_up(post: ShelfPost, identity: Identity) -> Thread:
    """A shelf in a thread of its own, which ends with its connection."""
    thread = Thread(target=_serve, args=(post, identity), name="ccr-shelf", daemon=True)
    thread.start()
    return thread


def _serve(post: ShelfPost, identity: Identity) -> None:
    with suppress(NetworkError):  # the coordinator is gone: nobody asks any more
        channel = connect(post.host, post.port, identity, post.certificate, post.wait, post.whole)
        try:
            serve(channel)
        finally:
            channel.abort()


def serve(channel: Channel) -> None:
    """Until the coordinator hangs up: raises NetworkError."""
    program = from_own_artifact("", expect(channel, Ask.PROGRAM, MOST_BYTES)).compiled
    part = Part(**json.loads(expect(channel, Ask.READ, MOST_BYTES)))
    (spec,) = (s for s in specs(program, frozenset({part.party})) if s.name == part.dataset)
    assert isinstance(spec, DatasetSpec)
    try:
        shelf = Shelf.filled(spec, part)
    except InputError as error:
        channel.send(Ask.WRONG, spell(error))
        return
    channel.send(Ask.READ, json.dumps(asdict(Filled(shelf.store.count, spelled(shelf.table)))).encode())
    while True:
        kind, payload = channel.receive(MOST_BYTES)
        try:
            channel.send(kind, shelf.answer(Ask(kind), payload))
        except InputError as error:
            channel.send(Ask.WRONG, spell(error))


@dataclass(frozen=True, slots=True)
class Shelf:
    """What was read."""

    table: Table
    store: Spooled
    digests: bytearray = field(repr=False)
    stamps: Stamps

    @staticmethod
    def filled(spec: DatasetSpec, part: Part) -> Shelf:
        """Raises InputError for files that differ from one another, and for what cannot be used."""
        stamps = Stamps.of(part.files)
        table, form = table_of_parts(part.pattern, part.files), Form.of(spec.fields)
        store, digests = Spooled(part.pattern, form), bytearray()
        for rows in encoded_parts(table, spec.fields, mapped(spec, table, part.columns)):
            store.add(rows)
            digests += digests_of(spec, rows)
        stamps.check()
        if len(digests) > MOST_BYTES:
            raise InputError(
                f"it has {store.count} records, and a worker tells of {MOST_BYTES // DIGEST} at most",
                help="run with more workers",
                file=part.files[0],
            )
        return Shelf(table, store, digests, stamps)

    def answer(self, ask: Ask, payload: bytes) -> bytes | bytearray:
        """Raises InputError and ProtocolError."""
        match ask:
            case Ask.ROWS:
                return self.store.packed(np.frombuffer(payload, "<i8").astype(np.int64)).tobytes()
            case Ask.DIGESTS:
                return self.digests
            case Ask.MARKS:
                found = marks_of(self.table, payload)
                self.stamps.check()
                return found
            case Ask.PROGRAM | Ask.READ | Ask.WRONG:
                raise ProtocolError(f"nobody says {ask.name} to a shelf that is filled")
            case _:
                assert_never(ask)


def spell(error: InputError) -> bytes:
    names = ("what", "help", "file", "row", "column", "counted")
    return json.dumps({name: getattr(error, name) for name in names}).encode()
