"""The identity of a data set: a hash of its records, whatever program reads them.

The records are a multiset of rows of numbers.  Neither sampling nor accounting knows their order, so neither does the
identity: else shuffling a file would make a data set with an untouched budget.  For the same reason it does not depend
on how a number is written (`.5` is 0.50), on the header, or on the kinds of a program.  A record more or less, or a
column more or less, makes another data set: that it speaks of the same people nobody can see from the numbers.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from runtime.data.arrays import read_named, read_npy
from runtime.data.errors import InputError
from runtime.data.table import cannot_open

_DOMAIN = b"ccr data set 1\0"
_ROWS = 4096  # held as text at a time


@dataclass(frozen=True, slots=True)
class Content:
    """A data set by its numbers.  The hash lets whoever has it test guesses of records: it stays with their owner."""

    records: int
    digest: str = field(repr=False)  # SHA-256, 64 hexadecimal digits


def content(path: str) -> Content:
    """The identity of a .csv, .npy, .npz or .safetensors file's records.  Raises InputError.

    Numbers are compared as float64.  The arrays of a .npz or .safetensors are put side by side in the order of names.
    """
    parts = _table(path) if path.endswith(".csv") else iter([_arrays(path)])
    rows: list[bytes] = []
    columns = 0
    for part in parts:
        if not np.isfinite(part).all():
            raise InputError("a value is not a finite number", help="drop the record or fill the gap", file=path)
        columns = part.shape[1]
        values = (part + 0.0).astype(">f8")  # -0.0 becomes 0.0
        rows += [hashlib.sha256(row.tobytes()).digest() for row in values]
    if not rows:
        raise InputError("there are no records", help="give at least one row", file=path)
    header = _DOMAIN + len(rows).to_bytes(8, "big") + columns.to_bytes(8, "big")
    return Content(len(rows), hashlib.sha256(header + b"".join(sorted(rows))).hexdigest())


def _table(path: str) -> Iterator[NDArray[np.float64]]:
    """Blocks of rows, shape (rows, columns)."""
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text, strict=True)
            columns = len(next(reader, []))
            rows = (row for row in reader if row)
            while block := list(islice(rows, _ROWS)):
                if any(len(row) != columns for row in block):
                    raise ValueError(f"its rows are not all of {columns} columns")
                yield np.array([[float(cell) for cell in row] for row in block], dtype=np.float64)
    except (ValueError, csv.Error) as error:  # UnicodeDecodeError is a ValueError
        raise InputError(
            f"this is no table of numbers: {error}",
            help="save it as comma-separated UTF-8 with one header line",
            file=path,
        ) from None
    except OSError as error:
        raise cannot_open(path, error) from None


def _arrays(path: str) -> NDArray[np.float64]:
    """All arrays of the file, side by side: shape (n, columns)."""
    named = {"": read_npy(path)} if path.endswith(".npy") else read_named(path)
    lengths = {len(array) if array.ndim else 0 for array in named.values()}
    if len(lengths) != 1 or any(array.dtype.kind not in "fiub" for array in named.values()):
        raise InputError(
            "its arrays are not numbers with one row for each record",
            file=path,
            help="save numeric arrays of equal first dimension",
        )
    n = lengths.pop()
    return np.concatenate([np.asarray(named[name], dtype=np.float64).reshape(n, -1) for name in sorted(named)], axis=1)
