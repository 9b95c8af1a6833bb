"""Which columns of a table fill which field: by their names, or as `--columns` says, never by position alone.

The element of field `x` at [3] is called `x[3]`, `x3`, `x_3`, `x.3` or `x03`; that of an image at [1, 2] `x[1, 2]`,
`x[1][2]`, `x_1_2` or `x.1.2`; a field of one element also `x`.  Only where nothing can be mixed up do columns of other
names fill a field: all that there is, one column or numbered ones, a lone field; and columns without names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lang.numerals import counted
from runtime.data.errors import InputError
from runtime.data.shown import flag, mapping_lines, some
from runtime.data.specs import FieldSpec
from runtime.data.table import Table

Chosen = Mapping[str, Sequence[str]]  # by field: names of columns, `a..b` for all from a to b
NONE: Chosen = {}

_NUMBERED = re.compile(r"(?P<name>.*?)(\[|[_.])?(?P<index>\d{1,9})\]?", re.ASCII)
_INDEX = re.compile(r"\[(\d+(?:,\d+)*)\]|((?:\[\d+\])+)|(\d+)|((?:_\d+)+)|((?:\.\d+)+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Columns:
    """The places of each field's columns, in the order of its elements, and why these."""

    places: Mapping[str, Sequence[int]]
    how: str
    unread: Sequence[int]


def columns_of(table: Table, fields: Sequence[FieldSpec], chosen: Chosen = NONE) -> Columns:
    """Raises InputError where a field's columns are not all there, once each."""
    names = table.names()
    places: dict[str, Sequence[int]] = {}
    claims = _claims(names, [f for f in fields if f.name not in chosen])
    if not chosen and not table.named:
        if len(names) != sum(f.columns for f in fields):
            raise _other_number(table, fields)
        return Columns(_in_order(fields), "by position: it has no names", ())
    if not chosen and (only := _all_there_is(names, fields)) is not None:
        return Columns({fields[0].name: only}, "as all that there is", ())
    for field in fields:
        if field.name in chosen:
            places[field.name] = _expanded(table, field, chosen[field.name])
        elif all(len(found) == 1 for found in claims[field.name]):
            places[field.name] = [found[0] for found in claims[field.name]]
    missing = [field for field in fields if field.name not in places]
    taken = Counter(place for name, of in places.items() if name not in chosen for place in of)
    if both := [place for place, often in taken.items() if often > 1]:
        raise _ambiguous(table, names[both[0]], [name for name, of in places.items() if both[0] in of])
    taken.update(place for of in places.values() for place in of)
    if missing:
        raise _missing(table, fields, places, missing[0], claims[missing[0].name])
    how = "by --columns" if len(chosen) == len(fields) else "by name and --columns" if chosen else "by name"
    return Columns(places, how, [place for place in range(len(names)) if place not in taken])


def _all_there_is(names: Sequence[str], fields: Sequence[FieldSpec]) -> list[int] | None:
    """The places of a lone field's elements in a table of nothing else: one column, or `w[0]` to `w[9]` for any w."""
    if len(fields) > 1 or len(names) != fields[0].columns:
        return None
    if len(names) == 1:
        return [0]
    found = [_NUMBERED.fullmatch(name) for name in names]
    at = {int(match["index"]): place for place, match in enumerate(found) if match}
    same = len({match["name"] for match in found if match}) == 1
    return [at[i] for i in range(len(names))] if same and at.keys() == set(range(len(names))) else None


def _in_order(fields: Sequence[FieldSpec]) -> dict[str, Sequence[int]]:
    found: dict[str, Sequence[int]] = {}
    start = 0
    for field in fields:
        found[field.name] = range(start, start + field.columns)
        start += field.columns
    return found


def _claims(names: Sequence[str], fields: Sequence[FieldSpec]) -> dict[str, list[list[int]]]:
    """By field, for each of its elements the columns whose names mean it.

    A column that bears a field's very name means no element of another: with fields `x` and `x1`, `x1` is the latter.
    """
    found: dict[str, list[list[int]]] = {field.name: [[] for _ in range(field.columns)] for field in fields}
    whole = {field.name for field in fields if field.columns == 1}
    for place, name in enumerate(names):
        for field in fields:
            element = _element(name, field, whole)
            if element is not None:
                found[field.name][element].append(place)
    return found


def _element(name: str, field: FieldSpec, whole: set[str]) -> int | None:
    """The number of the element of the field that a column of this name holds."""
    if name in whole:
        return 0 if name == field.name else None
    index = index_of(name, field.name)
    if index is None or len(index) != len(field.shape) or any(i >= n for i, n in zip(index, field.shape, strict=True)):
        return None
    element = 0
    for i, n in zip(index, field.shape, strict=True):
        element = element * n + i
    return element


def index_of(name: str, field: str) -> tuple[int, ...] | None:
    """`x[1, 2]` is (1, 2) of field `x`; None for what is no element of it."""
    if not name.startswith(field):
        return None
    found = _INDEX.fullmatch("".join(name[len(field) :].split()))
    return tuple(int(digits) for digits in re.findall(r"\d{1,9}", found[0])) if found else None


