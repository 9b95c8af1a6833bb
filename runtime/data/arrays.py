"""Arrays from .npy and .npz files (never pickled), and arrays of any format encoded."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from compiler.words.integers import Array
from runtime.data.encode import BadValue, encode_floats, encode_integers, encode_text
from runtime.data.errors import FIRST, Cell, InputError, bad_cells
from runtime.data.specs import Kind
from runtime.data.table import cannot_open

_PLAIN = "save plain numeric arrays with np.save or np.savez"


Entry = TypeVar("Entry")


class Members(Mapping[str, NDArray[np.generic]], Generic[Entry]):
    """The arrays of a file by their names, each read, from what the file says of it, when it is asked for."""

    def __init__(self, file: str, entries: Mapping[str, Entry]) -> None:
        self._file, self._entries = file, entries

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def read_npy(file: str) -> NDArray[np.generic]:
    """The array of a .npy file.  Raises InputError."""
    with _loaded(file) as found:
        if isinstance(found, np.ndarray):
            return found
    raise InputError("this is an archive of arrays, no single one", help="let its name end in .npz", file=file)


def read_npz(file: str) -> Mapping[str, NDArray[np.generic]]:
    """The arrays of a .npz file by their names, each read when it is asked for; a lone one has the name "".

    Raises InputError, then too.
    """
    with _loaded(file) as found:
        if isinstance(found, np.ndarray):
            return {"": found}
        return _Archive(file, {entry.removesuffix(".npy"): entry for entry in found.zip.namelist()})


class _Archive(Members[str]):
    def __getitem__(self, name: str) -> NDArray[np.generic]:
        entry = self._entries[name]
        with _loaded(self._file) as found:
            array: object = found[entry]
        if not isinstance(array, np.ndarray):  # NumPy hands out the bytes of whatever else is in the archive
            raise InputError(f"`{name}` is no array", help=_PLAIN, file=self._file)
        return array


def encode_array(file: str, name: str, array: NDArray[np.generic], kind: Kind) -> Array:
    """Grid integers of the array's shape.  Raises InputError."""
    try:
        return encode_values(file, name, np.ascontiguousarray(array).reshape(-1), kind).reshape(array.shape)
    except BadValue as bad:
        first = [(_element(name, array.shape, i), bad.why(i)) for i in bad.indices[:FIRST]]
        cells = [Cell(None, element, wrong.what, wrong.help) for element, wrong in first]
        raise bad_cells(file, cells, len(bad.indices)) from None


def encode_values(file: str, name: str, flat: NDArray[np.generic], kind: Kind) -> Array:
    """Grid integers of numbers of shape (count,); text is decimal numerals, of any length.

    Raises BadValue, and InputError for what are no numbers.
    """
    if flat.dtype.kind == "f" and flat.dtype.itemsize <= 8:
        return encode_floats(flat.astype(np.float64), kind)
    if flat.dtype.kind in "iub":
        return encode_integers(flat, kind)
    if flat.dtype.kind in "US":
        return encode_text([str(cell) for cell in texts(file, name, flat).tolist()], kind)
    wanted = "float64, float32, float16, integers or booleans"
    help = instead(flat.dtype) or f"convert it with .astype({'np.float64' if kind.fraction else 'np.int64'}) first"
    raise InputError(f"`{name}` has dtype {flat.dtype} where `{kind}` needs {wanted}", help=help, file=file)


def instead(dtype: np.dtype[Any]) -> str:
    """What to save instead of values that are no real numbers; nothing to say of others."""
    if dtype.kind == "c":
        return "save two arrays of real numbers: np.real(...) and np.imag(...)"
    if dtype.kind == "M":
        return "save how long after a day it is: (... - np.datetime64('2000-01-01')) / np.timedelta64(1, 'D')"
    return "save how many days, or hours, it is: ... / np.timedelta64(1, 'D')" if dtype.kind == "m" else ""


def texts(file: str, name: str, array: NDArray[np.generic]) -> NDArray[np.str_]:
    """An array of text, which may be kept as the bytes of UTF-8.  Raises InputError."""
    if array.dtype.kind == "U":
        return array.astype(np.str_)
    try:
        return np.strings.decode(array.astype(np.bytes_), "utf-8")
    except UnicodeDecodeError:
        raise InputError(f"the bytes of `{name}` are no UTF-8", help="save text or numbers", file=file) from None


def _element(name: str, shape: tuple[int, ...], flat: int) -> str:
    """`w[5]`"""
    index = ", ".join(str(int(i)) for i in np.unravel_index(flat, shape))
    return f"{name}[{index}]" if index else name


@contextmanager
def _loaded(file: str) -> Generator[Any]:
    """What NumPy finds in a file; for as long as it is open, if that is an archive."""
    try:
        with Path(file).open("rb") as raw:
            yield np.load(raw, allow_pickle=False)
    except (ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        if "Object arrays" in str(error):
            what = "it holds Python objects, which are never unpickled"
        elif "allow_pickle" in str(error):  # NumPy takes whatever it does not know for a pickle
            what = "this is no NumPy file"
        else:
            what = f"this is no NumPy file: {error}"
        raise InputError(what, help=_PLAIN, file=file) from None
    except OSError as error:
        raise cannot_open(file, error) from None
