"""What can be wrong with a party's input, told so that the party can mend it."""

from __future__ import annotations

from typing import Literal

Counted = Literal["line", "row"]


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
