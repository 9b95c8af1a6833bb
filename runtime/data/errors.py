"""What can be wrong with a party's input, told so that the party can mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Counted = Literal["line", "row"]

FIRST = 10  # bad cells that are told one by one


class InputError(Exception):
    """An input cannot be used; nothing has been sent.

    `file` is the path as the user gave it, or `NAME=` for a literal; it is empty where none was given.  `row` counts
    from 1 what `counted` says: lines of a text (the header is line 1), records of an array.  `column` is the header's
    name for it, or an index such as `x[5]`.  `what` says what is wrong, `help` what to do.
    """

    def __init__(
        self,
        what: str,
        *,
        help: str,
        file: str,
        row: int | None = None,
        column: str | None = None,
        counted: Counted = "row",
    ) -> None:
        self.what = what
        self.help = help
        self.file = file
        self.row = row
        self.column = column
        self.counted: Counted = counted
        super().__init__(f"{self.place}: {what}\n  = help: {help}" if file else f"{what}\n  = help: {help}")

    @property
    def place(self) -> str:
        """`records.csv, line 17, column "mean radius"`."""
        row = "" if self.row is None else f", {self.counted} {self.row}"
        column = "" if self.column is None else f', column "{self.column}"'
        return f"{self.file}{row}{column}"


class Unwritable(InputError):
    """A file of outputs: the system does not let it be written."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One that cannot be used: where it stands, why, and what to do."""

    row: int | None
    column: str
    what: str
    help: str
    file: str = ""  # where a table is of several


def bad_cells(file: str, first: Sequence[Cell], count: int, counted: Counted = "row") -> InputError:
    """The error of `count` cells, of which the first ones are told."""
    file = first[0].file or file
    others = [f"{cell.file}, " if cell.file not in ("", file) else "" for cell in first]
    where = [
        other if cell.row is None else f"{other}{counted} {cell.row}, "
        for cell, other in zip(first, others, strict=True)
    ]
    more = list(zip(where, first, strict=True))[1:]
    told = "".join(f'\n  {place}column "{cell.column}": {cell.what}' for place, cell in more)
    of = "" if count == len(first) else f", of which these are the first {len(first)}"
    total = f"\n  {count} cells cannot be used{of}" if count > 1 else ""
    return InputError(
        first[0].what + told + total,
        help=first[0].help,
        file=file,
        row=first[0].row,
        column=first[0].column,
        counted=counted,
    )
