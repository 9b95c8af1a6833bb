"""A vendor's own table: which columns are features, and what the label is.  Raises InputError for what is neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runtime.authoring.choice import Model
from runtime.authoring.columns import Cells, cells_of
from runtime.authoring.floating import Floats
from runtime.authoring.prepare import Unusable, number, plain
from runtime.data.errors import InputError
from runtime.data.shown import some
from runtime.data.tables import open_table

MOST_CLASSES = 64
FEWEST = 20  # records of which anything can be chosen


@dataclass(frozen=True, slots=True)
class Own:
    """Numbers (n, columns) and labels as they are written; `classes` in their order, none of a number."""

    columns: tuple[str, ...]
    label: str
    raw: Floats
    labels: tuple[str, ...]
    classes: tuple[str, ...]
    constant: tuple[str, ...] = ()  # columns that are left out


def read(path: str, label: str, without: Sequence[str], model: Model) -> Own:
    """Raises InputError."""
    table = open_table(path)
    names = table.names()
    for name in (label, *without):
        if name not in names:
            raise InputError(f"it has no column `{name}`", help=f"there are {some(names)}", file=path)
    cells = cells_of(table)
    used = [name for name in names if name != label and name not in without]
    if not used:
        raise InputError("no column is left to learn from", help="leave fewer out", file=path)
    answers = [plain(text) for text in cells.by_name[label]]
    if len(answers) < FEWEST:
        raise InputError(f"of {len(answers)} records nothing can be chosen", help=f"give {FEWEST} or more", file=path)
    raw = np.column_stack([cells.numbers(name) for name in used])
    constant = [name for name, column in zip(used, raw.T, strict=True) if column.min() == column.max()]
    kept = [i for i, name in enumerate(used) if name not in constant]
    if not kept:
        raise InputError("every column says the same of all records", help="give columns that differ", file=path)
    classes = () if model is Model.LINEAR else _classes(path, label, answers, model)
    if model is Model.LINEAR:
        _number(cells, label)
    return Own(tuple(used[i] for i in kept), label, raw[:, kept], tuple(answers), classes, tuple(constant))


def _number(cells: Cells, label: str) -> None:
    """Raises InputError for a label that --model linear does not tell."""
    try:
        cells.numbers(label)
    except InputError as error:
        answers = cells.by_name[label]
        fits = Model.LOGISTIC if len(set(answers)) == 2 else Model.SOFTMAX
        mixed = any(map(_numeric, answers))
        help = "correct these records, or leave them out" if mixed else f"--model {fits.value} is for classes"
        raise InputError(
            error.what, help=help, file=error.file, row=error.row, column=error.column, counted=error.counted
        ) from None


def _numeric(text: str) -> bool:
    try:
        number(text, "")
    except Unusable:
        return False
    return True


def _classes(path: str, label: str, answers: Sequence[str], model: Model) -> tuple[str, ...]:
    """In the order of their numbers, or of their names."""
    found = set(answers)
    try:
        classes = sorted(found, key=float)
    except ValueError:
        classes = sorted(found)
    if "" in found or "nan" in found:
        raise InputError(f"the label `{label}` has gaps", help="leave those records out", file=path)
    if len(classes) < 2:
        raise InputError(f"the label `{label}` is `{classes[0]}` everywhere", help="name another column", file=path)
    if model is Model.LOGISTIC and len(classes) > 2:
        raise InputError(
            f"the label `{label}` has {len(classes)} classes, and --model logistic tells two apart",
            help="--model softmax or mlp takes several, --model linear a number",
            file=path,
        )
    if len(classes) > MOST_CLASSES:
        raise InputError(
            f"the label `{label}` has {len(classes)} classes, of {MOST_CLASSES} at most",
            help="--model linear is for a number",
            file=path,
        )
    return tuple(classes)
