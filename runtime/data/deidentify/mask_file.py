"""A file of records masked as a policy says, in its own format, its rows in their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, assert_never

from runtime.data.deidentify import masked_arrays, masked_columnar, masked_text
from runtime.data.deidentify.masks import Drop, Hash
from runtime.data.deidentify.plan import Plan
from runtime.data.deidentify.rules import Rules
from runtime.data.errors import InputError
from runtime.data.formats import Named, Single, Tabular, Text, format_of
from runtime.data.partitions import files_of
from runtime.data.tables import open_table
from runtime.files import PRIVATE, replace

Write = Callable[[Plan, BinaryIO], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Masked:
    """What became of a file: rows written, and left out beyond those that a person may have; columns by their names."""

    rows: int
    beyond: int
    dropped: tuple[str, ...]
    hashed: tuple[str, ...]
    generalised: tuple[str, ...]


def needs_key(rules: Rules) -> bool:
    return any(isinstance(mask, Hash) for mask in rules.mask.values())


def mask_file(path: str, rules: Rules, key: bytes, output: str) -> Masked:
    """Write `output`, whole or not at all, for its owner alone to read.  Raises InputError."""
    if files_of(path) is not None:
        help = "mask each by itself: under one --hash-key, and by the same policy, they fit together"
        raise InputError("these are several files, and one is masked at a time", help=help, file=path)
    table = open_table(path)
    write = _writer(path)
    if format_of(output) != format_of(path):
        ending = Path(path).suffix
        raise InputError("it is to have the same format", help=f"let its name end in {ending}", file=output)
    plan = Plan.of(table, rules, key)
    counts: list[tuple[int, int]] = []
    try:
        replace(Path(output), lambda file: counts.append(write(plan, file)), PRIVATE)
    except OSError as error:
        raise InputError(
            f"cannot be written: {error.strerror}", help="check the path and its permissions", file=output
        ) from None
    ((rows, beyond),) = counts
    names = {place: table.columns[place].name for place in plan.masks}
    by = {place: type(mask) for place, (_, mask) in plan.masks.items()}
    dropped, hashed = (tuple(name for p, name in names.items() if by[p] is way) for way in (Drop, Hash))
    return Masked(rows, beyond, dropped, hashed, tuple(n for n in names.values() if n not in (*dropped, *hashed)))


def _writer(path: str) -> Write:
    """By the file's format; arrays are read here, before anything is written."""
    match format_of(path):
        case Text():
            return partial(masked_text.write, path)
        case Tabular():
            form = "Parquet" if path.lower().endswith(".parquet") else "Arrow"
            return partial(masked_columnar.write, path, form)
        case Named(read):
            arrays = dict(read(path))
            _rows_of(path)
            named = masked_arrays.write_npz if path.lower().endswith(".npz") else masked_arrays.write_tensors
            return lambda plan, file: named(plan, arrays, file)
        case Single(read):
            array = read(path)
            _rows_of(path)
            return lambda plan, file: masked_arrays.write_npy(plan, array, file)
        case None:
            raise AssertionError(path)  # there was a table
        case _ as never:
            assert_never(never)


def _rows_of(path: str) -> None:
    """Raises InputError for arrays that are no rows."""
    if not any(len(part.rows) for part in open_table(path).whole()):
        raise InputError("there are no rows", help="give at least one row", file=path)
