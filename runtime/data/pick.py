"""Which array of a file an input takes, whether it has the shape for that, and what would be meant if not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from runtime.data.errors import InputError
from runtime.data.formats import Named, format_of
from runtime.data.references import Reference, named_endings, refuse_unread
from runtime.data.specs import TensorSpec
from runtime.data.tensors import Tensors

Arrays = Mapping[str, NDArray[np.generic]]

_LISTED = 10  # arrays of a file that are told where none has the name
_NEAR = 0.6  # of SequenceMatcher: as difflib takes two words for alike


def arrays_of(path: str) -> Arrays:
    """The arrays of a file by their names.  Raises InputError for one whose arrays have none."""
    found = format_of(path)
    if not isinstance(found, Named):
        refuse_unread(path)
        raise InputError("its arrays have no names", help=f"give a {named_endings()} file", file=path)
    return found.read(path)


def pick(reference: Reference, arrays: Arrays, spec: TensorSpec) -> NDArray[np.generic]:
    """The array that is referred to, by the name of the input if by none; then a file's only array will do."""
    name = reference.array or spec.name
    if name in arrays:
        return arrays[name]
    if len(arrays) == 1 and not reference.array:
        return next(iter(arrays.values()))
    (closest, *_) = [*_closest(arrays, name, spec.shape), ""]
    which = Reference(reference.path, closest or "NAME", reference.transposed)
    raise InputError(
        missing(arrays, name, spec.shape), help=f"say which one it is: {spec.name}={which}", file=reference.path
    )


def missing(arrays: Arrays, name: str, shape: tuple[int, ...]) -> str:
    """That there is no such array, and which there are: those first that may be meant."""
    found = _closest(arrays, name, shape)
    more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    told = ", ".join(f"`{n}`{_shown(arrays, n)}" for n in found[:_LISTED]) or "none"
    return f"there is no array `{name}`; it holds {told}{more}"


def meant(arrays: Arrays, name: str, shape: tuple[int, ...]) -> str:
    """What an array is called that may be meant by a name that there is not, with `:T` if it lies there transposed.

    Empty where none can be.
    """
    for other in _closest(arrays, name, shape):
        found = _shape(arrays, other)
        if found is not None and _may_be(found, shape):
            return other + (":T" if found != shape and found[::-1] == shape else "")
    return ""


def _closest(arrays: Arrays, name: str, shape: tuple[int, ...]) -> list[str]:
    """The names of all arrays: first those that are alike, then those of a shape that may be meant."""

    def order(other: str) -> tuple[bool, bool, float, str]:
        alike = SequenceMatcher(None, name.lower(), other.lower(), autojunk=False).ratio()
        fits = _may_be(_shape(arrays, other), shape)
        return alike < _NEAR, not fits, -alike, other

    return sorted(arrays, key=order)


def _may_be(found: tuple[int, ...] | None, wanted: tuple[int, ...]) -> bool:
    return found is not None and (long(found) == long(wanted) or found == wanted[::-1])


def _shape(arrays: Arrays, name: str) -> tuple[int, ...] | None:
    """None for an array that cannot be read."""
    if isinstance(arrays, Tensors):
        return arrays.shape(name)
    try:
        return arrays[name].shape
    except InputError:
        return None


def _shown(arrays: Arrays, name: str) -> str:
    shape = _shape(arrays, name)
    return "" if shape is None else f" {axes(shape)}"


def check_rows(file: str, name: str, array: NDArray[np.generic], shape: tuple[int, ...]) -> None:
    """Raises InputError unless each of the array's n >= 0 rows has that shape."""
    if array.shape[1:] != shape or not array.ndim:
        raise InputError(
            f"`{name}` has shape {axes(array.shape)} where the program needs {axes(['n', *shape])}",
            help="reshape or transpose the array before saving it",
            file=file,
        )


def check_tensor(reference: Reference, array: NDArray[np.generic], spec: TensorSpec) -> None:
    """Raises InputError unless the array, as it lies in the file, has the shape of the input; says what would help.

    A transposed one is to have the axes of `spec` the other way round.
    """
    name, wanted = reference.array or spec.name, spec.shape[::-1] if reference.transposed else spec.shape
    found = array.shape
    if found == wanted:
        return
    other = Reference(reference.path, reference.array, not reference.transposed)
    if len(found) == 2 and found[::-1] == wanted:
        verb = "leave it as it is" if reference.transposed else "transpose it"
        help = f"to {verb} write {spec.name}={other}"
    elif long(found) == long(wanted):
        help = (
            f"only axes of length 1 differ: save it with .reshape({str(wanted) if not wanted else axes(wanted)[1:-1]})"
        )
    else:
        help = "reshape it before saving it, or name another array"
    whose = f" for `{spec.name}`" if name != spec.name else ""
    turned = f", {axes(found[::-1])} if transposed," if reference.transposed else ""
    raise InputError(
        f"`{name}` has shape {axes(found)}{turned} where the program needs {axes(spec.shape)}{whose}",
        help=help,
        file=reference.path,
    )


def axes(shape: Sequence[int | str]) -> str:
    """`[64, 10]`"""
    return f"[{', '.join(map(str, shape))}]"


def long(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Without the axes of length 1, which order nothing."""
    return tuple(n for n in shape if n != 1)
