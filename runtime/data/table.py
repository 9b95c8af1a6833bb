"""Tables of text: one header line, then rows.

Columns fill the fields by their names where the header has all of them: `y`, `x[0]`, `x[1]`, ... for fields `y` and
`x`; a table may then have others, in any order.  Else they fill the fields in the order of declaration, and there are
no others.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from runtime.data.bounds import first_above
from runtime.data.encode import BadValue, encode_text
from runtime.data.errors import Counted, InputError
from runtime.data.specs import FieldSpec

ROWS = 4096  # held as text at a time: it is some ten times the size of the integers it becomes

Line = tuple[int, list[str]]  # its number in the file, from 1, and its cells


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some rows of one file, and where they stand in it."""

    file: str
    header: Sequence[str]
    lines: list[int]
    rows: list[list[str]]

    def encode(self, field: FieldSpec, places: Sequence[int]) -> NDArray[np.int64]:
        """The field's columns, which stand at these places; shape (rows, columns).  Its bound is checked here too."""
        cells = [row[place] for row in self.rows for place in places]
        try:
            integers = encode_text(cells, field.kind).reshape(len(self.rows), field.columns)
        except BadValue as bad:
            row, column = divmod(bad.index, field.columns)
            line, name = self.lines[row], self.header[places[column]]
            raise InputError(bad.what, help=bad.help, file=self.file, row=line, column=name, counted="line") from None
        if field.norm_bound is not None:
            above = first_above(integers, field.kind, field.norm_bound)
            if above is not None:
                raise norm_above(self.file, self.lines[above], "line", field, integers[above])
        return integers


def read_csv(file: str) -> Iterator[Line]:
    """The header, then every line that is not blank; nothing for an empty file.  Raises InputError."""
    try:
        with Path(file).open(encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text, strict=True)
            header = next(reader, None)
            if header is not None:
                yield reader.line_num, header
            yield from ((reader.line_num, row) for row in reader if row)
    except (UnicodeDecodeError, csv.Error) as error:
        what = f"this is not a CSV text: {error}"
        raise InputError(what, help="save it as comma-separated UTF-8", file=file) from None
    except OSError as error:
        raise cannot_open(file, error) from None


def encode_table(file: str, lines: Iterator[Line], fields: Sequence[FieldSpec]) -> list[NDArray[np.int64]]:
    """The lines of a table as one array of shape (n, columns) for each field.  Raises InputError."""
    parts: list[list[NDArray[np.int64]]] = [[] for _ in fields]
    _, first = next(lines, (1, []))
    header, places = _header(file, first, fields)
    for chunk in _chunks(file, lines, header):
        for field, part, at in zip(fields, parts, places, strict=True):
            part.append(chunk.encode(field, at))
    if not parts[0]:
        raise InputError("there are no rows below the header", help="give at least one row", file=file)
    return [np.concatenate(part) for part in parts]


def _chunks(file: str, lines: Iterator[Line], header: list[str]) -> Iterator[_Chunk]:
    while batch := list(islice(lines, ROWS)):
        chunk = _Chunk(file, header, [line for line, _ in batch], [row for _, row in batch])
        for line, row in batch:
            if len(row) != len(header):
                raise _wrong_width(file, line, len(row), len(header), row)
        yield chunk


def _header(file: str, header: list[str], fields: Sequence[FieldSpec]) -> tuple[list[str], list[Sequence[int]]]:
    """The header, and where each field's columns stand."""
    if not header:
        raise InputError("the file is empty", help="write a header line with the columns' names, then rows", file=file)
    if all(_is_number(cell) for cell in header):
        raise InputError(
            "the first line is all numbers; it must name the columns",
            help="put one header line above the rows",
            file=file,
            row=1,
            counted="line",
        )
    by_name = _by_name(header, fields)
    if by_name is not None:
        return header, by_name
    ends = list(accumulate(field.columns for field in fields))
    if len(header) != ends[-1]:
        raise _wrong_width(file, 1, len(header), ends[-1], header)
    return header, [range(end - field.columns, end) for field, end in zip(fields, ends, strict=True)]


def _by_name(header: list[str], fields: Sequence[FieldSpec]) -> list[Sequence[int]] | None:
    """Where each field's columns stand; None unless each of them is named, once."""
    names = [cell.strip() for cell in header]
    often, at = Counter(names), {name: place for place, name in enumerate(names)}
    wanted = [field.column_names() for field in fields]
    if any(often[column] != 1 for columns in wanted for column in columns):
        return None
    return [[at[column] for column in columns] for columns in wanted]


def _wrong_width(file: str, line: int, found: int, columns: int, row: Sequence[str]) -> InputError:
    help = (
        "give each field one column per element, in the order of declaration, or all their names: `x[0]`, `x[1]`, ..."
    )
    if found == 1 and row[0].count(";") + 1 == columns:
        help = "separate the columns by commas, not semicolons"
    return InputError(
        f"{found} columns where the program needs {columns}", help=help, file=file, row=line, counted="line"
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def norm_above(file: str, row: int, counted: Counted, field: FieldSpec, integers: NDArray[np.int64]) -> InputError:
    """The error of one row whose `where` does not hold."""
    square = Fraction(sum(int(i) ** 2 for i in integers.flat), 4**field.kind.fraction)
    assert field.norm_bound is not None
    return InputError(
        f"norm2({field.name}) is {float(square) ** 0.5:.6g} after rounding to `{field.kind}`, "
        f"above the bound {float(field.norm_bound):g} of its `where`",
        help="scale the row down until its rounded values meet the bound",
        file=file,
        row=row,
        column=field.name,
        counted=counted,
    )


def cannot_open(file: str, error: OSError) -> InputError:
    """The error of a file that the system does not hand out."""
    if isinstance(error, FileNotFoundError):
        return InputError("there is no such file", help="check the path", file=file)
    return InputError(f"cannot be read: {error.strerror}", help="check the path and its permissions", file=file)
