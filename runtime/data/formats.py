"""The formats of files that numbers are read from: one table, from a file's ending to how it is read.

Loading (`load`) and identity (`content`) both read by this table, so that they cannot differ in what a file says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runtime.data.arrays import read_npy, read_npz
from runtime.data.columnar import read_arrow, read_parquet
from runtime.data.table import Table
from runtime.data.tensors import read_safetensors
from runtime.data.text import Line, dialect, read_csv


@dataclass(frozen=True, slots=True)
class Text:
    """A table of decimal numerals: its lines, as `text.Line`; the first one names the columns.  `form` says how it is
    written."""

    read: Callable[[str], Iterator[Line]]
    form: Callable[[str], str] = lambda _: "text"


@dataclass(frozen=True, slots=True)
class Tabular:
    """A table of columns with names and types."""

    read: Callable[[str], Table]


@dataclass(frozen=True, slots=True)
class Single:
    """One array; it has a name for each column if its rows are records of NumPy's."""

    read: Callable[[str], NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Named:
    """Arrays by their names."""

    read: Callable[[str], Mapping[str, NDArray[np.generic]]]


Format = Text | Tabular | Single | Named  # each `read` takes a path and raises InputError

_TEXT = Text(read_csv, lambda file: str(dialect(file)))

FORMATS: dict[str, Format] = {
    ".csv": _TEXT,
    ".tsv": _TEXT,
    ".npy": Single(read_npy),
    ".npz": Named(read_npz),
    ".safetensors": Named(read_safetensors),
    ".parquet": Tabular(read_parquet),
    ".arrow": Tabular(read_arrow),
    ".feather": Tabular(read_arrow),
}


def format_of(path: str) -> Format | None:
    """The format that a path's ending says, in whatever case; None for an ending that is in no line of the table."""
    return next((found for ending, found in FORMATS.items() if path.lower().endswith(ending)), None)


def endings() -> str:
    """`.csv, .npy, .npz or .safetensors`"""
    return listed(FORMATS)


def listed(endings: Iterable[str]) -> str:
    *others, last = endings
    return f"{', '.join(others)} or {last}"
