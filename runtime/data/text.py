"""Tables of text, as spreadsheets and scripts save them: one header line, then rows of decimal numerals.

What differs from file to file is found out: the separator, decimal commas, the byte order mark, line ends, quotes.
What may mean two things is left as it stands, for whoever reads numbers to refuse.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from runtime.data.errors import InputError
from runtime.data.table import ROWS, Column, Part, Table, cannot_open

Line = tuple[int, list[str]]  # its number in the file, from 1, and its cells

_SAMPLE = 1 << 16  # bytes that are looked at before the file is read
_LINES = 20
_SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas"}
_COMMA = re.compile(r"\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*", re.ASCII)
_THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2},\d{3}\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written."""

    encoding: str = "utf-8-sig"
    separator: str = ","

    def __str__(self) -> str:
        wide = ", UTF-16" if self.encoding == "utf-16" else ""
        return f"text, separated by {_SEPARATORS[self.separator]}{wide}"

    def pointed(self, cell: str) -> str:
        """A numeral with a decimal comma, with a point.

        Semicolons stand where commas are decimal.  Elsewhere `1,234` may be a thousand, and stays as it is.
        """
        if not _COMMA.fullmatch(cell) or (self.separator != ";" and _THOUSANDS.fullmatch(cell)):
            return cell
        return cell.replace(",", ".")


def dialect(file: str) -> Dialect:
    """Found from the beginning of the file.  Raises InputError."""
    try:
        with Path(file).open("rb") as raw:
            head = raw.read(_SAMPLE)
    except OSError as error:
        raise cannot_open(file, error) from None
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    lines = head.decode(encoding, errors="replace").splitlines()
    if len(head) == _SAMPLE:
        lines = lines[:-1]  # which may be cut
    return Dialect(encoding, _separator([line for line in lines if line.strip()][:_LINES]))


def _separator(lines: list[str]) -> str:
    """That which cuts all lines into equally many cells; where none does, that which cuts the first one most."""
    counts: dict[str, list[int]] = {}
    for separator in _SEPARATORS:
        rows = csv.reader(lines, delimiter=separator, skipinitialspace=True)
        counts[separator] = [len(row) for row in rows] or [1]
    for separator, found in counts.items():
        if found[0] > 1 and len(set(found)) == 1:
            return separator
    return max(reversed(counts), key=lambda separator: counts[separator][0])


def read_csv(file: str) -> Iterator[Line]:
    """The header, then every line that is not blank; nothing for an empty file.  Raises InputError."""
    found = dialect(file)
    lines = raw_lines(file, found)
    yield from islice(lines, 1)
    for number, row in lines:
        yield number, [found.pointed(cell) if "," in cell else cell for cell in row]


def raw_lines(file: str, found: Dialect) -> Iterator[Line]:
    """As `read_csv`, each cell as it is written there.  Raises InputError."""
    try:
        with Path(file).open(encoding=found.encoding, newline="") as text:
            reader = csv.reader(text, strict=True, delimiter=found.separator, skipinitialspace=True)
            yield from ((reader.line_num, row) for row in reader if row)
    except UnicodeError:
        raise _not_decoded(file, found.encoding) from None
    except csv.Error as error:
        raise InputError(
            f"this is not a CSV text: {error}", help='save it as comma-separated UTF-8, quoted by "', file=file
        ) from None
    except OSError as error:
        raise cannot_open(file, error) from None


def _not_decoded(file: str, encoding: str) -> InputError:
    """The error of the first line that is not of this encoding."""
    help = "save it as UTF-8; spreadsheets call that CSV UTF-8"
    if encoding == "utf-16":
        return InputError("this is not a CSV text: its UTF-16 is cut off or damaged", help=help, file=file)
    with Path(file).open("rb") as raw:
        for number, line in enumerate(raw, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                what = f"this is not a CSV text: the byte 0x{line[error.start]:02x} is not UTF-8"
                return InputError(what, help=help, file=file, row=number, counted="line")
    return InputError("this is not a CSV text: it is not UTF-8", help=help, file=file)


def table_of_lines(file: str, form: str, lines: Iterator[Line]) -> Table:
    """A table whose first line names the columns.  Raises InputError."""
    names = header(file, lines)

    def parts(blocks: frozenset[int]) -> Iterator[Part]:
        while batch := list(islice(lines, ROWS)):
            for number, row in batch:
                same_width(file, number, row, len(names))
            columns = list(zip(*(row for _, row in batch), strict=True))
            yield Part([number for number, _ in batch], {block: list(columns[block]) for block in sorted(blocks)})

    return Table(file, form, tuple(Column(name, i) for i, name in enumerate(names)), parts, counted="line")


def header(file: str, lines: Iterator[Line]) -> list[str]:
    """The columns' names, from the first line.  Raises InputError."""
    line, found = next(lines, (1, []))
    if not found:
        raise InputError("the file is empty", help="write a header line with the columns' names, then rows", file=file)
    if all(_is_number(cell) for cell in found):
        raise InputError(
            "the first line is all numbers; it must name the columns",
            help="put one header line above the rows",
            file=file,
            row=line,
            counted="line",
        )
    return [name.strip() for name in found]


def same_width(file: str, line: int, row: list[str], columns: int) -> None:
    """Raises InputError for a row of another number of cells than the header has."""
    if len(row) == columns:
        return
    raise InputError(
        f"{len(row)} cells where the header has {columns}",
        help="give every row one cell for each column; a cell that holds the separator needs quotes",
        file=file,
        row=line,
        counted="line",
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True
