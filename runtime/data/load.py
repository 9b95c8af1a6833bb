"""A party's inputs: what stands after `--input NAME=` becomes grid integers, or an InputError that says why not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from compiler.words.integers import Array
from lang.numerals import counted
from lang.problems.draw import brief
from runtime.data.arrays import encode_array
from runtime.data.columns import NONE, Chosen, Columns, columns_of
from runtime.data.encode import GAP, Wrong, dtype_of, encode_number
from runtime.data.errors import InputError
from runtime.data.formats import Named, Single, Tabular, Text, endings, format_of
from runtime.data.memory import Elsewhere, InMemory, Input, called, lone_array, not_here
from runtime.data.named import check_known, check_there
from runtime.data.partitions import files_of
from runtime.data.pick import check_rows, check_tensor, pick
from runtime.data.records import encode_records, encoded_parts
from runtime.data.references import Reference, refuse_unread
from runtime.data.rows import Form, Records, Spooled
from runtime.data.shown import some
from runtime.data.specs import DatasetSpec, FieldSpec, TensorSpec
from runtime.data.table import Table
from runtime.data.tables import open_table, table_of_arrays, table_of_memory

_NUMBERS = re.compile(r"[\s\d.,;eE+\-\[\]()]+", re.ASCII)  # one, or some, as they are written elsewhere
Loaded = Array | dict[str, Array] | Records  # a tensor; a data set by its fields, each (n, *shape)


def load_inputs(
    specs: Sequence[TensorSpec | DatasetSpec],
    given: Mapping[str, Input],
    columns: Chosen = NONE,
    elsewhere: Mapping[str, str] | None = None,
) -> dict[str, Loaded]:
    """Every input of one party.  Raises InputError.

    `given` maps names to paths, to literals for scalars, or to what is in memory; `columns` names those of a field,
    `records.x` or `x`, or of an input; `elsewhere` says who brings each of the program's other inputs.
    """
    names = [spec.name for spec in specs]
    check_known(names, given, elsewhere or {})
    check_there(names, given)
    return {
        spec.name: load_records(spec, given[spec.name], columns)
        if isinstance(spec, DatasetSpec)
        else load_tensor(spec, given[spec.name], columns)
        for spec in specs
    }


def load_tensor(spec: TensorSpec, value: Input, columns: Chosen = NONE) -> Array:
    """An `input`: a path, an array of a file (`Reference`) or of memory, or a number if it is a scalar; integers of
    `spec.shape`.

    The columns of a table are the tensor's last axis; a vector is one column.
    """
    try:
        return _loaded(spec, value, columns)
    except InputError as error:
        what, help = (
            text.replace(GAP, "give a number there") for text in (error.what, error.help)
        )  # it has no records
        raise InputError(
            what, help=help, file=error.file, row=error.row, column=error.column, counted=error.counted
        ) from None


def _loaded(spec: TensorSpec, value: Input, columns: Chosen) -> Array:
    if isinstance(value, InMemory):
        return _from_memory(spec, value, columns)
    if isinstance(value, Elsewhere):
        raise not_here(value)
    reference = Reference.of(value)
    if not reference.transposed:
        return _tensor(spec, reference, columns)
    if len(spec.shape) != 2:
        raise InputError(f"`{spec.name}` is no matrix, which alone is transposed", help="leave out `:T`", file=value)
    return np.ascontiguousarray(_tensor(spec, reference, columns).T)


def _from_memory(spec: TensorSpec, held: InMemory, columns: Chosen) -> Array:
    if held.frame:
        return _from_table(spec, table_of_memory(held), columns)
    return encode_array(held.name, spec.name, lone_array(held, spec), spec.kind)


def _tensor(spec: TensorSpec, reference: Reference, columns: Chosen) -> Array:
    """The array as it lies in the file: of the input's shape, or of its transpose's if it is said to be transposed."""
    path = reference.path
    found = format_of(path)
    if found is None:
        refuse_unread(path)
        return _literal(spec, path)
    reference.check_named()
    match found:
        case Text() | Tabular():
            shape = spec.shape[::-1] if reference.transposed else spec.shape
            return _from_table(replace(spec, shape=shape), open_table(path), columns)
        case Single(read):
            array = read(path)
        case Named(read):
            array = pick(reference, read(path), spec)
        case _ as never:
            assert_never(never)
    check_tensor(reference, array, spec)
    return encode_array(path, reference.array or spec.name, array, spec.kind)


def load_records(spec: DatasetSpec, path: Input, columns: Chosen = NONE) -> Records:
    """A `dataset`: n >= 1 records, every `where` met.  Only some of them are ever in memory if they are many."""
    if isinstance(path, Elsewhere):
        return path.records(spec)
    form = Form.of(spec.fields)
    store = Spooled(called(path), form)
    for rows in read_rows(spec, path, columns):
        store.add(rows)
    return Records(form, store)


def read_rows(spec: DatasetSpec, path: Input, columns: Chosen = NONE) -> Iterator[list[Array]]:
    """The same, some rows at a time: (rows, columns) of each field.  Raises InputError, at the end for bad cells."""
    table = records_table(spec, path, columns)
    return encoded_parts(table, spec.fields, mapped(spec, table, columns))


def checked(spec: DatasetSpec, path: Input, columns: Chosen = NONE) -> int:
    """How many records there are, all of which can be used.  Raises InputError."""
    return sum(len(rows[0]) for rows in read_rows(spec, path, columns))


def load_dataset(spec: DatasetSpec, path: Input, columns: Chosen = NONE) -> dict[str, Array]:
    """As `load_records`, all of it in memory: each field's rows, integers of shape (n, *field.shape)."""
    return whole(load_records(spec, path, columns))


