"""A run's outputs as files: exact values, and either the whole file or none."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from compiler.words.integers import Array
from lang.numerals import spelled
from runtime.data.errors import InputError, Unwritable
from runtime.data.formats import listed
from runtime.data.specs import Kind
from runtime.data.tensors import NOTES, write_safetensors
from runtime.files import PRIVATE, Place, advice, replace

_EXACT = 53  # bits of a float64's significand
_LEAST = 1074  # and how many bits it has behind the point at most
_EXACTLY = "save it as .csv"
_MACHINE = 64  # bits of the longest integer that an array has


@dataclass(frozen=True, slots=True)
class Member:
    """One array of a file of outputs."""

    name: str
    kind: Kind
    shape: tuple[int, ...]


Arrays = Mapping[Member, Array]


def save(path: str, arrays: Arrays) -> None:
    """Write outputs to a file of one of FORMATS, each under its name where they have names; `load_tensor` reads them
    back exactly.

    A kind with fraction bits is saved as float64 values (decimals in a .csv), any other as int64, or as uint64 where it
    takes that.  The file appears whole, by a rename, or not at all, and only its owner may read it.  Raises InputError
    if the ending is another or the file cannot be written.
    """
    check_output(path, arrays)
    write = FORMATS[Path(path).suffix].write
    try:
        replace(Path(path), lambda file: write(file, arrays), PRIVATE)
    except OSError as error:
        raise _unwritable(path, error) from None


def reserve(path: str, members: Collection[Member]) -> Place:
    """Room for a file of these arrays, for `fill`.  Raises InputError, before there is an output, where `save` would
    after."""
    check_output(path, members)
    try:
        return Place(Path(path), sum(map(FORMATS[Path(path).suffix].size, members)))
    except OSError as error:
        raise _unwritable(path, error) from None


def fill(place: Place, path: str, arrays: Arrays) -> None:
    """`save` to a place that was reserved."""
    write = FORMATS[Path(path).suffix].write
    try:
        place.fill(lambda file: write(file, arrays))
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: str, error: OSError) -> Unwritable:
    return Unwritable(f"cannot be written: {error.strerror}", help=advice(error), file=path)


def check_output(path: str, members: Collection[Member]) -> None:
    """Raises InputError if `save` would refuse this path; to be asked before the work that the outputs come from."""
    found = FORMATS.get(Path(path).suffix)
    if found is None:
        raise InputError("an output has no such format", help=f"give a path that ends in {endings()}", file=path)
    _check_names(path, found, [member.name for member in members])
    for kind in (member.kind for member in members):
        if not found.exact and kind.fraction and (kind.bits - kind.signed > _EXACT or kind.fraction > _LEAST):
            raise InputError(f"float64 does not hold every value of `{kind}`", help=_EXACTLY, file=path)
        if not found.exact and kind.bits > _MACHINE:
            raise InputError(
                f"an array of integers has {_MACHINE} bits, not those of `{kind}`", help=_EXACTLY, file=path
            )
    if not Path(path).parent.is_dir():
        raise InputError("its directory does not exist", help=f"create {Path(path).parent} first", file=path)


def _check_names(path: str, format: Format, names: list[str]) -> None:
    """Raises InputError for arrays that a file cannot hold side by side."""
    if len(names) > 1 and not format.many:
        raise InputError(
            f"a {Path(path).suffix} file holds one array, and {len(names)} are to be saved in it",
            help=f"give each a file of its own, or save them in {named_endings()}",
            file=path,
        )
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"two outputs are to be saved as `{twice}`", help="give each a name of its own", file=path)
    if bad := next((name for name in names if name == NOTES or not _is_text(name)), None):
        raise InputError(f"{bad!a} is not the name of an array", help="give it another name", file=path)


def _is_text(name: str) -> bool:
    """Not bytes of a command line that are no UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def endings() -> str:
    """`.npz, .npy, .csv or .safetensors`"""
    return listed(FORMATS)


