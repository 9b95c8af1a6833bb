"""A party's records on its workers' shelves: the coordinator knows how many there are, and asks for those of a batch.

Files go to workers in their order, each worker's next to one another: a row has the number that it has where one
machine reads all of them, and whatever is drawn is the same.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from runtime.cluster.orders import MOST_BYTES
from runtime.cluster.shelf import Ask, Filled, Part, ShelfPost
from runtime.data.columns import Chosen
from runtime.data.content import DIGEST
from runtime.data.errors import InputError
from runtime.data.load import chosen_for
from runtime.data.marks import MARK
from runtime.data.memory import Elsewhere, Input
from runtime.data.partitions import files_of, same_columns
from runtime.data.rows import Form, Numbers, Packed, Records
from runtime.data.specs import DatasetSpec
from runtime.execute.sharing import cut
from runtime.net import keys
from runtime.net.channel import Channel
from runtime.net.errors import NetworkError
from runtime.net.tls import Listener
from runtime.party.sources import specs
from runtime.program import Program
from runtime.session.errors import WorkerLost


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a worker may take, in seconds."""

    wait: float  # to come
    rows: float  # to hand out rows, for which the peer waits
    whole: float  # to read its files, before the peer is met


class Shelving(Protocol):
    """Workers that can put up a shelf."""

    here: str
    """The host at which they can reach this process."""

    @property
    def certificates(self) -> list[bytes]:
        """Of each."""
        ...

    def put_up(self, worker: int, post: ShelfPost) -> None:
        """Does not wait for it."""
        ...

    def name(self, worker: int) -> str:
        """For messages."""
        ...


def in_many_files(program: Program, party: str, inputs: Mapping[str, Input]) -> list[DatasetSpec]:
    """The data sets of a party that workers can read.  Raises InputError.

    Where data sets are to have no record in common all of them are read here, to be compared.
    """
    if program.compiled.disjoint:
        return []
    own = [spec for spec in specs(program.compiled, frozenset({party})) if isinstance(spec, DatasetSpec)]
    return [s for s in own if isinstance(path := inputs.get(s.name), str) and files_of(path) is not None]


@contextmanager
def shelved(
    workers: Shelving,
    program: Program,
    party: str,
    inputs: Mapping[str, Input],
    columns: Chosen,
    limits: Limits,
) -> Generator[dict[str, Input]]:
    """The inputs, of which those that are `in_many_files` are with the workers.  Raises InputError and WorkerLost."""
    with ExitStack() as ends:
        found = dict(inputs)
        for spec in in_many_files(program, party, inputs):
            pattern = str(inputs[spec.name])
            files = [str(Path(file).absolute()) for file in files_of(pattern) or ()]
            shelves = Shelves(pattern, Form.of(spec.fields), limits)
            ends.callback(shelves.close)
            shares = [files[at.start : at.stop] for at in cut(len(files), len(workers.certificates))]
            parts = [Part(spec.name, party, pattern, share, chosen_for(spec, columns)) for share in shares]
            shelves.fill(workers, program.artifact, [part for part in parts if part.files])
            found[spec.name] = shelves
        yield found


@dataclass
class _Shelf:
    number: int
    name: str
    channel: Channel
    start: int = 0  # rows before its own
    count: int = 0

    def tell(self, ask: Ask, payload: bytes, limit: float) -> None:
        """The answer is to come within so many seconds."""
        self.channel.timeout = limit
        try:
            self.channel.send(ask, payload)
        except NetworkError as error:
            raise self._gone(error) from error

    def answer(self, ask: Ask, size: int | None = None) -> bytes:
        """Of so many bytes, if that is known.  Raises InputError and WorkerLost."""
        try:
            kind, payload = self.channel.receive(MOST_BYTES)
        except NetworkError as error:
            raise self._gone(error) from error
        if kind == Ask.WRONG:
            told = json.loads(payload)
            raise InputError(**told | {"file": f"{told['file']} ({self.name})"})
        if kind != ask or size not in (None, len(payload)):
            said = f"asked for records, it answered with {len(payload)} bytes of kind {kind}"
            raise WorkerLost(self.number, self.name, said)
        return payload

    def _gone(self, error: NetworkError) -> WorkerLost:
        return WorkerLost(self.number, self.name, str(error))