def whole(records: Records) -> dict[str, Array]:
    """All rows of each field."""
    numbers = np.arange(records.store.count)
    return {name: column[numbers] for name, column in records.items()}


def count(records: dict[str, Array] | Records) -> int:
    """Of a data set."""
    return records.store.count if isinstance(records, Records) else len(next(iter(records.values())))


def records_table(spec: DatasetSpec | TensorSpec, path: Input, columns: Chosen = NONE) -> Table:
    """The file as a table; its arrays that bear a field's name have the field's shape.  Raises InputError."""
    if isinstance(path, InMemory):
        return _memory_table(spec, path, columns)
    if isinstance(path, Elsewhere):
        raise not_here(path)
    if files_of(path) is not None:
        return open_table(path)
    match format_of(path):
        case None:
            raise _no_records(spec, path)
        case Named(read):
            return table_of_arrays(path, _fitting(spec, path, read(path), columns))
        case Text() | Tabular() | Single():
            return open_table(path)
        case _ as never:
            assert_never(never)


def _memory_table(spec: DatasetSpec | TensorSpec, held: InMemory, columns: Chosen) -> Table:
    if held.frame or held.single is not None:
        return table_of_memory(held)
    return table_of_memory(replace(held, arrays=_fitting(spec, held.name, held.arrays, columns)))


def _fitting(
    spec: DatasetSpec | TensorSpec, file: str, arrays: Mapping[str, NDArray[np.generic]], columns: Chosen
) -> dict[str, NDArray[np.generic]]:
    """The arrays of a file, of which those that bear a field's name have the field's shape.  Raises InputError."""
    arrays, fields, chosen = dict(arrays), fields_of(spec), chosen_for(spec, columns)
    if len(fields) == 1 and len(arrays) == 1 and not chosen:
        arrays = {fields[0].name: next(iter(arrays.values()))}  # a file's only array answers to every name
    for field in fields:
        if field.name in arrays and field.name not in chosen:
            check_rows(file, field.name, arrays[field.name], field.shape)
    return arrays


def _no_records(spec: DatasetSpec | TensorSpec, given: str) -> InputError:
    reference = Reference.of(given)
    refuse_unread(reference.path)
    if reference.path == given or isinstance(spec, TensorSpec):
        return _unknown(spec, given)
    fields = ", ".join(f"`{field.name}`" for field in spec.fields)
    return InputError(
        f"`{spec.name}` is a data set, which is a whole file: the arrays of its fields are found by their names",
        help=f"give {spec.name}={reference.path}, in which they are called {fields}, or say it with --columns",
        file=given,
    )


