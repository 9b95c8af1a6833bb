"""The identity of a data set: a hash of its records, whatever program reads them.

The records are a multiset of rows of numbers.  Neither sampling nor accounting knows their order, so neither does the
identity: else shuffling a file would make a data set with an untouched budget.  For the same reason it does not depend
on how a number is written (`.5` is 0.50), on the header, or on the kinds of a program.  A record more or less, or a
column more or less, makes another data set; that it shares records with a known one is seen by their marks (`marks`).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from math import prod
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from runtime.data.errors import InputError
from runtime.data.formats import Named, Single, Text, endings, format_of
from runtime.data.table import ROWS, Line

_DOMAIN = b"ccr data set 1\0"
MARK = 16  # bytes

Numbers = NDArray[np.float64]  # shape (rows, columns)


@dataclass(frozen=True, slots=True)
class Content:
    """A data set by its numbers.  The hash lets whoever has it test guesses of records: it stays with their owner."""

    records: int
    digest: str = field(repr=False)  # SHA-256, 64 hexadecimal digits


def content(path: str) -> Content:
    """The identity of a file's records, in any of the `formats`.  Raises InputError.

    Numbers are compared as float64.  Named arrays are put side by side in the order of their names.
    """
    rows: list[bytes] = []
    columns = 0
    for part in _parts(path):
        if not np.isfinite(part).all():
            raise InputError("a value is not a finite number", help="drop the record or fill the gap", file=path)
        columns = part.shape[1]
        values = (part + 0.0).astype(">f8")  # -0.0 becomes 0.0
        rows += [hashlib.sha256(row.tobytes()).digest() for row in values]
    if not rows:
        raise InputError("there are no records", help="give at least one row", file=path)
    header = _DOMAIN + len(rows).to_bytes(8, "big") + columns.to_bytes(8, "big")
    return Content(len(rows), hashlib.sha256(header + b"".join(sorted(rows))).hexdigest())


def marks(path: str, key: bytes) -> bytes:
    """A keyed mark of each record, sorted, MARK bytes for one: by which two files are seen to share records.

    A mark is of the record's numbers as float32, in ascending order: the same in every format, with whatever order and
    names of columns.  Raises InputError.
    """
    found: list[bytes] = []
    for part in _parts(path):
        with np.errstate(over="ignore"):
            values = np.sort(part + 0.0, axis=1).astype(">f4")
        found += [hmac.digest(key, row.tobytes(), "sha256")[:MARK] for row in values]
    return b"".join(sorted(found))


def _parts(path: str) -> Iterator[Numbers]:
    """Some of the rows at a time."""
    match format_of(path):
        case Text(read):
            yield from _table(path, read(path))
        case Single(read):
            yield _side_by_side(path, {"": read(path)})
        case Named(read):
            yield _side_by_side(path, read(path))
        case None:
            help = f"give a path that ends in {endings()}"
            raise InputError("this is no file whose records can be read", help=help, file=path)
        case _ as never:
            assert_never(never)


def _table(path: str, lines: Iterator[Line]) -> Iterator[Numbers]:
    _, header = next(lines, (1, []))
    while block := [row for _, row in islice(lines, ROWS)]:
        try:
            if any(len(row) != len(header) for row in block):
                raise ValueError(f"its rows are not all of {len(header)} columns")
            part = np.array([[float(cell) for cell in row] for row in block], dtype=np.float64)
        except ValueError as error:
            raise InputError(
                f"this is no table of numbers: {error}",
                help="save it as comma-separated UTF-8 with one header line",
                file=path,
            ) from None
        yield part


def _side_by_side(path: str, named: Mapping[str, NDArray[np.generic]]) -> Numbers:
    lengths = {len(array) if array.ndim else None for array in named.values()}
    if len(lengths) != 1 or None in lengths or any(array.dtype.kind not in "fiub" for array in named.values()):
        raise InputError(
            "its arrays are not numbers with one row for each record",
            file=path,
            help="save numeric arrays of equal first dimension",
        )
    rows = [np.asarray(named[name], dtype=np.float64) for name in sorted(named)]
    return np.concatenate([part.reshape(len(part), prod(part.shape[1:])) for part in rows], axis=1)
