"""Any file of records as a table: what of arrays and of text is a column, and what it is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from math import prod
from typing import assert_never, cast

import numpy as np
from numpy.typing import NDArray

from runtime.data.arrays import instead, texts
from runtime.data.errors import InputError
from runtime.data.formats import Named, Single, Tabular, Text, endings, format_of
from runtime.data.memory import Elsewhere, InMemory, Input, not_here
from runtime.data.partitions import files_of, table_of_parts
from runtime.data.references import refuse_unread
from runtime.data.table import ROWS, Block, Column, Part, Table
from runtime.data.text import table_of_lines


def open_table(path: Input) -> Table:
    """The table of a file in any of the `formats`, or of what is in memory.  Raises InputError."""
    if isinstance(path, InMemory):
        return table_of_memory(path)
    if isinstance(path, Elsewhere):
        raise not_here(path)
    if (files := files_of(path)) is not None:
        return table_of_parts(path, files)
    match format_of(path):
        case Text(read, form):
            return table_of_lines(path, form(path), read(path))
        case Tabular(read):
            return read(path)
        case Single(read):
            return table_of_array(path, read(path))
        case Named(read):
            return table_of_arrays(path, read(path))
        case None:
            refuse_unread(path)
            raise InputError(
                "this is no file whose records can be read", help=f"give a path that ends in {endings()}", file=path
            )
        case _ as never:
            assert_never(never)


def table_of_array(path: str, array: NDArray[np.generic]) -> Table:
    """A structured array has names; another one has a row for each record, whose columns have none."""
    if array.dtype.names is not None:
        by_name = cast("Mapping[str, NDArray[np.generic]]", array)
        return _table(path, "a structured array", {name: by_name[name] for name in array.dtype.names})
    wide = array.reshape(len(array), prod(array.shape[1:])) if array.ndim else array
    return _table(path, "an array", {"": wide}, named=False)


def table_of_arrays(path: str, arrays: Mapping[str, NDArray[np.generic]]) -> Table:
    """One row of each array makes a record; a file's only array, of rows, is a table without names."""
    if len(arrays) == 1 and next(iter(arrays.values())).dtype.names is None:
        ((name, only),) = arrays.items()
        if name == "arr_0":  # as np.savez calls what was given no name
            return table_of_array(path, only)
    return _table(path, "arrays", dict(sorted(arrays.items())))


def table_of_memory(held: InMemory) -> Table:
    """A frame's columns go by their names alone, of whatever order; arrays as those of a file."""
    if held.frame:
        return replace(_table(held.name, "a data frame", held.arrays), arrays={})
    if (single := held.single) is not None:
        return table_of_array(held.name, single)
    return _table(held.name, "arrays", dict(sorted(held.arrays.items())))


def _table(path: str, form: str, arrays: Mapping[str, NDArray[np.generic]], named: bool = True) -> Table:
    columns: list[Column] = []
    places: dict[str, range] = {}
    blocks: dict[int, tuple[str, NDArray[np.generic]]] = {}
    for block, (name, array) in enumerate(arrays.items()):
        width = prod(array.shape[1:])
        blocks[block] = name, array
        places[name] = range(len(columns), len(columns) + width)
        called = _elements(name, array.shape[1:]) if named else map(str, range(width))
        columns += [Column(element, block, offset) for offset, element in enumerate(called)]

    def parts(wanted: frozenset[int]) -> Iterator[Part]:
        asked = {block: _rows(path, *blocks[block]) for block in sorted(wanted)}
        yield from _cut(path, {block: blocks[block][0] for block in asked}, asked)

    return Table(path, form, tuple(columns), parts, named, places if named else {})


def _elements(name: str, shape: tuple[int, ...]) -> list[str]:
    """What the elements of a row are called: `x[0, 1]`."""
    return [f"{name}[{', '.join(map(str, at))}]" if at else name for at in product(*map(range, shape))]


def _rows(path: str, name: str, array: NDArray[np.generic]) -> Block:
    """Raises InputError for what has no rows of numbers or of text."""
    if array.ndim and array.dtype.kind in "US":
        array = texts(path, name, array)
    if array.ndim == 1 and array.dtype.kind == "U":
        return [str(cell) for cell in array]
    if array.ndim and array.dtype.kind in "fiubU":
        return array.reshape(len(array), prod(array.shape[1:]))
    what = f"has dtype {array.dtype}" if array.ndim else "is a single value"
    raise InputError(
        f"`{name}` {what} where rows of numbers are needed" if name else "it does not hold rows of numbers",
        help=instead(array.dtype) or "save numeric arrays of equal first dimension, one row for each record",
        file=path,
    )


def _cut(path: str, names: Mapping[int, str], blocks: Mapping[int, Block]) -> Iterator[Part]:
    lengths = {names[block]: len(rows) for block, rows in blocks.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"`{name}` {count}" for name, count in lengths.items())
        raise InputError(f"the arrays have different numbers of rows: {said}", help="save equal lengths", file=path)
    total = max(lengths.values(), default=0)
    for start in range(0, total, ROWS):
        end = min(start + ROWS, total)
        yield Part(range(start + 1, end + 1), {block: rows[start:end] for block, rows in blocks.items()})
