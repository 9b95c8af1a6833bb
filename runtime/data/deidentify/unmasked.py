"""Columns that the policy names: those that identify by themselves, and those that it masks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

from runtime.data.deidentify.cells import Cells
from runtime.data.deidentify.findings import Finding, Rows
from runtime.data.deidentify.masking import masked
from runtime.data.deidentify.masks import Mask
from runtime.data.deidentify.rules import Rules
from runtime.data.errors import InputError
from runtime.data.table import Table


@dataclass(slots=True)
class Named:
    """Cells of one column that should not be there, some rows at a time; `wrong` decides."""

    column: str
    check: str
    what: str
    wrong: Callable[[str], bool]
    rows: Rows = field(default_factory=Rows)

    def add(self, cells: Cells) -> None:
        self.rows.add(row for row, text in zip(cells.rows, cells.texts, strict=True) if self.wrong(text))

    def findings(self) -> Iterator[Finding]:
        if self.rows.count:
            yield self.rows.finding(self.check, self.what, [self.column])


def named(table: Table, rules: Rules) -> dict[int, Named]:
    """By the places of the columns.  One that is not in the file is as the policy wants it.

    Names are compared without regard to case, blanks and signs: `Patient-ID` is `patient_id`.
    """
    direct = {_bare(name) for name in rules.direct}
    masks = masks_of(table, rules)
    found: dict[int, Named] = {}
    for place, column in enumerate(table.columns):
        mask = masks[place][1] if place in masks else None
        if _bare(column.name) in direct or _bare(_array(column.name)) in direct:
            found[place] = Named(column.name, "direct identifiers", "named by the policy", _left(mask))
        elif mask is not None:
            found[place] = Named(column.name, "masks", "not masked as the policy says", _not_as(mask))
    return found


def masks_of(table: Table, rules: Rules) -> dict[int, tuple[str, Mask]]:
    """By the places of the columns, with the policy's name for them; a mask of an array is one of all its columns."""
    masks = {_bare(name): (name, mask) for name, mask in rules.mask.items()}
    found = {place: masks.get(_bare(column.name)) for place, column in enumerate(table.columns)}
    for name, places in table.arrays.items():
        found.update(dict.fromkeys((p for p in places if found[p] is None), masks.get(_bare(name))))
    return {place: mask for place, mask in found.items() if mask is not None}


def spelled_right(table: Table, rules: Rules) -> None:
    """Raises InputError for a mask of no column here whose name is nearly that of one that no mask is for.

    A policy may be for several files; but where it is misspelled, that column would pass as it stands.
    """
    masks = masks_of(table, rules)
    here = {name for name, _ in masks.values()}
    free = [name for place, name in enumerate(table.names()) if place not in masks]
    for name in (n for n in rules.mask if n not in here):
        near = get_close_matches(name, free, 1, 0.6)
        if near:
            raise InputError(
                f"there is no {table.noun} `{name}`, which the policy masks",
                help=f"did you mean `{near[0]}`?",
                file=table.file,
            )


def _left(mask: Mask | None) -> Callable[[str], bool]:
    return bool if mask is None else lambda text: bool(text) and not masked(mask, text)


def _not_as(mask: Mask) -> Callable[[str], bool]:
    return lambda text: not masked(mask, text)


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def _array(name: str) -> str:
    return name.partition("[")[0]
