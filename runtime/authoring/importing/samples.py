"""Sample records of a model: those that its error is measured on."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import assert_never

import numpy as np

from runtime.authoring.columns import cells_of
from runtime.authoring.floating import Floats
from runtime.data.errors import InputError
from runtime.data.formats import Named, Single, Tabular, Text, format_of
from runtime.data.references import Reference
from runtime.data.shown import some
from runtime.data.tables import open_table

_BEYOND = 0.1  # of the span of the samples, by which a feature may lie beyond them


def read(path: str, without: Sequence[str], shape: tuple[int, ...]) -> Floats:
    """(n, *shape), from a table's columns in their order, or from an array.  Raises InputError."""
    reference = Reference.of(path)
    kind = format_of(reference.path)
    match kind:
        case Single(load):
            rows = load(reference.path)
        case Named(load):
            arrays = load(reference.path)
            names = [reference.array] if reference.array else list(arrays)
            if len(names) != 1 or names[0] not in arrays:
                raise InputError(f"it has {some(list(arrays))}", help=f"write {reference.path}:NAME", file=path)
            rows = arrays[names[0]]
        case Text() | Tabular() | None:
            table = open_table(path)
            cells, names = cells_of(table), table.names()
            if strangers := [name for name in without if name not in names]:
                raise InputError(f"it has no column `{strangers[0]}`", help=f"there are {some(names)}", file=path)
            used = [name for name in names if name not in without]
            rows = np.column_stack([cells.numbers(name) for name in used]) if used else np.zeros((0, 0))
        case _:
            assert_never(kind)
    if rows.ndim < 2 or not len(rows) or prod(rows.shape[1:]) != prod(shape):
        raise InputError(
            f"its records have {prod(rows.shape[1:])} numbers, and the model takes {prod(shape)}",
            help="leave out what is no feature, such as the label: --without COLUMN",
            file=path,
        )
    found = rows.astype(np.float64).reshape(len(rows), *shape)
    if not np.isfinite(found).all():
        raise InputError("there are numbers that are not finite", help="leave those records out", file=path)
    return np.asarray(found)


def reach(samples: Floats) -> tuple[Floats, Floats]:
    """Between which each feature is taken to be."""
    low, high = samples.min(axis=0), samples.max(axis=0)
    beyond = _BEYOND * (high - low)
    return np.asarray(low - beyond), np.asarray(high + beyond)
