"""One data set in many files: a pattern like `part-*.parquet`, whose files are read one behind another.

They are in the order of their names, character by character; their rows are counted through all of them, and an error
says in which file a row stands.  Only formats whose columns have types are taken: of texts each file would have a
decimal mark of its own, and one number might be two.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from glob import glob, has_magic
from itertools import zip_longest
from pathlib import Path

from runtime.data.errors import InputError
from runtime.data.formats import FORMATS, Tabular, format_of, listed
from runtime.data.table import Part, Table, cannot_open


def files_of(path: str) -> list[str] | None:
    """The files that a pattern matches, in their order; None for what is no pattern, or the name of a file.

    Raises InputError for one that matches nothing, or one file by two names.
    """
    if not has_magic(path) or format_of(path) is None or Path(path).exists():
        return None
    found = sorted(glob(path))  # noqa: PTH207 (whose patterns are relative)
    if not found:
        raise InputError("no file has such a name", help="check the pattern; `*` matches within one folder", file=path)
    seen = dict[tuple[int, int], str]()
    for file in found:
        try:
            at = Path(file).stat()
        except OSError as error:
            raise cannot_open(file, error) from None
        first = seen.setdefault((at.st_dev, at.st_ino), file)
        if first != file:
            raise InputError(
                f"it is the same file as {first}: its records would count twice", help="remove the link", file=file
            )
    return found


def table_of_parts(pattern: str, files: Sequence[str]) -> Table:
    """All of them as one table.  Raises InputError where their columns differ."""
    form = format_of(pattern)
    if not isinstance(form, Tabular):
        typed = listed(ending for ending, each in FORMATS.items() if isinstance(each, Tabular))
        only = f"; or give {files[0]} by its name" if len(files) == 1 else ""
        raise InputError(
            f"files are one data set, as a pattern, only if they end in {typed}, whose columns have types",
            help=f"convert them, or put them into one file{only}",
            file=pattern,
        )
    return _Parts.of([form.read(file) for file in files]).table(pattern)


@dataclass(frozen=True, slots=True)
class _Parts:
    tables: Sequence[Table]
    starts: list[int]  # rows before each part that was begun

    @staticmethod
    def of(tables: Sequence[Table]) -> _Parts:
        for table in tables[1:]:
            _alike(tables[0], table)
        return _Parts(tables, [])

    def table(self, pattern: str) -> Table:
        first = self.tables[0]
        form = first.form if len(self.tables) == 1 else f"{first.form}, {len(self.tables)} files"
        return replace(first, file=pattern, form=form, parts=self.parts, stands=self.stands)

    def parts(self, wanted: frozenset[int]) -> Iterator[Part]:
        before = 0
        for number, table in enumerate(self.tables):
            self.starts[number:] = [before]  # as in every reading before
            for part in table.parts(wanted):
                yield Part(range(before + 1, before + 1 + len(part.rows)), part.blocks)
                before += len(part.rows)
            if before == self.starts[number]:
                raise InputError("it has no rows", help="remove it, or write it again", file=table.file)

    def stands(self, row: int) -> tuple[str, int]:
        """The file that has a row, and its number there."""
        number = bisect_right(self.starts, row - 1) - 1
        return self.tables[number].file, row - self.starts[number]


def _alike(first: Table, other: Table) -> None:
    """Raises InputError unless both have the same columns, in one order and of the same types."""
    same_columns(first.file, spelled(first), other.file, spelled(other))


def same_columns(file: str, columns: Sequence[str], other: str, others: Sequence[str]) -> None:
    """Raises InputError unless two files have the same; they are `spelled`."""
    for one, two in zip_longest(columns, others, fillvalue="no more columns"):
        if one != two:
            raise InputError(
                f"it has {two} where {file} has {one}",
                help="write all files of a data set with the same columns, in one order and of the same types",
                file=other,
            )


def spelled(table: Table) -> list[str]:
    """Its columns, each by its name and type."""
    return [f"`{column.name}`: {table.types[column.block]}" for column in table.columns]
