"""Numbers that a program in Python holds, where the command has a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runtime.data.errors import InputError
from runtime.data.pick import axes, long
from runtime.data.rows import Records
from runtime.data.specs import DatasetSpec, TensorSpec


@dataclass(frozen=True, slots=True)
class InMemory:
    """Arrays by their names, or a single one that has none (""); text in them is decimal numerals.

    `name` is what messages say instead of a path.  What is a `frame` is columns, else each array is one of rows.
    """

    name: str
    arrays: Mapping[str, NDArray[np.generic]]
    frame: bool = False

    @property
    def single(self) -> NDArray[np.generic] | None:
        """The array that has no name."""
        return self.arrays.get("")

    def __repr__(self) -> str:
        return f"InMemory({self.name!r})"


class Elsewhere(ABC):
    """Records that other machines of the party have, and this one asks for."""

    name: str
    """What messages say instead of a path."""

    @abstractmethod
    def records(self, spec: DatasetSpec) -> Records:
        """All of them, held against the data set's kinds and `where`.  Raises InputError."""
        ...

    @abstractmethod
    def marks(self, key: bytes) -> bytearray:
        """As `marks.marks_of`, in whatever order."""
        ...


Input = str | InMemory | Elsewhere  # a path, a reference or a number; what is in memory, or elsewhere


def not_here(given: Elsewhere) -> InputError:
    """The error of what asks for all rows here."""
    return InputError(
        "its rows are with the workers, and are asked for a batch at a time",
        help="run without a cluster",
        file=given.name,
    )


def called(given: Input) -> str:
    """What messages say of it."""
    return given if isinstance(given, str) else given.name


def lone_array(held: InMemory, spec: TensorSpec) -> NDArray[np.generic]:
    """The array for an `input`: the single one, the one of its name, or the only one.  Raises InputError unless it has
    the shape."""
    arrays = held.arrays
    found = arrays.get("", arrays.get(spec.name))
    if found is None and len(arrays) == 1:
        found = next(iter(arrays.values()))
    if found is None:
        known = ", ".join(f"`{name}`" for name in arrays) or "none"
        raise InputError(f"there is no array `{spec.name}` among {known}", help="give the array itself", file=held.name)
    if found.shape != spec.shape:
        raise InputError(
            f"it has shape {axes(found.shape)} where the program needs {axes(spec.shape)}",
            help=_reshaped(found.shape, spec.shape),
            file=held.name,
        )
    return found


def _reshaped(found: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    if len(found) == 2 and found[::-1] == wanted:
        return "transpose it: .T"
    if long(found) == long(wanted):
        return f"only axes of length 1 differ: .reshape({axes(wanted)[1:-1] or '()'})"
    return "give an array of that shape, or compile the program with other sizes"
