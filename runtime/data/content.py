"""What a contract is about: a data set's records as its program reads them, whatever file they come from.

It is the multiset of rows of grid integers, by the names of fields and in their kinds.  The order of rows and of
columns, the format, how a number is written, and columns that the program does not read make no difference.  Which
budget they have is told by `marks`, which know no program.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from compiler.words.integers import Array
from runtime.data.specs import DatasetSpec, Kind

_DOMAIN = b"ccr data set by fields 1\0"
_WORD = 63  # bits of a number that fits the machine's words, sign aside


@dataclass(frozen=True, slots=True)
class Content:
    """Records by their numbers.  The hash lets whoever has it test guesses of records: it stays with their owner."""

    records: int
    digest: str = field(repr=False)  # SHA-256, 64 hexadecimal digits


def content(spec: DatasetSpec, loaded: Mapping[str, Array]) -> Content:
    """Of a data set's fields as they were loaded, each (n, *shape)."""
    fields = sorted(spec.fields, key=lambda f: f.name)
    described = "\0".join(f"{f.name}: {f.kind}{list(f.shape)}" for f in fields).encode()
    records = len(loaded[fields[0].name])
    columns = [_spelled(loaded[f.name].reshape(records, -1), f.kind) for f in fields]
    rows = sorted(hashlib.sha256(b"".join(row)).digest() for row in zip(*columns, strict=True))
    header = _DOMAIN + records.to_bytes(8, "big") + len(described).to_bytes(8, "big") + described
    return Content(records, hashlib.sha256(header + b"".join(rows)).hexdigest())


def _spelled(rows: Array, kind: Kind) -> list[bytes]:
    """Each row's integers, big-endian and all of one length."""
    if kind.bits - kind.signed <= _WORD:
        return [row.tobytes() for row in np.ascontiguousarray(rows.astype(">i8"))]
    length = kind.bits // 8 + 1
    return [b"".join(int(i).to_bytes(length, "big", signed=True) for i in row) for row in rows]