class Shelves(Elsewhere):
    """A `Store` too."""

    def __init__(self, name: str, form: Form, limits: Limits) -> None:
        self.name, self._form, self._limits = name, form, limits
        self._shelves: list[_Shelf] = []

    def fill(self, workers: Shelving, artifact: bytes, parts: Sequence[Part]) -> None:
        """All read at once.  Raises InputError and WorkerLost."""
        own, wait, whole = keys.new("coordinator"), self._limits.wait, self._limits.whole
        with ExitStack() as open:
            doors = [
                open.enter_context(closing(Listener(workers.here, 0, own, certificate)))
                for certificate, _ in zip(workers.certificates, parts, strict=False)
            ]
            for number, door in enumerate(doors):
                workers.put_up(number, ShelfPost(workers.here, door.port, own.certificate, wait, whole))
            for number, (door, part) in enumerate(zip(doors, parts, strict=True)):
                name = workers.name(number)
                try:
                    self._shelves.append(_Shelf(number, name, door.accept(wait, whole)))
                except NetworkError as error:
                    raise WorkerLost(number, name, str(error)) from error
                self._shelves[-1].tell(Ask.PROGRAM, artifact, whole)
                self._shelves[-1].tell(Ask.READ, json.dumps(asdict(part)).encode(), whole)
        first: Filled | None = None
        for shelf, part in zip(self._shelves, parts, strict=True):
            filled = Filled(**json.loads(shelf.answer(Ask.READ)))
            first = first or filled
            same_columns(parts[0].files[0], first.columns, part.files[0], filled.columns)
            shelf.start, shelf.count = self.count, filled.count

    @property
    def count(self) -> int:
        return sum(shelf.count for shelf in self._shelves)

    def records(self, spec: DatasetSpec) -> Records:
        return Records(self._form, self, lambda: self._all(Ask.DIGESTS, b"", DIGEST))

    def marks(self, key: bytes) -> bytearray:
        return self._all(Ask.MARKS, key, MARK)

    def packed(self, numbers: Numbers) -> Packed:
        """Rows of all shelves, asked for at once; of each as many, wherever the rows are, so that the time that this
        takes does not tell which were drawn."""
        width = self._form.width
        found = np.empty((len(numbers), width), np.uint8)
        asked: list[tuple[_Shelf, Numbers, Numbers]] = []
        for shelf in self._shelves:
            mine = np.flatnonzero((numbers >= shelf.start) & (numbers < shelf.start + shelf.count))
            wanted, places = np.unique(numbers[mine] - shelf.start, return_inverse=True)
            padded = np.zeros(min(len(numbers), shelf.count), "<i8")
            padded[: len(wanted)] = wanted
            shelf.tell(Ask.ROWS, padded.tobytes(), self._limits.rows)
            asked.append((shelf, mine, places))
        for shelf, mine, places in asked:
            size = min(len(numbers), shelf.count) * width
            found[mine] = np.frombuffer(shelf.answer(Ask.ROWS, size), np.uint8).reshape(-1, width)[places]
        return found

    def close(self) -> None:
        """The workers forget what they have."""
        for shelf in self._shelves:
            shelf.channel.abort()

    def _all(self, ask: Ask, payload: bytes, size: int) -> bytearray:
        """So many bytes of each row."""
        for shelf in self._shelves:
            shelf.tell(ask, payload, self._limits.whole)
        found = bytearray()
        for shelf in self._shelves:
            found += shelf.answer(ask, size * shelf.count)
        return found
