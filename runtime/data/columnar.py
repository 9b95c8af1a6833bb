"""Parquet and Arrow files (Feather is one) as tables, some rows at a time, by the optional package `pyarrow`.

pyarrow ships no types: what is asked of it is written down here, as protocols.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from lang.numerals import counted
from runtime.data.errors import InputError
from runtime.data.table import ROWS, Block, Column, Part, Table, cannot_open

_BUFFER = 1 << 16  # bytes of a column held at a time; without it, all that a row group has


class ArrowArray(Protocol):
    """A pyarrow.Array."""

    type: object
    null_count: int

    def __len__(self) -> int: ...
    def to_pylist(self) -> list[object]: ...
    def to_numpy(self, zero_copy_only: bool) -> NDArray[np.generic]: ...
    def flatten(self) -> ArrowArray: ...
    def dictionary_decode(self) -> ArrowArray: ...
    def cast(self, type: object) -> ArrowArray: ...
    def slice(self, offset: int, length: int) -> ArrowArray: ...


class Batch(Protocol):
    """A pyarrow.RecordBatch."""

    num_rows: int
    columns: Sequence[ArrowArray]

    def slice(self, offset: int, length: int) -> Batch: ...
    def select(self, columns: list[int]) -> Batch: ...


class Schema(Protocol):
    names: list[str]
    types: list[object]


class Source(Protocol):
    """Something that is opened to read a schema and batches."""

    def schema(self) -> Schema: ...
    def batches(self, columns: Sequence[int]) -> Iterator[Batch]: ...


def read_parquet(file: str) -> Table:
    """Raises InputError."""
    return _table(file, "Parquet")


def read_arrow(file: str) -> Table:
    """Raises InputError."""
    return _table(file, "Arrow")


class _Parquet:
    def __init__(self, opened: BinaryIO) -> None:
        parquet: Any = import_module("pyarrow.parquet")
        self._file: Any = parquet.ParquetFile(opened, pre_buffer=False, buffer_size=_BUFFER)

    def schema(self) -> Schema:
        return cast("Schema", self._file.schema_arrow)

    def batches(self, columns: Sequence[int]) -> Iterator[Batch]:
        names = [self._file.schema_arrow.names[column] for column in columns]
        for batch in self._file.iter_batches(batch_size=ROWS, columns=names):
            yield batch.select(names)  # `x` brings along what is called `x.y`


class _Arrow:
    """The file format, or the stream."""

    def __init__(self, opened: BinaryIO) -> None:
        ipc: Any = import_module("pyarrow.ipc")
        begins = opened.read(6)
        opened.seek(0)
        self._whole = begins == b"ARROW1"
        self._file: Any = ipc.open_file(opened) if self._whole else ipc.open_stream(opened)

    def schema(self) -> Schema:
        return cast("Schema", self._file.schema)

    def batches(self, columns: Sequence[int]) -> Iterator[Batch]:
        whole = (
            (self._file.get_batch(i) for i in range(self._file.num_record_batches)) if self._whole else iter(self._file)
        )
        for batch in whole:
            yield from (batch.select(list(columns)).slice(at, ROWS) for at in range(0, batch.num_rows, ROWS))


def _bytes_of(file: str) -> BinaryIO:
    try:
        return Path(file).open("rb")
    except IsADirectoryError:
        help = f"give its files, as a pattern in quotes: '{file}/*{Path(file).suffix}'"
        raise InputError("cannot be read: it is a folder", help=help, file=file) from None
    except OSError as error:
        raise cannot_open(file, error) from None


@contextmanager
def opened(file: str, form: str) -> Generator[Source]:
    """Raises InputError, also for what goes wrong while it is read."""
    try:
        arrow: Any = import_module("pyarrow")
        import_module("pyarrow.parquet")
    except ImportError:
        raise InputError(
            f"reading a {form} file needs the package `pyarrow`, which is not installed",
            help="pip install 'ccr-lang[parquet]', or save it as .csv or .npz",
            file=file,
        ) from None
    with _bytes_of(file) as raw:
        try:
            yield _Parquet(raw) if form == "Parquet" else _Arrow(raw)
        except (arrow.ArrowException, OSError) as error:
            said = str(error).partition("\n")[0]
            raise InputError(
                f"this is no whole {form} file: {said}", help="save it again, or as .csv", file=file
            ) from None


def _table(file: str, form: str) -> Table:
    with opened(file, form) as source:
        schema = source.schema()
        if twice := [name for name in schema.names if schema.names.count(name) > 1]:
            raise InputError(f"two columns are called `{twice[0]}`", help="rename one of them", file=file)
        widths = _widths(source, schema)
    columns: list[Column] = []
    arrays: dict[str, Sequence[int]] = {}
    for block, (name, width) in enumerate(zip(schema.names, widths, strict=True)):
        if width is None:
            columns.append(Column(name, block))
            continue
        arrays[name] = range(len(columns), len(columns) + width)
        columns += [Column(f"{name}[{i}]", block, i) for i in range(width)]

    def parts(wanted: frozenset[int]) -> Iterator[Part]:
        asked, start = sorted(wanted), 1
        with opened(file, form) as source:
            for batch in source.batches(asked):
                rows = range(start, start + batch.num_rows)
                found = zip(asked, batch.columns, strict=True)
                yield Part(rows, {i: block_of(file, schema.names[i], column, widths[i], rows) for i, column in found})
                start = rows.stop

    return Table(file, form, tuple(columns), parts, arrays=arrays, types=[_called(type) for type in schema.types])


def _called(type: object) -> str:
    """Of a column of categories, what they are: how many there are in a file is its own affair."""
    return str(cast("Any", type).value_type if _is(type, "dictionary") else type)


def _widths(source: Source, schema: Schema) -> list[int | None]:
    """How many values the lists of each column have in the first row; None for a column of single values."""
    lists = [_is(type, "fixed_size_list", "list", "large_list") for type in schema.types]
    if not any(lists):
        return [None] * len(lists)
    batches = source.batches(range(len(lists)))
    first = next((batch for batch in batches if batch.num_rows), None)
    cells = [None] * len(lists) if first is None else [column.slice(0, 1).to_pylist()[0] for column in first.columns]
    return [len(cell) if isinstance(cell, list) else 0 if of else None for cell, of in zip(cells, lists, strict=True)]


def block_of(file: str, name: str, column: ArrowArray, width: int | None, rows: range) -> Block:
    """Numbers as they are; anything else, and what has gaps, as text."""
    if width is not None:
        return _lists(file, name, column, width, rows)
    if _is(column.type, "dictionary"):
        column = column.dictionary_decode()
    if column.null_count == 0 and _is(column.type, "boolean", "integer", "floating"):
        return np.asarray(column.to_numpy(zero_copy_only=False)).reshape(-1, 1)
    if _is(column.type, "nested"):  # whose text would tell one record's fields in two orders apart
        what = f"its values are of type {column.type}, neither numbers nor text"
        raise InputError(what, help="flatten it: one column for each number", file=file, column=name)
    try:
        return ["" if value is None else _text(value) for value in _in_microseconds(column).to_pylist()]
    except UnicodeDecodeError:
        raise InputError("its bytes are no UTF-8", help="save text or numbers", file=file, column=name) from None
    except ValueError:  # of times, where Python's end at microseconds
        what = "its times are finer than a microsecond"
        raise InputError(what, help="save them as text or as whole numbers", file=file, column=name) from None


def _in_microseconds(column: ArrowArray) -> ArrowArray:
    """Times as Python has them, which pyarrow would hand to pandas where that is installed: it writes them otherwise.

    Raises ValueError for finer ones.
    """
    type, arrow = cast("Any", column.type), cast("Any", import_module("pyarrow"))
    if _is(type, "timestamp") and type.unit == "ns":
        return column.cast(arrow.timestamp("us", tz=type.tz))
    return column.cast(arrow.duration("us")) if _is(type, "duration") and type.unit == "ns" else column


def _text(value: object) -> str:
    """Some programs write text as bytes: it is the same text."""
    return value.decode() if isinstance(value, bytes) else str(value)


def _lists(file: str, name: str, column: ArrowArray, width: int, rows: range) -> Block:
    fixed = _is(column.type, "fixed_size_list") and not column.null_count
    for row, value in [] if fixed else zip(rows, column.to_pylist(), strict=True):
        found = len(value) if isinstance(value, list) else 0
        if found != width:
            raise InputError(
                f"a list of {counted(found, 'value')} where the first row has {width}",
                help="give every row a list of one length",
                file=file,
                row=row,
                column=name,
            )
    values = column.flatten()
    if not _is(values.type, "boolean", "integer", "floating"):
        raise InputError(f"its lists hold {values.type}, no numbers", help="save numbers", file=file, column=name)
    return np.asarray(values.to_numpy(zero_copy_only=False)).reshape(-1, width)


def _is(type: object, *names: str) -> bool:
    types: Mapping[str, Any] = vars(import_module("pyarrow.types"))
    return any(types[f"is_{name}"](type) for name in names)
