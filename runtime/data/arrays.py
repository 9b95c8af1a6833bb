"""Arrays from .npy, .npz (never pickled) and .safetensors files, checked and encoded."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from runtime.data.encode import BadValue, Wrong, encode_floats, encode_integers
from runtime.data.errors import FIRST, Cell, InputError, bad_cells
from runtime.data.specs import Kind
from runtime.data.table import cannot_open


def read_npy(file: str) -> NDArray[np.generic]:
    """The array of a .npy file.  Raises InputError."""
    return _read(file)[""]


def read_npz(file: str) -> Mapping[str, NDArray[np.generic]]:
    """The arrays of a .npz file by their names.  Raises InputError."""
    return _read(file)


def read_safetensors(file: str) -> Mapping[str, NDArray[np.generic]]:
    """The arrays of a .safetensors file by their names.  Raises InputError."""
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load
    except ImportError:
        raise InputError(
            "reading it needs the package `safetensors`, which is not installed",
            help="pip install safetensors, or save the arrays as .npz",
            file=file,
        ) from None
    try:
        return dict(load(Path(file).read_bytes()))
    except OSError as error:
        raise cannot_open(file, error) from None
    except (SafetensorError, KeyError) as error:  # KeyError: a type that NumPy does not have, such as bfloat16
        raise InputError(
            f"this is no safetensors file of NumPy's types: {error}", help="save float32 or integer tensors", file=file
        ) from None


def pick(file: str, arrays: Mapping[str, NDArray[np.generic]], name: str) -> NDArray[np.generic]:
    """The array called `name`; a file's only array answers to every name."""
    if name in arrays:
        return arrays[name]
    if len(arrays) == 1:
        return next(iter(arrays.values()))
    raise InputError(
        f"there is no array `{name}`; it holds {', '.join(f'`{n}`' for n in sorted(arrays)) or 'none'}",
        help=f"save the array under the name `{name}`, or alone in its file",
        file=file,
    )


def check_shape(file: str, name: str, array: NDArray[np.generic], shape: tuple[int, ...], *, rows: bool) -> None:
    """Raises InputError unless the array has that shape; with `rows`, that shape for each of its n >= 0 rows."""
    if (array.shape[1:] if rows else array.shape) != shape or (rows and not array.ndim):
        wanted = ", ".join([*(["n"] if rows else []), *map(str, shape)])
        found = ", ".join(map(str, array.shape))
        raise InputError(
            f"`{name}` has shape [{found}] where the program needs [{wanted}]",
            help="reshape or transpose the array before saving it",
            file=file,
        )


def encode_array(file: str, name: str, array: NDArray[np.generic], kind: Kind) -> NDArray[np.int64]:
    """Grid integers of the array's shape.  Raises InputError."""
    try:
        return encode_values(file, name, np.ascontiguousarray(array).reshape(-1), kind).reshape(array.shape)
    except BadValue as bad:
        first = [(_element(name, array.shape, i), bad.why(i)) for i in bad.indices[:FIRST]]
        cells = [Cell(None, element, wrong.what, wrong.help) for element, wrong in first]
        raise bad_cells(file, cells, len(bad.indices)) from None


def encode_values(file: str, name: str, flat: NDArray[np.generic], kind: Kind) -> NDArray[np.int64]:
    """Grid integers of numbers of shape (count,).  Raises BadValue, and InputError for what are no numbers."""
    if flat.dtype.kind == "f" and flat.dtype.itemsize <= 8:
        return encode_floats(flat.astype(np.float64), kind)
    if flat.dtype.kind in "iub":
        return encode_integers(_as_int64(flat), kind)
    wanted = "float64, float32, float16, integers or booleans"
    raise InputError(
        f"`{name}` has dtype {flat.dtype} where `{kind}` needs {wanted}",
        help=f"convert it with .astype({'np.float64' if kind.fraction else 'np.int64'}) before saving it",
        file=file,
    )


def _element(name: str, shape: tuple[int, ...], flat: int) -> str:
    """`w[5]`"""
    index = ", ".join(str(int(i)) for i in np.unravel_index(flat, shape))
    return f"{name}[{index}]" if index else name


def _as_int64(flat: NDArray[np.generic]) -> NDArray[np.int64]:
    """Integers as int64; a uint64 beyond it is out of every kind's range."""
    if flat.dtype.kind == "u":
        large = np.flatnonzero(flat > np.uint64(np.iinfo(np.int64).max)).tolist()
        if large:
            help = "scale the values, or give the program a wider kind"
            raise BadValue(large, lambda index: Wrong(f"{flat[index]} is out of range", help))
    return flat.astype(np.int64)


def _read(file: str) -> dict[str, NDArray[np.generic]]:
    try:
        with Path(file).open("rb") as raw:
            loaded = np.load(raw, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return {"": loaded}
            return {name: loaded[name] for name in loaded.files}
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        if "Object arrays" in str(error):
            what = "it holds Python objects, which are never unpickled"
        elif "allow_pickle" in str(error):  # NumPy takes whatever it does not know for a pickle
            what = "this is no NumPy file"
        else:
            what = f"this is no NumPy file: {error}"
        raise InputError(
            what,
            help="save plain numeric arrays with np.save or np.savez",
            file=file,
        ) from None
    except OSError as error:
        raise cannot_open(file, error) from None
