"""A run's outputs as files: exact values, and either the whole file or none."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from lang.numerals import spelled
from runtime.data.errors import InputError
from runtime.data.formats import listed
from runtime.data.specs import Kind
from runtime.files import PRIVATE, Place, replace

Integers = NDArray[np.int64]

_EXACT = 53  # bits of a float64's significand


def save(path: str, name: str, integers: Integers, kind: Kind) -> None:
    """Write one output to a file of one of FORMATS (in a .npz as array `name`); `load_tensor` reads it back exactly.

    A kind with fraction bits is saved as float64 values (decimals in a .csv), any other as int64.  The file appears
    whole, by a rename, or not at all, and only its owner may read it.  Raises InputError if the ending is another or
    the file cannot be written.
    """
    check_output(path, kind)
    write = FORMATS[Path(path).suffix].write
    try:
        replace(Path(path), lambda file: write(file, name, integers, kind), PRIVATE)
    except OSError as error:
        raise _unwritable(path, error) from None


def reserve(path: str, name: str, kind: Kind, shape: Sequence[int]) -> Place:
    """Room for one output of this shape, for `fill`.  Raises InputError, before there is an output, where `save` would
    after."""
    check_output(path, kind)
    try:
        return Place(Path(path), FORMATS[Path(path).suffix].size(name, kind, shape))
    except OSError as error:
        raise _unwritable(path, error) from None


def fill(place: Place, path: str, name: str, integers: Integers, kind: Kind) -> None:
    """`save` to a place that was reserved."""
    write = FORMATS[Path(path).suffix].write
    try:
        place.fill(lambda file: write(file, name, integers, kind))
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: str, error: OSError) -> InputError:
    return InputError(f"cannot be written: {error.strerror}", help="check the path and its permissions", file=path)


def check_output(path: str, kind: Kind) -> None:
    """Raises InputError if `save` would refuse this path; to be asked before the work that the output comes from."""
    found = FORMATS.get(Path(path).suffix)
    if found is None:
        raise InputError("an output has no such format", help=f"give a path that ends in {endings()}", file=path)
    if not found.exact and kind.fraction and kind.bits - kind.signed > _EXACT:
        raise InputError(f"float64 does not hold every value of `{kind}`", help="save it as .csv", file=path)
    if not Path(path).parent.is_dir():
        raise InputError("its directory does not exist", help=f"create {Path(path).parent} first", file=path)


def endings() -> str:
    """`.npz, .npy or .csv`"""
    return listed(FORMATS)


def _npz(file: BinaryIO, name: str, integers: Integers, kind: Kind) -> None:
    """A .npz of one array, under any name (np.savez keeps some for its own arguments) and with no date in it."""
    with zipfile.ZipFile(file, "w") as archive, archive.open(f"{name}.npy", "w") as member:
        np.lib.format.write_array(member, _values(integers, kind), allow_pickle=False)


def _npy(file: BinaryIO, _name: str, integers: Integers, kind: Kind) -> None:
    np.save(file, _values(integers, kind), allow_pickle=False)


def _values(integers: Integers, kind: Kind) -> NDArray[np.float64] | Integers:
    return np.ldexp(integers.astype(np.float64), -kind.fraction) if kind.fraction else integers


def _csv(file: BinaryIO, name: str, integers: Integers, kind: Kind) -> None:
    """A matrix (a, b) as a rows of b columns `name[0]`, ...; a vector or scalar as one column `name`."""
    flat = integers.ndim < 2
    rows = integers.reshape(-1, 1 if flat else integers.shape[-1])
    header = [name] if flat else [f"{name}[{i}]" for i in range(rows.shape[1])]
    lines = [header, *([spelled(Fraction(int(i), 1 << kind.fraction)) for i in row] for row in rows)]
    file.write("".join(",".join(line) + "\n" for line in lines).encode())


def _binary_size(name: str, _kind: Kind, shape: Sequence[int]) -> int:
    """Of the values, 8 bytes each, and of what stands around them."""
    return 8 * prod(shape) + 1024 + 4 * len(name)


def _text_size(name: str, kind: Kind, shape: Sequence[int]) -> int:
    """A bit before the point makes at most a third of a digit, one behind it a digit."""
    value = (kind.bits - kind.fraction) // 3 + kind.fraction + 6
    columns = shape[-1] if len(shape) > 1 else 1
    return value * prod(shape) + columns * (len(name) + 24)


@dataclass(frozen=True, slots=True)
class Format:
    """How one output is written."""

    write: Callable[[BinaryIO, str, Integers, Kind], None]
    exact: bool  # decimals, or at most float64
    size: Callable[[str, Kind, Sequence[int]], int] = _text_size  # bytes that a file takes, or a little more


FORMATS = {
    ".npz": Format(_npz, exact=False, size=_binary_size),
    ".npy": Format(_npy, exact=False, size=_binary_size),
    ".csv": Format(_csv, exact=True),
}
