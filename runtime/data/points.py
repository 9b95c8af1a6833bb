"""Which mark of a text's numerals is the decimal one: a file has one, and `1,234` or `1.234` says nothing of which.

A comma is decimal where semicolons separate, or where it can be nothing else; a point is decimal.  A numeral that would
be another number by the mark of another cell of the file is `Ambiguous`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runtime.data.encode import Ambiguous

_NUMERAL = r"\s*[+-]?\d*{0}\d+([eE][+-]?\d+)?\s*"
_THOUSAND = r"\s*[+-]?[1-9]\d{{0,2}}{0}\d{{3}}\s*"
_COMMA, _POINT = (re.compile(_NUMERAL.format(mark), re.ASCII) for mark in (",", r"\."))
_COMMA_OR_THOUSAND, _POINT_OR_THOUSAND = (re.compile(_THOUSAND.format(mark), re.ASCII) for mark in (",", r"\."))


@dataclass(frozen=True, slots=True)
class Decimals:
    """`comma` is the first cell that has a decimal one, with its line, and `point` the first that has a decimal point
    and can mean nothing else; empty if there is none, or none that makes a difference."""

    semicolons: bool  # separate the cells
    comma: str = ""
    point: str = ""

    def pointed(self, cell: str) -> str:
        """A numeral with a decimal comma, with a point; whatever else is in a cell, as it stands."""
        if _decimal_comma(cell, self.semicolons):
            pointed = cell.replace(",", ".")
            return (
                Ambiguous(pointed, cell, self.point) if self.point and _COMMA_OR_THOUSAND.fullmatch(cell) else pointed
            )
        if self.comma and "." in cell and _POINT_OR_THOUSAND.fullmatch(cell):
            return Ambiguous(cell, cell, self.comma)
        return cell


def decimals(semicolons: bool, rows: Iterator[tuple[int, Sequence[str]]]) -> Decimals:
    """Of the rows of a file, with their lines."""
    comma = point = ""
    for line, row in rows:
        cells = "\t".join(row)
        if not comma and "," in cells:
            comma = next((_told(cell, line) for cell in row if _decimal_comma(cell, semicolons)), "")
        if semicolons and not point and "." in cells:
            point = next((_told(cell, line) for cell in row if _decimal_point(cell)), "")
        if comma and (point or not semicolons):
            break
    return Decimals(semicolons, comma, point)


def _told(cell: str, line: int) -> str:
    return f"`{cell.strip()}` in line {line}"


def _decimal_comma(cell: str, semicolons: bool) -> bool:
    if "," not in cell or not _COMMA.fullmatch(cell):
        return False
    return semicolons or not _COMMA_OR_THOUSAND.fullmatch(cell)


def _decimal_point(cell: str) -> bool:
    return "." in cell and bool(_POINT.fullmatch(cell)) and not _POINT_OR_THOUSAND.fullmatch(cell)
