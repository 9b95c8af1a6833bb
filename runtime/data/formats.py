"""The formats of files that numbers are read from: one table, from a file's ending to how it is read.

Loading (`load`) and identity (`content`) both read by this table, so that they cannot differ in what a file says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runtime.data.arrays import read_npy, read_npz, read_safetensors
from runtime.data.table import Line, read_csv


@dataclass(frozen=True, slots=True)
class Text:
    """A table of decimal numerals: its lines, as `table.Line`; the first one names the columns."""

    read: Callable[[str], Iterator[Line]]


@dataclass(frozen=True, slots=True)
class Single:
    """One array without a name."""

    read: Callable[[str], NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Named:
    """Arrays by their names."""

    read: Callable[[str], Mapping[str, NDArray[np.generic]]]


Format = Text | Single | Named  # each `read` takes a path and raises InputError

FORMATS: dict[str, Format] = {
    ".csv": Text(read_csv),
    ".npy": Single(read_npy),
    ".npz": Named(read_npz),
    ".safetensors": Named(read_safetensors),
}


def format_of(path: str) -> Format | None:
    """The format that a path's ending says; None for an ending that is in no line of the table."""
    return next((found for ending, found in FORMATS.items() if path.endswith(ending)), None)


def endings() -> str:
    """`.csv, .npy, .npz or .safetensors`"""
    return listed(FORMATS)


def listed(endings: Iterable[str]) -> str:
    *others, last = endings
    return f"{', '.join(others)} or {last}"