def named_endings() -> str:
    """`.npz or .safetensors`"""
    return listed(ending for ending, found in FORMATS.items() if found.many)


def named(path: str) -> bool:
    """Whether outputs in such a file have names; not in one that is not written at all."""
    found = FORMATS.get(Path(path).suffix)
    return found is not None and found.many


def _npz(file: BinaryIO, arrays: Arrays) -> None:
    """A .npz under any names (np.savez keeps some for its own arguments) and with no date in it."""
    with zipfile.ZipFile(file, "w") as archive:
        for member, integers in arrays.items():
            with archive.open(f"{member.name}.npy", "w") as entry:
                np.lib.format.write_array(entry, _values(integers, member.kind), allow_pickle=False)


def _safetensors(file: BinaryIO, arrays: Arrays) -> None:
    write_safetensors(file, {member.name: _values(integers, member.kind) for member, integers in arrays.items()})


def _npy(file: BinaryIO, arrays: Arrays) -> None:
    ((member, integers),) = arrays.items()
    np.save(file, _values(integers, member.kind), allow_pickle=False)


def _values(integers: Array, kind: Kind) -> NDArray[Any]:
    if kind.fraction:
        return np.ldexp(integers.astype(np.float64), -kind.fraction)
    return integers.astype(np.int64 if kind.bits - kind.signed < _MACHINE else np.uint64)


def _csv(file: BinaryIO, arrays: Arrays) -> None:
    """A matrix (a, b) as a rows of b columns `name[0]`, ...; a vector or scalar as one column `name`."""
    ((member, integers),) = arrays.items()
    kind = member.kind
    rows = integers.reshape(-1, 1 if integers.ndim < 2 else integers.shape[-1])
    lines = [_header(member), *([spelled(Fraction(int(i), 1 << kind.fraction)) for i in row] for row in rows)]
    file.write("".join(",".join(line) + "\n" for line in lines).encode())


def _header(member: Member) -> list[str]:
    shape = member.shape
    return [member.name] if len(shape) < 2 else [f"{member.name}[{i}]" for i in range(shape[-1])]


def is_alike(path: str, member: Member) -> bool:
    """Whether a file of one array that is there may be this array, saved before: by its header or shape."""
    if Path(path).suffix == ".npy":
        try:
            return bool(np.load(path, mmap_mode="r", allow_pickle=False).shape == member.shape)
        except (EOFError, ValueError):  # of nothing, or of what is no array
            return Path(path).stat().st_size == 0
    header = ",".join(_header(member)).encode() + b"\n"
    with Path(path).open("rb") as file:
        return file.readline(len(header) + 1) in (header, b"")


def _binary_size(member: Member) -> int:
    """Of the values, 8 bytes each, and of what stands around them; a name may take six bytes for a character."""
    return 8 * prod(member.shape) + 1024 + 8 * len(member.name)


def _text_size(member: Member) -> int:
    """A bit before the point makes at most a third of a digit, one behind it a digit."""
    kind, shape = member.kind, member.shape
    value = (kind.bits - kind.fraction) // 3 + kind.fraction + 6
    columns = shape[-1] if len(shape) > 1 else 1
    return value * prod(shape) + columns * (len(member.name) + 24)


@dataclass(frozen=True, slots=True)
class Format:
    """How outputs are written."""

    write: Callable[[BinaryIO, Arrays], None]
    exact: bool  # decimals, or at most float64
    size: Callable[[Member], int] = _text_size  # bytes that an array takes, or a little more
    many: bool = False  # arrays by their names, else a single one


FORMATS = {
    ".npz": Format(_npz, exact=False, size=_binary_size, many=True),
    ".npy": Format(_npy, exact=False, size=_binary_size),
    ".csv": Format(_csv, exact=True),
    ".safetensors": Format(_safetensors, exact=False, size=_binary_size, many=True),
}
