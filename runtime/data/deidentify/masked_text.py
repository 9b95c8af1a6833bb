"""A masked text file: the cells that no mask is for stand in it as they stood, in the same encoding and separators."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from runtime.data.deidentify.cells import plain
from runtime.data.deidentify.plan import Plan
from runtime.data.encode import Wrong
from runtime.data.points import Decimals
from runtime.data.text import Dialect, Line, decimals_of, dialect, header, raw_lines, same_width

_BOM = b"\xef\xbb\xbf"
_SAMPLE = 1 << 16  # bytes in which the first line's end is looked for


def write(path: str, plan: Plan, output: BinaryIO) -> tuple[int, int]:
    """The rows that were written, and those left out.  Raises InputError."""
    found = dialect(path)
    encoding, end = _written(path, found)
    lines = raw_lines(path, found)
    names = header(path, lines)
    kept = [place for place in range(len(names)) if not plan.drops(place)]
    text = TextIOWrapper(output, encoding, newline="", write_through=True)
    writer = csv.writer(text, delimiter=found.separator, lineterminator=end)
    writer.writerow([names[place] for place in kept])
    written = read = 0
    for row in _masked(path, plan, names, decimals_of(path, found), lines):
        read += 1
        if row is not None:
            written += 1
            writer.writerow([row[place] for place in kept])
    text.detach()
    return written, read - written


def _masked(
    path: str, plan: Plan, names: list[str], found: Decimals, lines: Iterator[Line]
) -> Iterator[list[str] | None]:
    """None for a row that is left out."""
    maskers = plan.maskers()
    for number, row in lines:
        same_width(path, number, row, len(names))
        if plan.person is not None and plan.persons.beyond([plain(found.pointed(row[plan.person]))])[0]:
            yield None
            continue
        for place, masker in maskers.items():
            try:
                row[place] = masker(found.pointed(row[place]))
            except Wrong as wrong:
                raise plan.wrong(wrong, number, names[place]) from None
        yield row


def _written(path: str, found: Dialect) -> tuple[str, str]:
    """The encoding, with its mark if the file has one, and what ends a line."""
    with Path(path).open("rb") as raw:
        head = raw.read(_SAMPLE)
    wide = found.encoding == "utf-16"
    encoding = found.encoding if wide or head.startswith(_BOM) else "utf-8"
    first = head.decode(found.encoding, errors="replace").partition("\n")[0]
    return encoding, "\r\n" if first.endswith("\r") else "\n"
