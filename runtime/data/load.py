"""A party's inputs: what stands after `--input NAME=` becomes grid integers, or an InputError that says why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from runtime.data.arrays import check_shape, encode_array, pick
from runtime.data.bounds import first_above
from runtime.data.encode import BadValue, encode_number
from runtime.data.errors import InputError
from runtime.data.formats import Named, Single, Text, endings, format_of
from runtime.data.specs import DatasetSpec, FieldSpec, Kind, TensorSpec
from runtime.data.table import Line, encode_table, norm_above

Loaded = NDArray[np.int64] | dict[str, NDArray[np.int64]]  # a tensor; a data set by its fields, each (n, *shape)


def load_inputs(specs: Sequence[TensorSpec | DatasetSpec], given: Mapping[str, str]) -> dict[str, Loaded]:
    """Every input of one party.  `given` maps names to paths, or to literals for scalars.  Raises InputError."""
    names = {spec.name for spec in specs}
    for name, value in given.items():
        if name not in names:
            known = ", ".join(f"`{n}`" for n in sorted(names)) or "none"
            raise InputError(
                f"the program has no input `{name}` of this party",
                help=f"its inputs are: {known}",
                file=f"{name}={value}",
            )
    for spec in specs:
        if spec.name not in given:
            raise InputError(f"the input `{spec.name}` is missing", help=f"add --input {spec.name}=FILE", file="")
    return {
        spec.name: load_dataset(spec, given[spec.name])
        if isinstance(spec, DatasetSpec)
        else load_tensor(spec, given[spec.name])
        for spec in specs
    }


def load_tensor(spec: TensorSpec, value: str) -> NDArray[np.int64]:
    """An `input`: a path, or a literal number if it is a scalar; int64 of `spec.shape`.

    A table has one header line; its rows are the tensor's last axis, or single elements of a vector.
    """
    _check_kind(spec.name, spec.kind)
    match format_of(value):
        case None:
            return _literal(spec, value)
        case Text(read):
            return _from_table(spec, value, read(value))
        case Single(read):
            array = read(value)
        case Named(read):
            array = pick(value, read(value), spec.name)
        case _ as never:
            assert_never(never)
    check_shape(value, spec.name, array, spec.shape, rows=False)
    return encode_array(value, spec.name, array, spec.kind, rows=False)


def load_dataset(spec: DatasetSpec, path: str) -> dict[str, NDArray[np.int64]]:
    """A `dataset`: each field's rows, int64 of shape (n, *field.shape), n >= 1, every `where` met.

    A table, or a single array of shape (n, columns), fills the fields in the order of declaration; of named arrays one
    of shape (n, *field.shape) fills each field, by its name.
    """
    for field in spec.fields:
        _check_kind(f"{spec.name}.{field.name}", field.kind)
    match format_of(path):
        case None:
            raise _unknown(spec.name, path)
        case Text(read):
            tables = encode_table(path, read(path), spec.fields)
            return {f.name: rows.reshape(-1, *f.shape) for f, rows in zip(spec.fields, tables, strict=True)}
        case Single(read):
            arrays = _split(path, read(path), spec)
        case Named(read):
            arrays = _by_field(path, read(path), spec)
        case _ as never:
            assert_never(never)
    return {field.name: _encode_field(path, field, arrays[field.name]) for field in spec.fields}


def _split(path: str, array: NDArray[np.generic], spec: DatasetSpec) -> dict[str, NDArray[np.generic]]:
    check_shape(path, spec.name, array, (spec.columns,), rows=True)
    ends = np.cumsum([field.columns for field in spec.fields])
    parts = np.split(array, ends[:-1], axis=1)
    return {f.name: part.reshape(-1, *f.shape) for f, part in zip(spec.fields, parts, strict=True)}


def _by_field(path: str, named: Mapping[str, NDArray[np.generic]], spec: DatasetSpec) -> dict[str, NDArray[np.generic]]:
    if len(spec.fields) == 1:
        return {spec.fields[0].name: pick(path, named, spec.fields[0].name)}
    arrays: dict[str, NDArray[np.generic]] = {}
    for field in spec.fields:
        if field.name not in named:
            raise InputError(
                f"there is no array `{field.name}`; it holds {', '.join(f'`{n}`' for n in sorted(named)) or 'none'}",
                help=f"save one array for each field: {', '.join(f.name for f in spec.fields)}",
                file=path,
            )
        arrays[field.name] = named[field.name]
    lengths = {name: len(array) if array.ndim else 0 for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"`{name}` {count}" for name, count in lengths.items())
        raise InputError(f"the fields have different numbers of rows: {said}", help="save equal lengths", file=path)
    return arrays


def _encode_field(path: str, field: FieldSpec, array: NDArray[np.generic]) -> NDArray[np.int64]:
    check_shape(path, field.name, array, field.shape, rows=True)
    if not len(array):
        raise InputError("there are no rows", help="give at least one row", file=path)
    integers = encode_array(path, field.name, array, field.kind, rows=True)
    if field.norm_bound is not None:
        rows = integers.reshape(len(integers), -1)
        above = first_above(rows, field.kind, field.norm_bound)
        if above is not None:
            raise norm_above(path, above + 1, "row", field, rows[above])
    return integers


def _from_table(spec: TensorSpec, path: str, lines: Iterator[Line]) -> NDArray[np.int64]:
    """The rows of a table as a tensor: (a, b) is a rows of b columns, a vector is one column."""
    columns = spec.shape[-1] if len(spec.shape) > 1 else 1
    (rows,) = encode_table(path, lines, [FieldSpec(spec.name, spec.kind, (columns,))])
    wanted = prod(spec.shape) // columns
    if len(rows) != wanted:
        raise InputError(
            f"{len(rows)} rows where `{spec.name}` needs {wanted}",
            help="write one row for each element of a vector, for each row of a matrix",
            file=path,
        )
    return rows.reshape(spec.shape)


def _literal(spec: TensorSpec, value: str) -> NDArray[np.int64]:
    if spec.shape or _looks_like_path(value):
        raise _unknown(spec.name, value)
    try:
        return np.array(encode_number(value, spec.kind), dtype=np.int64)
    except BadValue as bad:
        raise InputError(bad.what, help=bad.help, file=f"{spec.name}={value}") from None


def _looks_like_path(value: str) -> bool:
    return "/" in value or Path(value).exists()


def _unknown(name: str, value: str) -> InputError:
    return InputError(
        f"`{value}` is not a file that can be read as `{name}`",
        help=f"give a path that ends in {endings()}",
        file=f"{name}={value}",
    )


def _check_kind(name: str, kind: Kind) -> None:
    if kind.bits - kind.signed > 63:
        raise InputError(
            f"`{name}` is `{kind}`; inputs of more than 63 bits and a sign are not read yet",
            help="give the input a narrower kind",
            file=f"{name}=",
        )
