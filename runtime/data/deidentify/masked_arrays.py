"""Masked arrays: those that no mask is for stay as they are."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from runtime.data.arrays import texts
from runtime.data.deidentify.cells import spelled
from runtime.data.deidentify.masks import Generalise, Hash
from runtime.data.deidentify.plan import Plan
from runtime.data.errors import InputError
from runtime.data.tensors import write_safetensors

Array = NDArray[np.generic]


def write_npz(plan: Plan, arrays: Mapping[str, Array], output: BinaryIO) -> tuple[int, int]:
    """The rows that were written, and those left out.  Raises InputError."""
    if plan.table.named:
        found, counts = _named(plan, arrays)
    else:
        ((name, array),) = arrays.items()
        only, counts = _unnamed(plan, array)
        found = {name: only}
    with zipfile.ZipFile(output, "w") as archive:
        for name, array in found.items():
            with archive.open(f"{name}.npy", "w") as entry:
                np.lib.format.write_array(entry, np.asanyarray(array), allow_pickle=False)
    return counts


def write_tensors(plan: Plan, arrays: Mapping[str, Array], output: BinaryIO) -> tuple[int, int]:
    """As `write_npz`; numbers are then float64 or int64, as all that is saved in this format."""
    if textual := [name for name, mask in plan.masks.values() if isinstance(mask, Hash)]:
        raise _refused(
            plan, textual[0], "would become text, which this format has not", "save the file as .npz or .csv"
        )
    found, counts = _named(plan, arrays)
    write_safetensors(output, {name: _wide(array) for name, array in found.items()})
    return counts


def _wide(array: Array) -> NDArray[np.float64] | NDArray[np.int64]:
    return array.astype(np.float64) if array.dtype.kind == "f" else array.astype(np.int64)


def write_npy(plan: Plan, array: Array, output: BinaryIO) -> tuple[int, int]:
    """As `write_npz`, of one array; the columns of one without names can be generalised."""
    if array.dtype.names is None:
        found, counts = _unnamed(plan, array)
    else:
        fields = cast("Mapping[str, Array]", array)
        columns, counts = _named(plan, {name: fields[name] for name in array.dtype.names})
        types = [(name, column.dtype, column.shape[1:]) for name, column in columns.items()]
        found = np.empty(counts[0], dtype=types)
        by_name = cast("dict[str, Array]", found)
        for name, column in columns.items():
            by_name[name] = column
    np.save(output, found, allow_pickle=False)
    return counts


def _named(plan: Plan, arrays: Mapping[str, Array]) -> tuple[dict[str, Array], tuple[int, int]]:
    kept = _kept(plan, arrays)
    found: dict[str, Array] = {}
    for name, array in arrays.items():
        places = plan.table.arrays[name]
        masks = {plan.masks.get(place) for place in places}
        if len(masks) > 1:
            raise _refused(
                plan, name, "would be masked in some of its columns only", "mask all of it, or save them one by one"
            )
        if not (places and plan.drops(places[0])):
            found[name] = (_masked(plan, name, places[0], array) if places else array)[kept]
    stay = int(np.count_nonzero(kept))
    return found, (stay, len(kept) - stay)


def _kept(plan: Plan, arrays: Mapping[str, Array]) -> NDArray[np.bool_]:
    """Of each row, whether it stays."""
    if plan.person is None:
        return np.ones(len(next(iter(arrays.values()))), dtype=bool)
    name = next(name for name, places in plan.table.arrays.items() if plan.person in places)
    return ~np.array(plan.persons.beyond(_texts(plan, name, arrays[name])), dtype=bool)


def _unnamed(plan: Plan, array: Array) -> tuple[Array, tuple[int, int]]:
    """Their numbers are the names of columns: none may go."""
    for place, (name, mask) in plan.masks.items():
        if not isinstance(mask, Generalise) or mask.prefix:
            raise _refused(
                plan, name, "has no name but its number", f"save column {place} under a name, as .npz or .csv"
            )
    wide = array.reshape(len(array), -1)
    columns = [
        _masked(plan, str(place), place, wide[:, place]) if place in plan.masks else wide[:, place]
        for place in range(wide.shape[1])
    ]
    persons = None if plan.person is None else plan.persons.beyond(_texts(plan, "", wide[:, plan.person]))
    kept = np.ones(len(wide), dtype=bool) if persons is None else ~np.array(persons, dtype=bool)
    stay = int(np.count_nonzero(kept))
    return np.column_stack(columns).reshape(array.shape)[kept], (stay, len(kept) - stay)


def _masked(plan: Plan, name: str, place: int, array: Array) -> Array:
    """All of its elements by one mask."""
    mask = plan.mask(place)
    if mask is None:
        return array
    width = array[0].size if len(array) else 1
    to_text = isinstance(mask, Hash) or mask.prefix > 0
    if to_text and (width > 1 or (array.dtype.kind not in "US" and not isinstance(mask, Hash))):
        what = "is an array of more than one column" if width > 1 else "holds numbers, and `prefix` is for text"
        raise _refused(plan, name, what, "drop it, or generalise its numbers")
    rows = [i // width + 1 for i in range(array.size)]
    found = plan.apply(plan.maskers()[place], _texts(plan, name, array), rows, name)
    if to_text or array.dtype.kind in "US":
        return np.array(found, dtype=np.str_).reshape(array.shape)
    assert isinstance(mask, Generalise)
    return numbers(plan, name, mask, found, array.dtype.kind == "f").reshape(array.shape)


def numbers(plan: Plan, name: str, mask: Generalise, found: Sequence[str], floats: bool) -> Array:
    """Generalised numerals as float64, or as int64 where values and all constants are whole.  Raises InputError."""
    if floats or any(constant.denominator > 1 for constant in mask.constants()):
        return np.array([float(text or "nan") for text in found], dtype=np.float64)
    try:
        return np.array(list(map(int, found)), dtype=np.int64)
    except OverflowError:
        raise _refused(plan, name, "has numbers beyond those of 64 bits", "write a `bottom` and a `top`") from None


def _texts(plan: Plan, name: str, array: Array) -> list[str]:
    if array.dtype.kind in "US":
        return [str(cell) for cell in texts(plan.table.file, name, array).reshape(-1).tolist()]
    return spelled(array.reshape(-1))


def _refused(plan: Plan, name: str, what: str, help: str) -> InputError:
    return InputError(f"`{name}` {what}", help=help, file=plan.table.file)
