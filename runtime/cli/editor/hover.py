"""What is told of a name: what it stands for, its kind and range, whose values are in it, what its line costs."""

from __future__ import annotations

from fractions import Fraction
from typing import assert_never

from lang import typed
from lang.checker.context import Meant
from lang.checker.functions import BUILTINS
from lang.checker.infer import describe
from lang.checker.symbols import (
    Bound,
    DatasetName,
    ExternName,
    FunctionName,
    KindName,
    ParamName,
    PartyName,
    Poison,
    Public,
    RowName,
)
from lang.numerals import show_number
from lang.source import Span
from runtime.cli.editor.analysis import Analysis, spelled
from runtime.cli.editor.costs import Costs
from runtime.cli.editor.origins import origins
from runtime.report.wording import listing


def told(analysis: Analysis, span: Span, meant: Meant, costs: Costs | None) -> str:
    """Markdown about the name at a place of the text."""
    declared = meant.span.source.line(meant.span.line).strip()
    said = [f"```ccr\n{declared}\n```", f"`{spelled(span)}`: {_what(meant)}"]
    if (range_ := _range(meant, costs)) is not None:
        said.append(range_)
    if isinstance(meant, Bound) and analysis.program is not None:
        parties = origins(analysis.program).get(meant.span, frozenset())
        bring = "brings" if len(parties) == 1 else "bring"
        said.append(f"made of what {listing(sorted(parties))} {bring}" if parties else "made of public values")
    if costs is not None and (spent := costs.lines.get(span.line)) is not None:
        said.append(f"this line: {spent}")
    return "\n\n".join(said)


def builtin(name: str) -> str | None:
    """Of a function of the language."""
    found = BUILTINS.get(name)
    if found is None:
        return None
    options = f" with {listing(list(found.options))}" if found.options else ""
    return f"```ccr\n{found.usage(name)}\n```\n\na function of the language{options}"


def _what(meant: Meant) -> str:
    match meant:
        case typed.Field(kind=kind):
            return f"a field, `{kind}`"
        case Bound(type=type, what=what, variable=variable):
            return f"{what}, `{variable.kind or describe(type)}`"
        case ParamName(value=value) | Public(value=typed.Const() as value) if not value.type.shape:
            return f"{meant.what}, {show_number(value.values[0])}"
        case KindName(kind=kind):
            return f"a type, `{kind}`"
        case DatasetName(dataset=dataset) | RowName(dataset=dataset):
            fields = ", ".join(f"`{field.name}`" for field in dataset.fields)
            return f"{meant.what} of {listing(list(dataset.owners or (dataset.party,)))}, with {fields}"
        case PartyName() | ParamName() | Public() | FunctionName() | ExternName() | Poison():
            return meant.what
        case _:
            assert_never(meant)


def _range(meant: Meant, costs: Costs | None) -> str | None:
    """The ends that values have, as the circuit is made for them, or as the kind allows."""
    if isinstance(meant, typed.Field):
        return _from_to(*(end * meant.kind.scalar.scale for end in meant.ends))
    if costs is None or not isinstance(meant, Bound):
        return None
    line = meant.span.line
    for row in costs.widths:
        if row.name.split(" ")[-1] == meant.variable.name and row.span.line == line:
            return _from_to(row.type.lo * row.type.scale, row.type.hi * row.type.scale)
    return None


def _from_to(lo: Fraction, hi: Fraction) -> str:
    return f"from {show_number(lo)} to {show_number(hi)}"
