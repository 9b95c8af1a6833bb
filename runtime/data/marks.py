"""What the ledger knows a data set's records by: keyed marks, whatever program, format or order of columns.

A mark is of the values of one record in ascending order, as float32: neither sampling nor accounting knows where a
value stands, so neither does a mark, or a file whose columns were shuffled or renamed would have an untouched budget.
What is no number (a name, a date) counts as its text in one spelling (`spellings.py`), a gap as a gap.  A value more
or less in a record makes another record.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from runtime.data.digests import put_in_order
from runtime.data.errors import InputError
from runtime.data.memory import Elsewhere, Input, called
from runtime.data.spellings import meant
from runtime.data.table import Block, Part, Table
from runtime.data.tables import open_table

MARK = 16  # bytes
_FORMER = b"ccr data set 1\0"

Numbers = NDArray[np.float64]  # shape (rows, columns)


def marks(path: Input, key: bytes) -> bytes:
    """The marks of the records of a file, sorted, MARK bytes for one.  Raises InputError."""
    found = path.marks(key) if isinstance(path, Elsewhere) else marks_of(open_table(path), key)
    if not found:
        raise InputError("there are no records", help="give at least one row", file=called(path))
    put_in_order(found, MARK)
    return bytes(found)


def marks_of(table: Table, key: bytes) -> bytearray:
    """Those of a table, in the order of its rows.  Raises InputError."""
    found = bytearray()
    for numbers, texts in _rows(table):
        with np.errstate(over="ignore"):
            values = np.sort(numbers + 0.0, axis=1).astype(">f4")  # -0.0 becomes 0.0; gaps come last
        values[np.isnan(values)] = np.nan
        for row, text in zip(values, texts, strict=True):
            found += hmac.digest(key, row.tobytes() + text, "sha256")[:MARK]
    return found


def alike(paths: Sequence[Input], key: bytes) -> list[frozenset[bytes]]:
    """What two records of one owner's files have in common that may be one record: the same value in each column, by
    name, as float32 or one spelling; by their `marks` where the files have not the same names, or none.  Raises
    InputError."""
    tables = [open_table(path) for path in paths]
    names = [table.names() if table.named else [] for table in tables]
    if any(not some or sorted(some) != sorted(names[0]) or len(set(some)) < len(some) for some in names):
        found = [marks(path, key) for path in paths]
        return [frozenset(each[i : i + MARK] for i in range(0, len(each), MARK)) for each in found]
    return [frozenset(_by_name(path, names, key)) for path, names in zip(paths, names, strict=True)]


def _by_name(path: Input, names: Sequence[str], key: bytes) -> Iterator[bytes]:
    order = sorted(range(len(names)), key=names.__getitem__)
    for numbers, texts in _rows(open_table(path)):
        with np.errstate(over="ignore"):
            values = (numbers[:, order] + 0.0).astype(">f4")
        values[np.isnan(values)] = np.nan
        for row, text in zip(values, texts, strict=True):
            yield hmac.digest(key, row.tobytes() + text, "sha256")[:MARK]


def former(path: Input) -> str | None:
    """The hash by which older versions knew a file's records, with their columns in this order; None for what they did
    not read."""
    if isinstance(path, Elsewhere):
        return None
    rows: list[bytes] = []
    columns = 0
    for numbers, texts in _rows(open_table(path)):
        if not np.isfinite(numbers).all() or any(texts):
            return None
        columns = numbers.shape[1]
        rows += [hashlib.sha256(row.tobytes()).digest() for row in (numbers + 0.0).astype(">f8")]
    header = _FORMER + len(rows).to_bytes(8, "big") + columns.to_bytes(8, "big")
    return hashlib.sha256(header + b"".join(sorted(rows))).hexdigest()


def _rows(table: Table) -> Iterator[tuple[Numbers, Sequence[bytes]]]:
    """Some of the rows at a time: their numbers, NaN for what is none, and what stands for their texts."""
    for part in table.whole():
        columns, words = [], list[list[str]]([] for _ in part.rows)
        for block in _blocks(table, part):
            if isinstance(block, list):
                columns.append(_numbers(block, words).reshape(-1, 1))
            elif block.dtype.kind == "U":
                cells = block.T.tolist()
                columns += [_numbers([str(cell) for cell in column], words).reshape(-1, 1) for column in cells]
            else:
                columns.append(np.asarray(block, dtype=np.float64))
        numbers = np.concatenate(columns, axis=1)
        yield numbers, [_text(found) for found in words]


def _blocks(table: Table, part: Part) -> list[Block]:
    return [part.blocks[block] for block in dict.fromkeys(column.block for column in table.columns)]


def _numbers(cells: list[str], words: list[list[str]]) -> Numbers:
    """What a column of text says; what is no number goes to the `words` of its row."""
    try:
        return np.array([float(cell) for cell in cells])
    except ValueError:
        found = np.full(len(cells), np.nan)
    for i, cell in enumerate(cells):
        said = meant(cell)
        if isinstance(said, str):
            words[i] += [said] if said else []
        else:
            found[i] = said
    return found


def _text(words: list[str]) -> bytes:
    """Nothing where a record is all numbers."""
    if not words:
        return b""
    spelled = sorted(word.encode() for word in words)
    return b"\0text" + b"".join(len(word).to_bytes(8, "big") + word for word in spelled)
