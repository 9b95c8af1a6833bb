"""A data set's rows as grid integers, however many: they are packed as they come, and asked for by their numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from compiler.words.integers import Array
from runtime.data.encode import dtype_of
from runtime.data.specs import FieldSpec, Kind
from runtime.data.spool import MEMORY, Spool
from runtime.data.table import ROWS

Numbers = NDArray[np.int64]  # of rows, from 0
Packed = NDArray[np.uint8]  # shape (rows, bytes of a row)


class Store(Protocol):
    """Where the rows are."""

    @property
    def count(self) -> int: ...

    def packed(self, numbers: Numbers) -> Packed:
        """These rows, in this order."""
        ...


class Records(Mapping[str, "Column"]):
    """By the names of the fields, their rows."""

    def __init__(self, form: Form, store: Store, digests: Callable[[], bytearray] | None = None) -> None:
        """`digests` are those of the rows (`content`), where whoever has the rows makes them."""
        self.form, self.store, self.digests = form, store, digests

    def __getitem__(self, name: str) -> Column:
        return Column(self, self.form.places[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.form.places)

    def __len__(self) -> int:
        return len(self.form.places)

    def __repr__(self) -> str:
        return f"<{self.store.count} records>"


@dataclass(frozen=True, slots=True)
class Column:
    """One field of all rows; as far as it goes, an array of shape (n, *field.shape)."""

    records: Records
    place: Place

    def __len__(self) -> int:
        return self.records.store.count

    def __getitem__(self, numbers: Numbers) -> Array:
        field, packed = self.place.field, self.records.store.packed(numbers)
        return self.place.unpacked(packed).reshape(len(numbers), *field.shape)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field lies in a row: from which byte on, in how many for each integer."""

    field: FieldSpec
    begin: int
    bytes: int

    @property
    def end(self) -> int:
        return self.begin + self.field.columns * self.bytes

    def packed(self, integers: Array) -> Packed:
        if (dtype := _machine(self.field.kind)) is not None:
            flat = np.ascontiguousarray(integers.astype(dtype)).view(np.uint8)
        else:
            each = (int(i).to_bytes(self.bytes, "little", signed=True) for i in integers.flat)
            flat = np.frombuffer(b"".join(each), np.uint8)
        return flat.reshape(len(integers), self.end - self.begin)

    def unpacked(self, rows: Packed) -> Array:
        """Shape (rows, columns)."""
        own = np.ascontiguousarray(rows[:, self.begin : self.end])
        if (dtype := _machine(self.field.kind)) is not None:
            return own.view(dtype).astype(np.int64)
        each = own.reshape(-1, self.bytes)
        found = [int.from_bytes(integer.tobytes(), "little", signed=True) for integer in each]
        return np.array(found, dtype=dtype_of(self.field.kind)).reshape(len(rows), self.field.columns)


@dataclass(frozen=True, slots=True)
class Form:
    """How a row is packed: each integer in as few bytes as its kind needs, up to 8 in as many as a machine has."""

    places: Mapping[str, Place]
    width: int  # bytes of a row

    @staticmethod
    def of(fields: Sequence[FieldSpec]) -> Form:
        places, width = dict[str, Place](), 0
        for field in fields:
            dtype = _machine(field.kind)
            places[field.name] = Place(field, width, field.kind.bits // 8 + 1 if dtype is None else dtype.itemsize)
            width = places[field.name].end
        return Form(places, width)

    def packed(self, rows: Sequence[Array]) -> Packed:
        """Of each field in its order, (n, columns)."""
        return np.concatenate([p.packed(found) for p, found in zip(self.places.values(), rows, strict=True)], axis=1)


class Spooled:
    """A `Store` of this machine, which is filled once."""

    def __init__(self, called: str, form: Form, memory: int = MEMORY) -> None:
        """`called` is what errors say the records are of."""
        self._form, self._spool = form, Spool(called, memory)

    def add(self, rows: Sequence[Array]) -> None:
        """More rows: (n, columns) of each field.  Raises InputError where there is no room for them."""
        self._spool.write(self._form.packed(rows).tobytes())

    @property
    def count(self) -> int:
        return self._spool.size // self._form.width

    def packed(self, numbers: Numbers) -> Packed:
        """Rows that follow one another are read together."""
        width, order = self._form.width, np.argsort(numbers, kind="stable")
        found, ascending = np.empty((len(numbers), width), np.uint8), numbers[order]
        for start, stop in _runs(ascending):
            read = self._spool.read(int(ascending[start]) * width, (stop - start) * width)
            found[order[start:stop]] = np.frombuffer(read, np.uint8).reshape(-1, width)
        return found


def _runs(ascending: Numbers) -> Iterator[tuple[int, int]]:
    """Where stretches of numbers begin and end that follow one another, none too long."""
    if not len(ascending):
        return
    begins = np.flatnonzero(np.diff(ascending, prepend=ascending[0] - 2) != 1).tolist()
    for begin, end in pairwise([*begins, len(ascending)]):
        for start in range(begin, end, ROWS):
            yield start, min(start + ROWS, end)


def _machine(kind: Kind) -> np.dtype[Any] | None:
    """The narrowest word of a machine that holds the kind's integers; None where none does, or Python's are meant."""
    if dtype_of(kind) is object:
        return None
    bits = next(bits for bits in (8, 16, 32, 64) if kind.bits <= bits)
    return np.dtype(f"<{'i' if kind.signed or bits == 64 else 'u'}{bits // 8}")
