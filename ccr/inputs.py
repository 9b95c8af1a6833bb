"""What a program in Python has, as the inputs of a run: by name, in memory or in a file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from fractions import Fraction
from numbers import Number, Rational
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ccr import options
from compiler.program import Compiled, receiver
from lang.numerals import exact
from runtime.data.errors import InputError
from runtime.data.memory import InMemory, Input

_MISSING = ("NAType", "NaTType")  # of pandas, whose comparison says neither yes nor no


def names(program: Compiled, party: str = "") -> dict[str, str]:
    """The inputs as they are named, with what each is; `party` alone, or all.  Several owners' are `OWNER.NAME`."""
    own = {entry.name: (f"{kind} from {entry.party}", entry.party) for entry, _, kind in program.inputs}
    for dataset in program.datasets:
        for owner in program.owners or (dataset.party,):
            name = f"{owner}.{dataset.name}" if program.owners else dataset.name
            own[name] = f"dataset from {owner}", owner
    return {name: what for name, (what, of) in own.items() if party in ("", of)}


def given(
    program: Compiled, inputs: Mapping[str, object] | None, named: Mapping[str, object], party: str = ""
) -> dict[str, Input]:
    """All of the inputs, of one party or of both.  Raises InputError for one that is missing, that the program does not
    have, that is given twice, or that is neither numbers nor a path."""
    known, found = names(program, party), dict[str, Input]()
    for name, value in (*_flat(program, options.inputs(inputs)), *_flat(program, named)):
        if name not in known:
            raise _unknown(program, name, known)
        if name in found:
            raise InputError(f"the input `{name}` is given twice", help="give it once", file=name)
        found[name] = as_input(name, value)
    for name, what in known.items():
        if name not in found:
            how = f'{{"{name}": ...}}' if "." in name else f"{name}=..."
            raise InputError(f"the input `{name}` is missing: {what}", help=f"give it by its name: {how}", file="")
    return found


def _flat(program: Compiled, inputs: Mapping[str, object]) -> list[tuple[str, object]]:
    """What is given for an owner is its data sets by their names."""
    found: list[tuple[str, object]] = []
    for name, value in inputs.items():
        if name in program.owners and isinstance(value, Mapping):
            own = cast("Mapping[str, object]", value)
            found += [(f"{name}.{inner}", of) for inner, of in own.items()]
        else:
            found.append((name, value))
    return found


def _unknown(program: Compiled, name: str, known: Mapping[str, str]) -> InputError:
    whole = [n for n in known if n.endswith(f".{name}")]
    near = whole[:1] or get_close_matches(name, known, 1, 0.6)
    asked = f"did you mean `{near[0]}`?  " if near else ""
    said = ", ".join(f"`{n}`" for n in known) or "none"
    whose = f" that {receiver(program)} brings" if program.owners and not whole and "." not in name else ""
    return InputError(f"the program has no input `{name}`{whose}", help=f"{asked}its inputs are: {said}", file=name)


def as_input(name: str, value: object) -> Input:
    if isinstance(value, str):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(cast("os.PathLike[str]", value))
    label = f"{name} ({type(value).__name__})"
    if value is None:
        raise _no_numbers(label, "it is None")
    if isinstance(value, Mapping):
        held = cast("Mapping[object, object]", value)
        return InMemory(label, {str(key): _array(f"{label}, `{key}`", array) for key, array in held.items()})
    if (columns := _columns(value)) is not None:
        return InMemory(label, _frame(label, value, columns), frame=True)
    array = _array(label, value, alone=True)
    return InMemory(label, {"": array})


def _columns(value: object) -> Sequence[object] | None:
    """The names of the columns of a data frame: pandas, Polars, an Arrow table."""
    found = getattr(value, "column_names", None)
    if found is None and hasattr(value, "to_numpy"):
        found = getattr(value, "columns", None)
    return None if found is None else list(found)


def _frame(label: str, frame: Any, columns: Sequence[object]) -> dict[str, NDArray[np.generic]]:
    called = [str(column) for column in columns]
    if twice := next((name for name in called if called.count(name) > 1), None):
        raise InputError(
            f"more than one column is called `{twice}`", help="rename all but one, or drop them", file=label
        )
    return {
        name: _array(f"{label}, column `{name}`", frame[column]) for name, column in zip(called, columns, strict=True)
    }


def _array(label: str, value: Any, alone: bool = False) -> NDArray[np.generic]:
    """Numbers, or text for decimal numerals; `alone` nothing else, which a table may have where nobody reads it.
    Raises InputError."""
    if np.ma.is_masked(value):
        raise InputError("some of its values are masked", help="drop them, or .filled(...) them", file=label)
    try:
        found: NDArray[Any] = np.asarray(value.to_numpy() if hasattr(value, "to_numpy") else value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise _no_numbers(label, str(error)) from None
    if found.dtype != object:
        return found
    elements = found.reshape(-1).tolist()
    if alone and elements and not any(map(_may_be_number, elements)):
        raise _no_numbers(label, f"it holds a {type(elements[0]).__name__}")
    return np.array([_spelled(element) for element in elements], dtype=np.str_).reshape(found.shape)


def _no_numbers(label: str, why: str) -> InputError:
    return InputError(
        f"it is not an array of numbers: {why}",
        help="give numbers, an array, a data frame, or the path of a file",
        file=label,
    )


def _may_be_number(value: object) -> bool:
    return value is None or type(value).__name__ in _MISSING or isinstance(value, str | Number)


def _spelled(value: object) -> str:
    """An element of an array of objects; nothing for a gap."""
    if value is None or type(value).__name__ in _MISSING:
        return ""
    return exact(Fraction(value)) if isinstance(value, Rational) else str(value)
