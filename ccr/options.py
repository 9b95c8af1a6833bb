"""What a caller gives besides inputs: told where it is given, not from inside of what would have used it.

Each raises ValueError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from math import inf
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import TypeGuard, TypeVar, cast

import numpy as np

from runtime.party.alone import Connection
from runtime.report.traffic import Link

Choice = TypeVar("Choice", bound=Enum)


def seed(given: object) -> int | None:
    """None, or a whole number as the command takes it."""
    if given is None:
        return None
    if not _is_whole(given) or given < 0:
        raise ValueError(f"a seed is a whole number, 0 or more, not {shown(given)}")
    return int(given)


def count(name: str, given: object) -> int:
    """How many there are of something, 1 or more."""
    if not _is_whole(given) or not 1 <= given < 1 << 63:
        how = f": give its length, len({name})" if _has_length(given) else ""
        raise ValueError(f"{name} is a whole number above 0, not {shown(given)}{how}")
    return int(given)


def between(name: str, given: object, low: float = 0.0, high: float = inf) -> float | None:
    """None, or a number above `low` and below `high`."""
    if given is None:
        return None
    if not _is_number(given) or not low < given < high:
        bounds = f"above {low:g} and below {high:g}" if high < inf else f"above {low:g}"
        finite = "finite " if given == inf else ""
        raise ValueError(f"{name} is {shown(given)}, and must be a {finite}number {bounds}")
    return float(given)


def flag(name: str, given: object) -> bool:
    """A word would be taken for yes, "no" too."""
    if not isinstance(given, bool | np.bool_):
        raise ValueError(f"{name} is True or False, not {shown(given)}")
    return bool(given)


def link(given: object) -> Link | None:
    if given is None:
        return None
    if not isinstance(given, Link):
        raise ValueError(f"link is a ccr.Link(bytes_per_second=12.5e6, round_trip=0.04), not {shown(given)}")
    return given


def inputs(given: object) -> Mapping[str, object]:
    """By name."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ValueError(f"inputs go by their names, w0=... or {{'w0': ...}}: not {shown(given)}")
    found = cast("Mapping[object, object]", given)
    if bad := [name for name in found if not isinstance(name, str)]:
        raise ValueError(f"an input's name is text, not {shown(bad[0])}")
    return cast("Mapping[str, object]", found)


def columns(given: object) -> dict[str, list[str]]:
    """The columns that are said to be a field's, one or some."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ValueError(f'columns are by field, columns={{"y": "label"}}: not {shown(given)}')
    return {str(field): _names(field, of) for field, of in cast("Mapping[object, object]", given).items()}


def _names(field: object, given: object) -> list[str]:
    if isinstance(given, str):
        return [given]
    names = list(cast("Iterable[object]", given)) if isinstance(given, Iterable) else [None]
    if not all(isinstance(name, str) for name in names):
        raise ValueError(f'columns={{"{field}": ...}} is the name of a column or a list of names, not {shown(given)}')
    return [str(name) for name in names]


def word(name: str, given: object, of: type[Choice]) -> Choice:
    """One of a few."""
    try:
        return of(given)
    except ValueError:
        words = " or ".join(f'"{choice.value}"' for choice in of)
        raise ValueError(f"{name} is {words}, not {shown(given)}") from None


def connection(given: object) -> Connection | None:
    if given is not None and not isinstance(given, Connection):
        raise ValueError(f'connection is a ccr.Connection(connect="HOST:PORT", ...), not {shown(given)}')
    return given


def path(given: object) -> Path:
    if not isinstance(given, str | PathLike):
        raise ValueError(f"a path is text or a Path, not {shown(given)}")
    return Path(cast("str | PathLike[str]", given))


def _is_number(given: object) -> TypeGuard[float]:
    return not isinstance(given, bool) and isinstance(given, Real)


def _is_whole(given: object) -> TypeGuard[int]:
    """A float is none, though it be whole: it comes of a division, or of what was meant for another argument."""
    return not isinstance(given, bool) and isinstance(given, Integral)


def _has_length(given: object) -> bool:
    """Such as an array or a data frame."""
    return hasattr(given, "__len__") and not isinstance(given, str | Mapping)


def shown(given: object) -> str:
    """A value as it is written, if it is short; else what it is."""
    written = repr(given)
    return written if len(written) <= 40 and "\n" not in written else f"a {type(given).__name__}"