def mapped(spec: DatasetSpec | TensorSpec, table: Table, columns: Chosen = NONE) -> Columns:
    """Which columns fill which field.  Raises InputError."""
    return columns_of(table, fields_of(spec), chosen_for(spec, columns))


def fields_of(spec: DatasetSpec | TensorSpec) -> Sequence[FieldSpec]:
    """The fields of a row; an input is as a table one field, of its last axis if it has more than one."""
    if isinstance(spec, DatasetSpec):
        return spec.fields
    return [FieldSpec(spec.name, spec.kind, spec.shape[1:] and spec.shape[-1:])]


def chosen_for(spec: DatasetSpec | TensorSpec, columns: Chosen) -> Chosen:
    """What `columns` says of the fields of this data set or input."""
    if isinstance(spec, TensorSpec):
        return {spec.name: columns[spec.name]} if spec.name in columns else {}
    names = {name: field.name for field in spec.fields for name in (field.name, f"{spec.name}.{field.name}")}
    return {names[name]: listed for name, listed in columns.items() if name in names}


def known_columns(specs: Sequence[DatasetSpec | TensorSpec], columns: Chosen) -> None:
    """Raises InputError where `columns` speaks of what no data set and no input is, or of two at once."""
    for name in columns:
        of = [spec for spec in specs if chosen_for(spec, {name: columns[name]})]
        if len(of) == 1:
            continue
        if of:
            names = [f"{spec.name}.{name}" for spec in of if isinstance(spec, DatasetSpec)]
            what, help = f"more than one data set or input has a `{name}`", f"write {' or '.join(names)}"
        else:
            names = [field.name for spec in specs for field in fields_of(spec)]
            what, help = f"no data set has a field `{name}`, and no input is called so", f"there are {some(names)}"
        raise InputError(what, help=help, file=f"--columns {name}=")


def _from_table(spec: TensorSpec, table: Table, columns: Chosen) -> Array:
    """The rows of a table as a tensor: (a, b) is a rows of b columns, a vector is one column."""
    fields = fields_of(spec)
    (rows,) = encode_records(table, fields, mapped(spec, table, columns))
    wanted = prod(spec.shape) // fields[0].columns
    if len(rows) != wanted:
        raise InputError(
            f"{counted(len(rows), 'row')} where `{spec.name}` needs {wanted}",
            help="write one row for each element of a vector, for each row of a matrix; where a `param` says how many, "
            f"compile with -D NAME={len(rows)}",
            file=table.file,
        )
    return rows.reshape(spec.shape)


def _literal(spec: TensorSpec, value: str) -> Array:
    if spec.shape or _looks_like_path(value):
        raise _unknown(spec, value)
    try:
        return np.array(encode_number(value, spec.kind), dtype=dtype_of(spec.kind))
    except Wrong as wrong:
        raise InputError(wrong.what, help=wrong.help, file=brief(f"{spec.name}={value}")) from None


def _looks_like_path(value: str) -> bool:
    try:
        return "/" in value or Path(value).exists()
    except OSError:  # too long for a name, as a number of 1024 bits is
        return False


def _unknown(spec: TensorSpec | DatasetSpec, value: str) -> InputError:
    help = f"give a path that ends in {endings()}"
    if _NUMBERS.fullmatch(value):
        shape = list(spec.shape) if isinstance(spec, TensorSpec) else []
        wanted = f"an array, {spec.kind}{shape}" if isinstance(spec, TensorSpec) else "a data set"
        what = f"`{spec.name}` is {wanted}, which is read from a file, not from the command line"
        return InputError(what, help=help, file=brief(f"{spec.name}={value}"))
    return InputError(
        f"`{value}` is not a file that can be read as `{spec.name}`", help=help, file=brief(f"{spec.name}={value}")
    )
