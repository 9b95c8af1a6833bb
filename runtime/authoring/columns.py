"""Columns of a table as text and as floating point, where a program's kinds are not known yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from runtime.authoring.floating import Floats
from runtime.authoring.prepare import Unusable, number
from runtime.data.errors import FIRST, Cell, Counted, InputError, bad_cells
from runtime.data.table import Table

_TRUTH = {"True": "1", "False": "0"}


@dataclass(frozen=True, slots=True)
class Cells:
    """Every cell as text, by the name of its column; `rows` are the numbers that errors call them by."""

    file: str
    by_name: Mapping[str, Sequence[str]]
    rows: Sequence[int]
    counted: Counted

    def numbers(self, name: str) -> Floats:
        """A column.  Raises InputError, which names the first cells that are none."""
        found, bad = np.full(len(self.rows), np.nan), list[Cell]()
        for i, text in enumerate(self.by_name[name]):
            try:
                found[i] = number(text, name)
            except Unusable:
                what = f"`{text}` is not a number" if text else "the cell is empty"
                bad.append(Cell(self.rows[i], name, what, _MEND.format(name)))
        if bad:
            raise bad_cells(self.file, bad[:FIRST], len(bad), self.counted)
        return found


_MEND = "make numbers of them, fill its gaps, or leave the column out: --without '{}'"


def cells_of(table: Table) -> Cells:
    """Raises InputError."""
    names = table.names()
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(f"two columns are called `{twice[0]}`", help="rename one of them", file=table.file)
    found: dict[str, list[str]] = {column.name: [] for column in table.columns}
    rows: list[int] = []
    for part in table.whole():
        rows += part.rows
        for column in table.columns:
            block = part.blocks[column.block]
            cells = block if isinstance(block, list) else np.reshape(block, (len(block), -1))[:, column.offset].tolist()
            found[column.name] += [_TRUTH.get(str(cell), str(cell)) for cell in cells]
    return Cells(table.file, found, rows, table.counted)
