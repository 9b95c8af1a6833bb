"""What a contract is about: a data set's records as its program reads them, whatever file they come from.

It is the multiset of rows of grid integers, by the names of fields and in their kinds.  The order of rows and of
columns, the format, how a number is written, and columns that the program does not read make no difference.  Which
budget they have is told by `marks`, which know no program.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from compiler.words.integers import Array
from runtime.data.digests import put_in_order
from runtime.data.rows import Column, Records
from runtime.data.specs import DatasetSpec, FieldSpec, Kind
from runtime.data.table import ROWS

_DOMAIN = b"ccr data set by fields 1\0"
DIGEST = hashlib.sha256().digest_size  # bytes of a record's
_WORD = 63  # bits of a number that fits the machine's words, sign aside


@dataclass(frozen=True, slots=True)
class Content:
    """Records by their numbers.  The hash lets whoever has it test guesses of records: it stays with their owner."""

    records: int
    digest: str = field(repr=False)  # SHA-256, 64 hexadecimal digits


def content(spec: DatasetSpec, loaded: Mapping[str, Array] | Mapping[str, Column]) -> Content:
    """Of a data set's fields as they were loaded, each (n, *shape)."""
    if isinstance(loaded, Records) and loaded.digests is not None:
        return content_of(spec, loaded.digests())
    return content_of_rows(spec, _some(spec, loaded))


def content_of_rows(spec: DatasetSpec, pieces: Iterable[Sequence[Array]]) -> Content:
    """Of some rows at a time, (rows, columns) of each field in the order of the declaration."""
    digests = bytearray()
    for piece in pieces:
        digests += digests_of(spec, piece)
    return content_of(spec, digests)


def digests_of(spec: DatasetSpec, rows: Sequence[Array]) -> bytes:
    """Of some rows, one behind another."""
    fields = _in_order(spec)
    columns = [_spelled(rows[at], field.kind) for at, field in fields]
    return b"".join(hashlib.sha256(b"".join(row)).digest() for row in zip(*columns, strict=True))


def content_of(spec: DatasetSpec, digests: bytearray) -> Content:
    """Of the digests of all rows, which are put in order."""
    fields = _in_order(spec)
    records = len(digests) // DIGEST
    described = "\0".join(f"{f.name}: {f.kind}{list(f.shape)}" for _, f in fields).encode()
    found = hashlib.sha256(_DOMAIN + records.to_bytes(8, "big") + len(described).to_bytes(8, "big") + described)
    put_in_order(digests, DIGEST)
    found.update(digests)
    return Content(records, found.hexdigest())


def _in_order(spec: DatasetSpec) -> list[tuple[int, FieldSpec]]:
    """The fields by their names, each with its place in the declaration."""
    return sorted(enumerate(spec.fields), key=lambda field: field[1].name)


def _some(spec: DatasetSpec, loaded: Mapping[str, Array] | Mapping[str, Column]) -> Iterator[list[Array]]:
    columns = [loaded[f.name] for f in spec.fields]
    for start in range(0, len(columns[0]), ROWS):
        numbers = np.arange(start, min(start + ROWS, len(columns[0])))
        yield [column[numbers].reshape(len(numbers), -1) for column in columns]


def _spelled(rows: Array, kind: Kind) -> list[bytes]:
    """Each row's integers, big-endian and all of one length."""
    if kind.bits - kind.signed <= _WORD:
        return [row.tobytes() for row in np.ascontiguousarray(rows.astype(">i8"))]
    length = kind.bits // 8 + 1
    return [b"".join(int(i).to_bytes(length, "big", signed=True) for i in row) for row in rows]
