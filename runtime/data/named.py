"""Which inputs are given: all that are to be brought here, and no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from lang.problems.draw import brief
from runtime.data.errors import InputError
from runtime.data.memory import Input, called


def check_known(names: Sequence[str], given: Mapping[str, Input], elsewhere: Mapping[str, str]) -> None:
    """Raises InputError for what is given under none of these names; `elsewhere` says who brings what is not brought
    here."""
    for name, value in given.items():
        if name in names:
            continue
        whose = f" of this party: `{elsewhere[name]}` brings it" if name in elsewhere else ""
        raise unknown(name, brief(f"{name}={called(value)}"), sorted(names), whose)


def unknown(name: str, given: str, names: Sequence[str], whose: str = "") -> InputError:
    """That the program has no such input, and which it has."""
    near = get_close_matches(name, names, 1, 0.6)
    asked = f"did you mean `{near[0]}`?  " if near else ""
    known = ", ".join(f"`{n}`" for n in names) or "none"
    return InputError(f"the program has no input `{name}`{whose}", help=f"{asked}its inputs are: {known}", file=given)


def check_there(names: Sequence[str], given: Mapping[str, Input]) -> None:
    """Raises InputError for all that are not given."""
    if not (missing := [name for name in names if name not in given]):
        return
    listed = " and ".join(f"`{name}`" for name in missing)
    what = f"the input {listed} is missing" if len(missing) == 1 else f"the inputs {listed} are missing"
    raise InputError(what, help=f"add {' '.join(f'--input {name}=FILE' for name in missing)}", file="")
