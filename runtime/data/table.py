"""What every file of records is: columns with names, some of whose rows are read at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from runtime.data.errors import Counted, InputError
from runtime.files import advice

ROWS = 4096  # read at a time: text is some ten times the size of the integers that it becomes

Block = list[str] | NDArray[np.generic]  # one column of text; some columns, shape (rows, columns)


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows: the numbers by which errors call them, and those blocks that were asked for."""

    rows: Sequence[int]
    blocks: Mapping[int, Block]


@dataclass(frozen=True, slots=True)
class Column:
    """Its name, and where it stands: in which block, at which place of it."""

    name: str
    block: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """`parts` reads the blocks of these numbers, all of equal length, and raises InputError.

    Without names (`named`) columns are called by their numbers, from 0; `arrays` has the places of the columns that
    are one array, by its name; `counted` says what the rows' numbers count, `form` for people what the file is.
    `types` has those of the blocks, where the format has types; `stands` tells the file of a row that was read, and its
    number there, where several files are the table.
    """

    file: str
    form: str
    columns: tuple[Column, ...]
    parts: Callable[[frozenset[int]], Iterator[Part]] = field(repr=False)
    named: bool = True
    arrays: Mapping[str, Sequence[int]] = field(default_factory=dict[str, Sequence[int]])
    counted: Counted = "row"
    types: Sequence[str] = ()
    stands: Callable[[int], tuple[str, int]] | None = field(default=None, repr=False)

    @property
    def noun(self) -> str:
        """What a person calls that which has a name here."""
        return "array" if self.arrays else "column"

    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def whole(self) -> Iterator[Part]:
        """All columns."""
        return self.parts(frozenset(column.block for column in self.columns))


def cannot_open(file: str, error: OSError) -> InputError:
    """The error of a file that the system does not hand out."""
    if isinstance(error, FileNotFoundError):
        return InputError("there is no such file", help="check the path", file=file)
    return InputError(f"cannot be read: {error.strerror}", help=advice(error), file=file)
