"""How a column is masked: the three ways, and how a policy writes them.

Each is a function of one value and of constants that the policy states.  What would look at other rows for a scale, an
edge or a rank is refused: with it, one record more or less would change all the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import cast

from lang.numerals import spelled
from runtime.data.deidentify.sections import Section

_WAYS = ("drop", "hash", "generalise")
_LEARNED = (
    "auto",
    "fit",
    "max",
    "mean",
    "median",
    "min",
    "minmax",
    "normalise",
    "normalize",
    "percentiles",
    "quantile",
    "quantiles",
    "rank",
    "scale",
    "standardise",
    "standardize",
    "std",
    "zscore",
)
_CONSTANTS = (
    "write constants that were known beforehand: `bins = [0, 18, 40, 65]`, `step = 10`, `prefix = 3`, `bottom = 0`, "
    "`top = 90`"
)


@dataclass(frozen=True, slots=True)
class Drop:
    """The column is left out."""


@dataclass(frozen=True, slots=True)
class Hash:
    """Values become keyed hashes (`pseudonyms`)."""


@dataclass(frozen=True, slots=True)
class Generalise:
    """Numbers are clamped to [bottom, top], then rounded down to a multiple of `step`, or to the largest edge of `bins`
    that is not above them (to the first one, where all are); text keeps its first `prefix` characters."""

    bins: tuple[Fraction, ...] = ()
    step: Fraction | None = None
    bottom: Fraction | None = None
    top: Fraction | None = None
    prefix: int = 0

    def constants(self) -> list[Fraction]:
        """Of those that a number may become, or be rounded to a multiple of."""
        return [c for c in (*self.bins, self.step, self.bottom, self.top) if c is not None]


Mask = Drop | Hash | Generalise


def read(column: str, found: object, where: str) -> Mask:
    """`[deidentification.mask.COLUMN]`.  Raises InputError."""
    table = Section.of(found, f"deidentification.mask.{column}", where)
    table.learned(_LEARNED, _CONSTANTS)
    how = table.text("how", _WAYS)
    if how in _LEARNED:
        raise table.wrong(f'`how = "{how}"` would be learned from the rows', _CONSTANTS)
    if how not in _WAYS:
        raise table.wrong(f'`how = "{how}"` is no way of masking', 'write "drop", "hash" or "generalise"')
    if how != "generalise":
        table.only(("how",), f'`how = "{how}"` takes no more')
        return Drop() if how == "drop" else Hash()
    table.only(("how", "bins", "step", "bottom", "top", "prefix"))
    return _generalise(table)


def _generalise(table: Section) -> Generalise:
    made = Generalise(
        bins=_bins(table),
        step=_number(table, "step"),
        bottom=_number(table, "bottom"),
        top=_number(table, "top"),
        prefix=table.count("prefix") or 0,
    )
    ends = made.bottom is not None or made.top is not None
    if made.prefix and made.constants():
        raise table.wrong("`prefix` is for text, the others are for numbers", "leave out one of them")
    if made.bins and (made.step is not None or ends):
        raise table.wrong("`bins` has its ends and its steps already", "leave out `step`, `bottom` and `top`")
    if not (made.prefix or made.constants()):
        raise table.wrong("nothing says how the column is generalised", _CONSTANTS)
    if made.step is not None and made.step <= 0:
        raise table.wrong(f"`step = {spelled(made.step)}` is not above 0", "write a step such as 10 or 0.5")
    if made.bottom is not None and made.top is not None and made.bottom > made.top:
        raise table.wrong("`bottom` lies above `top`", "exchange them")
    return made


def _bins(table: Section) -> tuple[Fraction, ...]:
    found = table.get("bins")
    if found is None:
        return ()
    if isinstance(found, int):  # as a library takes it, which then looks for the edges itself
        raise table.wrong("the edges of so many bins would be learned from the rows", _CONSTANTS)
    edges = [_exact(edge) for edge in cast("list[object]", found)] if isinstance(found, list) else []
    numbers = [edge for edge in edges if edge is not None]
    if not numbers or len(numbers) < len(edges):
        raise table.wrong("`bins` is no list of numbers", _CONSTANTS)
    if any(a >= b for a, b in pairwise(numbers)):
        raise table.wrong("the edges of `bins` do not ascend", "sort them, each once")
    return tuple(numbers)


def _number(table: Section, key: str) -> Fraction | None:
    found = table.get(key)
    if found is None:
        return None
    number = _exact(found)
    if number is None:
        raise table.wrong(f"`{key}` is no number", _CONSTANTS)
    return number


def _exact(found: object) -> Fraction | None:
    """A number as it is written, not as float64 has it; None for what is none."""
    if isinstance(found, bool) or not isinstance(found, int | float | Decimal):
        return None
    try:
        return Fraction(str(found))
    except ValueError:  # infinities and NaN, which TOML has
        return None


def document(mask: Mask) -> Mapping[str, object]:
    """As JSON, numbers as decimals."""
    match mask:
        case Drop():
            return {"how": "drop"}
        case Hash():
            return {"how": "hash"}
        case Generalise():
            named = {"step": mask.step, "bottom": mask.bottom, "top": mask.top}
            numbers: dict[str, object] = {key: spelled(value) for key, value in named.items() if value is not None}
            bins = {"bins": [spelled(edge) for edge in mask.bins]} if mask.bins else {}
            return {"how": "generalise"} | numbers | bins | ({"prefix": mask.prefix} if mask.prefix else {})