def _expanded(table: Table, field: FieldSpec, chosen: Sequence[str]) -> list[int]:
    """The places of the columns that are listed for a field.  Raises InputError."""
    found: list[int] = []
    for entry in chosen:
        first, dots, last = entry.partition("..")
        if entry in table.arrays:
            found += table.arrays[entry]
        elif dots and entry not in table.names():
            start, end = _place(table, field, first), _place(table, field, last)
            if end < start:
                raise _wrong_list(table, field, f"`{last}` stands before `{first}` in the file")
            found += range(start, end + 1)
        else:
            found.append(_place(table, field, entry))
    if len(found) != field.columns:
        said = f"it lists {len(found)} where `{field.name}` has {counted(field.columns, 'element')}"
        raise _wrong_list(table, field, said)
    if twice := [table.columns[place].name for place in found if found.count(place) > 1]:
        raise _wrong_list(table, field, f"it lists `{twice[0]}` twice")
    return found


def _place(table: Table, field: FieldSpec, name: str) -> int:
    found = [place for place, column in enumerate(table.columns) if column.name == name.strip()]
    if len(found) == 1:
        return found[0]
    if found:
        raise _wrong_list(table, field, f"`{name}` stands in the file {len(found)} times")
    raise _wrong_list(table, field, f"there is no column `{name}`; it has {some(table.names())}")


def _wrong_list(table: Table, field: FieldSpec, what: str) -> InputError:
    return InputError(
        f"--columns {field.name}=...: {what}",
        help=f"list the {counted(field.columns, 'column')} of `{field.name}` in the order of its elements, a..b for "
        "all between",
        file=table.file,
    )


def _other_number(table: Table, fields: Sequence[FieldSpec]) -> InputError:
    wanted, found = sum(f.columns for f in fields), len(table.columns)
    listed = ", ".join(f"`{f.name}` {f.columns}" for f in fields)
    example = " ".join(flag(f.name, "...") for f in fields)
    return InputError(
        f"{counted(found, 'column')} where the program needs {wanted} ({listed}), and they have no names",
        help=f"save it with names, or say which columns are meant by their numbers from 0: {example}",
        file=table.file,
    )


def _ambiguous(table: Table, name: str, fields: Sequence[str]) -> InputError:
    return InputError(
        f"the column `{name}` may be an element of `{fields[0]}` or of `{fields[1]}`",
        help=f"rename it, or list the columns of one of them: {flag(fields[0], 'a..b')}",
        file=table.file,
    )


def _missing(
    table: Table,
    fields: Sequence[FieldSpec],
    places: Mapping[str, Sequence[int]],
    field: FieldSpec,
    claims: Sequence[Sequence[int]],
) -> InputError:
    """The error of a field without its columns, with what was found of all fields."""
    lines = "".join(f"\n  {line}" for line in mapping_lines(table, fields, places))
    twice = [found for found in claims if len(found) > 1]
    called = field.column_names()
    if twice:
        same = [f"column {place + 1} `{table.columns[place].name}`" for place in twice[0]]
        what = f"`{field.name}` has {len(same)} columns for one element: {' and '.join(same)}"
        return InputError(f"{what}{lines}", help="rename all but one, or drop them", file=table.file)
    if any(claims):
        gone = [name for name, found in zip(called, claims, strict=True) if not found]
        what, help = f"`{field.name}` has no column {some(gone)}", "name all of them, or list them"
    else:
        asked = f"`{called[0]}`" if field.columns == 1 else f"{some(called)}, {field.columns} in all"
        what, help = f"there is no {table.noun} for `{field.name}`: {asked}", "name it so, or list what is meant"
    help = f"{help}: {_proposal(table, [f for f in fields if f.name not in places], places)}"
    return InputError(f"{what}{lines}", help=help, file=table.file)


def _proposal(table: Table, missing: Sequence[FieldSpec], places: Mapping[str, Sequence[int]]) -> str:
    """What to type for the first of the fields that miss columns, or for all if as many are left over."""
    names, field = table.names(), missing[0]
    taken = {place for of in places.values() for place in of}
    left = [place for place in range(len(names)) if place not in taken]
    there = {index_of(name, field.name): name for name in names}
    if len(field.shape) == 1 and all((i,) in there for i in range(1, field.columns + 1)) and (0,) not in there:
        return f"{flag(field.name, f'{there[(1,)]}..{there[(field.columns,)]}')} (they are counted from 1 there)"
    if len(left) == sum(f.columns for f in missing) and len(set(names)) == len(names):
        flags = [flag(name, _run(names, [left[i] for i in at])) for name, at in _in_order(missing).items()]
        return f"{' '.join(flags)}, if they stand in the order of the program"
    close = [name for name in names if name.lower() == field.name.lower()]
    return flag(field.name, close[0] if close else "..." if field.columns == 1 else "a,b,c or a..c")


def _run(names: Sequence[str], at: Sequence[int]) -> str:
    """Columns as a list of --columns: a..b where none lies between that is not meant."""
    if len(at) > 2 and at[-1] - at[0] == len(at) - 1:
        return f"{names[at[0]]}..{names[at[-1]]}"
    return ",".join(f'"{names[place]}"' if "," in names[place] else names[place] for place in at)
