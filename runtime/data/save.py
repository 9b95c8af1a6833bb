"""A run's outputs as files: exact values, and either the whole file or none."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from lang.numerals import spelled
from runtime.data.errors import InputError
from runtime.data.specs import Kind
from runtime.files import PRIVATE, replace

_EXACT = 53  # bits of a float64's significand


def save(path: str, name: str, integers: NDArray[np.int64], kind: Kind) -> None:
    """Write one output to a .npz (as array `name`), .npy or .csv file; `load_tensor` reads it back bit for bit.

    A kind with fraction bits is saved as float64 values (decimals in a .csv), any other as int64.  The file appears
    whole, by a rename, or not at all, and only its owner may read it.  Raises InputError if the ending is another or
    the file cannot be written.
    """
    check_output(path, kind)
    ending = Path(path).suffix
    if ending == ".npz":
        values = _values(integers, kind)
        _replace(path, lambda file: _zip(file, name, values))
    elif ending == ".npy":
        values = _values(integers, kind)
        _replace(path, lambda file: np.save(file, values, allow_pickle=False))
    else:
        text = _table(name, integers, kind)
        _replace(path, lambda file: file.write(text.encode()))


def check_output(path: str, kind: Kind) -> None:
    """Raises InputError if `save` would refuse this path; to be asked before the work that the output comes from."""
    ending = Path(path).suffix
    if ending not in (".npz", ".npy", ".csv"):
        raise InputError("an output has no such format", help="give a path that ends in .npz, .npy or .csv", file=path)
    if ending != ".csv" and kind.fraction and kind.bits - kind.signed > _EXACT:
        raise InputError(f"float64 does not hold every value of `{kind}`", help="save it as .csv", file=path)
    if not Path(path).parent.is_dir():
        raise InputError("its directory does not exist", help=f"create {Path(path).parent} first", file=path)


def _zip(file: BinaryIO, name: str, values: NDArray[np.float64] | NDArray[np.int64]) -> None:
    """A .npz of one array, under any name (np.savez keeps some for its own arguments) and with no date in it."""
    with zipfile.ZipFile(file, "w") as archive, archive.open(f"{name}.npy", "w") as member:
        np.lib.format.write_array(member, values, allow_pickle=False)


def _values(integers: NDArray[np.int64], kind: Kind) -> NDArray[np.float64] | NDArray[np.int64]:
    return np.ldexp(integers.astype(np.float64), -kind.fraction) if kind.fraction else integers


def _table(name: str, integers: NDArray[np.int64], kind: Kind) -> str:
    """A matrix (a, b) as a rows of b columns `name[0]`, ...; a vector or scalar as one column `name`."""
    flat = integers.ndim < 2
    rows = integers.reshape(-1, 1 if flat else integers.shape[-1])
    header = [name] if flat else [f"{name}[{i}]" for i in range(rows.shape[1])]
    lines = [header, *([spelled(Fraction(int(i), 1 << kind.fraction)) for i in row] for row in rows)]
    return "".join(",".join(line) + "\n" for line in lines)


def _replace(path: str, write: Callable[[BinaryIO], object]) -> None:
    try:
        replace(Path(path), write, PRIVATE)
    except OSError as error:
        what = f"cannot be written: {error.strerror}"
        raise InputError(what, help="check the path and its permissions", file=path) from None
