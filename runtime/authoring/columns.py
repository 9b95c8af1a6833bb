"""Columns of a table as text and as floating point, where a program's kinds are not known yet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runtime.authoring.floating import Floats
from runtime.authoring.prepare import Unusable, number
from runtime.data.errors import InputError
from runtime.data.table import Table

_TRUTH = {"True": "1", "False": "0"}


def columns_of(table: Table) -> dict[str, list[str]]:
    """Every cell as text, by the name of its column."""
    found: dict[str, list[str]] = {column.name: [] for column in table.columns}
    for part in table.whole():
        for column in table.columns:
            block = part.blocks[column.block]
            cells = block if isinstance(block, list) else np.reshape(block, (len(block), -1))[:, column.offset].tolist()
            found[column.name] += [_TRUTH.get(str(cell), str(cell)) for cell in cells]
    return found


def numbers(path: str, name: str, cells: Sequence[str]) -> Floats:
    """Raises InputError."""
    try:
        return np.array([number(cell, name) for cell in cells], dtype=np.float64)
    except Unusable as error:
        help = f"make numbers of it, fill its gaps, or leave it out: --without '{name}'"
        raise InputError(str(error), help=help, file=path) from None
