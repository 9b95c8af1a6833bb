"""Records that a program would not take: out of a field's kind, or against its data set's `where`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from runtime.data.columns import Columns
from runtime.data.deidentify.findings import Finding, Rows
from runtime.data.encode import Wrong
from runtime.data.records import encode_part
from runtime.data.specs import FieldSpec
from runtime.data.table import Block, Part, Table


@dataclass(slots=True)
class _Outliers:
    """By column, of some rows.  Why it is one is not asked: the answer tells the value."""

    count: int = 0
    rows: dict[str, list[int]] = field(default_factory=dict[str, list[int]])

    def add(self, found: Sequence[tuple[int, str]], why: Callable[[int], Wrong]) -> None:
        self.count += len(found)
        for row, column in found:
            self.rows.setdefault(column, []).append(row)


def outliers(table: Table, fields: Sequence[FieldSpec], columns: Columns) -> Iterator[Finding]:
    """All of them.  Raises InputError for a file that cannot be read."""
    found: dict[str, Rows] = {}
    wanted = frozenset(table.columns[place].block for of in columns.places.values() for place in of)
    for part in table.parts(wanted):
        first = _Outliers()
        encode_part(table, part, fields, columns, first)
        rest = _Outliers()
        if first.count:  # what a `where` asks is asked of rows that are numbers only
            good = _without(part, {row for rows in first.rows.values() for row in rows})
            if good.rows:
                encode_part(table, good, fields, columns, rest)
        for of in (first, rest):
            for column, rows in of.rows.items():
                found.setdefault(column, Rows()).add(dict.fromkeys(rows))
    for column, all_of_it in found.items():
        yield all_of_it.finding("outliers", "not what the program takes there", [column])


def _without(part: Part, rows: set[int]) -> Part:
    kept = [i for i, row in enumerate(part.rows) if row not in rows]
    return Part([part.rows[i] for i in kept], {number: _some(block, kept) for number, block in part.blocks.items()})


def _some(block: Block, kept: Sequence[int]) -> Block:
    return [block[i] for i in kept] if isinstance(block, list) else block[np.asarray(kept, np.int64)]
