"""Params, and the values that the command line gives them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from lang.checker.context import Context
from lang.checker.declared import Declared
from lang.checker.expressions import literal
from lang.checker.failing import Failed
from lang.checker.infer import describe
from lang.checker.public import constant
from lang.checker.symbols import ParamName
from lang.problems.names import ParamValue
from lang.problems.shapes import WrongKind
from lang.source import Source, Span
from lang.syntax import tree
from lang.typed import Const


def param(context: Context, declared: Declared, item: tree.Param) -> None:
    """A public number with a name; raises Failed."""
    name = item.name.name
    declared.param_names.append(name)
    value = constant(context.expr(item.value), "a param")
    if value.type.shape:
        raise Failed(WrongKind(span=item.value.span, what="a param", wanted="one number", given=describe(value.type)))
    if name in declared.overrides:
        value = _overridden(item.name, value, declared.overrides[name])
    context.bind(item.name, ParamName(item.name.span, value))
    declared.params[name] = value.values[0]


def _overridden(name: tree.Name, value: Const, given: str | Fraction) -> Const:
    """The value from the command line; a whole number stays one, and the value as written is as if not given."""
    new = _parse_number(given)
    if new == value.values[0]:
        return value
    if new is not None and (not value.type.integer or new.denominator == 1):
        return replace(value, values=(new,), type=replace(value.type, kind=None))
    raise Failed(
        ParamValue(
            span=name.span,
            name=name.name,
            value=str(given),
            reason="not a number" if new is None else "must be a whole number",
            example="60" if value.type.integer else "1.5",
        )
    )


def _parse_number(given: str | Fraction) -> Fraction | None:
    """A number from the command line: 60, -2, 0x10, 1.5, 1e-3 or 3/4."""
    if isinstance(given, Fraction):
        return given
    text = given.strip()
    sign = -1 if text.startswith("-") else 1
    over, slash, under = text.removeprefix("-").partition("/")
    try:
        parts = [
            literal(tree.Literal(part.strip(), Span(Source("-D", given), 1, 1, 1, 1))).values[0]
            for part in ((over, under) if slash else (over,))
        ]
    except (Failed, ValueError):
        return None
    if slash:
        return sign * parts[0] / parts[1] if parts[1] else None
    return sign * parts[0]
