"""Columns and fields as people read them, and as they type them."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence

from runtime.data.specs import FieldSpec
from runtime.data.table import Table

_MOST = 8  # names that are listed


def some(names: Sequence[str]) -> str:
    """`a`, `b`, ..., `z`: of many, the first and the last."""
    quoted = [f"`{name}`" if name else "one without a name" for name in names]
    if len(quoted) > _MOST:
        quoted = [*quoted[: _MOST - 3], "...", quoted[-1]]
    return ", ".join(quoted) or "none"


def flag(name: str, columns: str) -> str:
    """--columns, ready to be typed."""
    return f"--columns {shlex.quote(f'{name}={columns}')}"


def described(field: FieldSpec) -> str:
    """`x: fix<9, 8>[31]`"""
    shape = f"[{', '.join(map(str, field.shape))}]" if field.shape else ""
    return f"{field.name}: {field.kind}{shape}"


def mapping_lines(table: Table, fields: Sequence[FieldSpec], places: Mapping[str, Sequence[int]]) -> list[str]:
    """A line for each field, then the columns that nobody reads."""
    names = table.names()
    lines = [
        f"{described(field)} <- " + (some([names[p] for p in places[field.name]]) if field.name in places else "?")
        for field in fields
    ]
    taken = {place for of in places.values() for place in of}
    return [*lines, *left_over([name for place, name in enumerate(names) if place not in taken])]


def left_over(names: Sequence[str]) -> list[str]:
    """What is told of columns that nobody reads."""
    told = [f"not read: {some(names)}" + (f", {len(names)} in all" if len(names) > _MOST else "")] if names else []
    twice = [f"`{name}`" for name, often in Counter(names).items() if often > 1]
    return [*told, f"more than one column is called {', '.join(twice)}; none of these is read"] if twice else told
