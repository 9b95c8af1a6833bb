"""Files in the safetensors format: a header of JSON, then the bytes of the tensors; nothing in them is ever run.

The header is eight bytes of its length, then an object from each tensor's name to its type, its shape and where its
bytes stand behind the header.  Together the tensors fill what stands there, without holes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from runtime.data.arrays import Members
from runtime.data.errors import InputError
from runtime.data.table import cannot_open

if TYPE_CHECKING:
    from runtime.data.headers import Entry

_LONGEST = 100_000_000  # bytes of a header, as the format has it
NOTES = "__metadata__"  # an entry of the header that is no tensor
_ALIGNED = 8  # bytes: where the tensors begin
_TYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),  # the upper half of a float32
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("u1"),
}


class Tensors(Members["Entry"]):
    """Raises InputError for a tensor that is not as its entry says."""

    def __init__(self, file: str, entries: Mapping[str, Entry], start: int) -> None:
        """The tensors begin at byte `start`."""
        super().__init__(file, entries)
        self._start = start

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._entries[name].shape)

    def __getitem__(self, name: str) -> NDArray[np.generic]:
        entry = self._entries[name]
        if entry.dtype not in _TYPES:
            raise InputError(
                f"`{name}` is of type {entry.dtype}; what is read is {', '.join(_TYPES)}",
                help="save it as float32",
                file=self._file,
            )
        begin, end = entry.data_offsets
        try:
            with Path(self._file).open("rb") as raw:
                raw.seek(self._start + begin)
                content = raw.read(end - begin)
        except OSError as error:
            raise cannot_open(self._file, error) from None
        if len(content) != end - begin:
            raise _damaged(self._file, "it was cut short while it was read")
        return _values(content, entry.dtype).reshape(entry.shape)


def _values(content: bytes, type: str) -> NDArray[np.generic]:
    stored = np.frombuffer(content, _TYPES[type])
    if type == "BF16":
        return (stored.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return stored.astype(np.bool_) if type == "BOOL" else stored


def read_safetensors(file: str) -> Tensors:
    """The tensors of a .safetensors file; its header is checked now.  Raises InputError."""
    try:
        with Path(file).open("rb") as raw:
            size = raw.seek(0, 2)
            raw.seek(0)
            length = int.from_bytes(raw.read(8), "little")
            start = 8 + length
            if size < 8 or length > _LONGEST or start > size:
                raise _damaged(file, "it does not begin with the length of its header")
            text = raw.read(length)
    except OSError as error:
        raise cannot_open(file, error) from None
    from runtime.data.headers import NotUnderstood, understood  # here, because it takes longer to load than to read

    try:
        entries = understood(text, NOTES)
    except NotUnderstood as error:
        raise _damaged(file, str(error)) from None
    _check_places(file, entries, size - start)
    return Tensors(file, entries, start)


def _check_places(file: str, entries: Mapping[str, Entry], size: int) -> None:
    """Every tensor has the bytes that its shape needs, and all of them together are all that there are."""
    at = 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1].data_offsets):
        begin, end = entry.data_offsets
        known = _TYPES.get(entry.dtype)
        if begin != at or end < begin or (known is not None and end - begin != prod(entry.shape) * known.itemsize):
            raise _damaged(file, f"the place of `{name}` does not fit its shape and its neighbours")
        at = end
    if at != size:
        raise _damaged(file, f"its tensors need {at} bytes, and {size} are there")


def _damaged(file: str, why: str) -> InputError:
    return InputError(f"this is no safetensors file: {why}", help="save or fetch it again", file=file)


def write_safetensors(file: BinaryIO, arrays: Mapping[str, NDArray[np.float64] | NDArray[np.int64]]) -> None:
    """Arrays of float64 or int64 under their names, in their order."""
    header: dict[str, object] = {}
    at = 0
    for name, array in arrays.items():
        type = "F64" if array.dtype.kind == "f" else "I64"
        header[name] = {"dtype": type, "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _ALIGNED)
    file.write(len(text).to_bytes(8, "little") + text)
    for array in arrays.values():
        file.write(array.astype(array.dtype.newbyteorder("<")).tobytes())
