"""Masked Parquet and Arrow files, some rows at a time; what such a file says beside its columns is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, BinaryIO

from runtime.data.columnar import Batch, block_of, opened
from runtime.data.deidentify.cells import spelled
from runtime.data.deidentify.masks import Generalise, Hash
from runtime.data.deidentify.plan import Plan
from runtime.data.errors import InputError


@dataclass(frozen=True, slots=True)
class _Column:
    """One of the file's own: the places of the table that it fills, and of which type it comes out."""

    number: int
    name: str
    places: Sequence[int]
    width: int | None  # of its lists
    type: Any


def write(path: str, form: str, plan: Plan, output: BinaryIO) -> tuple[int, int]:
    """The rows that were written, and those left out.  Raises InputError."""
    arrow: Any = import_module("pyarrow")
    with opened(path, form) as source:
        found = source.schema()
        columns = [
            _column(plan, i, name, type) for i, (name, type) in enumerate(zip(found.names, found.types, strict=True))
        ]
    kept = [column for column in columns if not (column.places and plan.drops(column.places[0]))]
    schema = arrow.schema([(column.name, column.type) for column in kept])
    written = read = 0
    with _writer(form, output, schema) as writer:
        for batch, stays in _batches(path, form, plan, columns):
            made = arrow.record_batch([batch[column.number] for column in kept], schema=schema).filter(
                arrow.array(stays)
            )
            read, written = read + len(stays), written + made.num_rows
            writer.write_batch(made)
    return written, read - written


def _writer(form: str, output: BinaryIO, schema: Any) -> Any:
    if form == "Parquet":
        return import_module("pyarrow.parquet").ParquetWriter(output, schema)
    return import_module("pyarrow.ipc").new_file(output, schema)


def _batches(path: str, form: str, plan: Plan, columns: Sequence[_Column]) -> Iterator[tuple[list[Any], list[bool]]]:
    """The columns that are not dropped by their numbers, and which of their rows stay."""
    read = 0
    with opened(path, form) as source:
        for batch in source.batches(range(len(columns))):
            rows = range(read + 1, read + 1 + batch.num_rows)
            read = rows.stop - 1
            yield [_masked(plan, column, batch, rows) for column in columns], _stays(plan, columns, batch, rows)


def _column(plan: Plan, number: int, name: str, type: Any) -> _Column:
    """Raises InputError for what no mask can be for."""
    places = [place for place, column in enumerate(plan.table.columns) if column.block == number]
    width = len(plan.table.arrays[name]) if name in plan.table.arrays else None
    masks = {plan.masks.get(place) for place in places}
    if len(masks) > 1:
        raise _refused(plan, name, "would be masked in some of its columns only", "mask all of it, or flatten it")
    mask = plan.mask(places[0]) if places else None
    return _Column(number, name, places, width, type if mask is None else _type(plan, name, type, mask, width))


def _type(plan: Plan, name: str, type: Any, mask: Hash | Generalise, width: int | None) -> Any:
    """Of a masked column: numbers that are generalised are int64 or float64, all else is text."""
    arrow: Any = import_module("pyarrow")
    kind = type if width is None else type.value_type
    floats, whole = arrow.types.is_floating(kind), arrow.types.is_integer(kind) or arrow.types.is_boolean(kind)
    to_text = isinstance(mask, Hash) or mask.prefix > 0
    if to_text and (width is not None or ((floats or whole) and not isinstance(mask, Hash))):
        what = "is a column of lists" if width is not None else "holds numbers, and `prefix` is for text"
        raise _refused(plan, name, what, "drop it, or generalise its numbers")
    if isinstance(mask, Hash) or mask.prefix or not (floats or whole):
        return arrow.string()
    found = arrow.int64() if whole and all(c.denominator == 1 for c in mask.constants()) else arrow.float64()
    return found if width is None else arrow.list_(found)


def _masked(plan: Plan, column: _Column, batch: Batch, rows: range) -> Any:
    place = column.places[0] if column.places else -1
    mask = plan.mask(place)
    if mask is None:
        return batch.columns[column.number]
    arrow: Any = import_module("pyarrow")
    cells = _texts(plan, column, batch, rows)
    wide = column.width or 1
    found = plan.apply(plan.maskers()[place], cells, [row for row in rows for _ in range(wide)], column.name)
    kind = column.type if column.width is None else column.type.value_type
    read = float if kind == arrow.float64() else int if kind == arrow.int64() else str
    values = [read(text) if text else None for text in found]
    in_rows = values if column.width is None else [values[at : at + wide] for at in range(0, len(values), wide)]
    try:
        return arrow.array(in_rows, type=column.type)
    except OverflowError:
        raise _refused(plan, column.name, "has numbers beyond those of 64 bits", "write `bottom` and `top`") from None


def _texts(plan: Plan, column: _Column, batch: Batch, rows: range) -> list[str]:
    block = block_of(plan.table.file, column.name, batch.columns[column.number], column.width, rows)
    return block if isinstance(block, list) else spelled(block.reshape(-1))


def _stays(plan: Plan, columns: Sequence[_Column], batch: Batch, rows: range) -> list[bool]:
    if plan.person is None:
        return [True] * len(rows)
    of = next(column for column in columns if plan.person in column.places)
    return [not beyond for beyond in plan.persons.beyond(_texts(plan, of, batch, rows))]


def _refused(plan: Plan, name: str, what: str, help: str) -> InputError:
    return InputError(f"`{name}` {what}", help=help, file=plan.table.file)
