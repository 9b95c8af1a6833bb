"""A table's columns as de-identification looks at them: some rows at a time, each cell as text or as a number."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from runtime.data.errors import InputError
from runtime.data.shown import some
from runtime.data.table import Block, Part, Table

_WHOLE = 2.0**63  # whole floats below it are spelled as integers are
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))  # characters without width
_NAN = frozenset({"nan", "NaN", "NAN", "Nan"})


@dataclass(frozen=True)
class Cells:
    """Some rows of one column: the rows' numbers, and what stands there; `values` where a file has numbers."""

    rows: Sequence[int]
    given: Sequence[str]
    values: NDArray[np.generic] | None = None

    @staticmethod
    def of(part: Part, block: Block, offset: int) -> Cells:
        if isinstance(block, list):
            return Cells(part.rows, block)
        column = block[:, offset]
        if column.dtype.kind == "U":
            return Cells(part.rows, [str(cell) for cell in column])
        return Cells(part.rows, (), column)

    @cached_property
    def texts(self) -> list[str]:
        """Each without blanks around it; "" for a gap."""
        if self.values is not None:
            return spelled(self.values)
        found = [cell.strip() for cell in self.given]
        if not "".join(found).isascii():
            return [plain(cell) for cell in found]
        return found if _NAN.isdisjoint(found) else ["" if cell in _NAN else cell for cell in found]

    @cached_property
    def filled(self) -> int:
        if self.values is None:
            return len(self.texts) - self.texts.count("")
        return len(self.values) - (int(np.count_nonzero(np.isnan(self.values))) if self.values.dtype.kind == "f" else 0)

    @cached_property
    def numbers(self) -> NDArray[np.float64] | None:
        """NaN for a gap; None if some cell is no number."""
        if self.values is not None:
            return self.values.astype(np.float64)
        try:
            texts = self.texts if self.filled == len(self.texts) else [text or "nan" for text in self.texts]
            return np.fromiter(map(float, texts), np.float64, len(texts))
        except ValueError:
            return None


def plain(text: str) -> str:
    """Text as it is compared: one spelling for what looks alike, nothing that is not seen; "" for a gap."""
    text = unicodedata.normalize("NFKC", text.translate(_UNSEEN)).translate(_DASHES).strip()
    if not text.isascii():
        text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    return "" if text in _NAN else text


def spelled(values: NDArray[np.generic]) -> list[str]:
    """Numbers as text: 7, 7.0 and True (of 1) alike; "" for NaN."""
    if values.dtype.kind in "iub":
        return [str(int(value)) for value in values.tolist()]
    pairs = zip(values.astype(np.float64).tolist(), values.astype(np.str_).tolist(), strict=True)
    return [_float(value, text) for value, text in pairs]


def _float(value: float, text: str) -> str:
    """The shortest numeral of its own precision, without a point where it is whole."""
    if value != value:
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < _WHOLE else text


def columns_of(table: Table, part: Part, places: Sequence[int]) -> Iterator[Cells]:
    """The columns at these places."""
    for place in places:
        column = table.columns[place]
        yield Cells.of(part, part.blocks[column.block], column.offset)


def places_of(table: Table, name: str, what: str) -> list[int]:
    """Where a column that is named stands, or all of an array; `what` says who names it.  Raises InputError."""
    if name in table.arrays:
        return list(table.arrays[name])
    names = table.names()
    found = [place for place, called in enumerate(names) if called == name]
    if len(found) == 1:
        return found
    if found:
        raise InputError(
            f"{len(found)} columns are called `{name}`, which {what}", help="rename all but one", file=table.file
        )
    near = get_close_matches(name, names, 1, 0.6)
    raise InputError(
        f"there is no {table.noun} `{name}`, which {what}",
        help=f"did you mean `{near[0]}`?" if near else f"it has {some(names)}",
        file=table.file,
    )


def place_of(table: Table, name: str, what: str) -> int:
    """As `places_of`, of one column.  Raises InputError."""
    found = places_of(table, name, what)
    if len(found) == 1:
        return found[0]
    raise InputError(f"`{name}`, which {what}, has {len(found)} columns", help="name one of them", file=table.file)
