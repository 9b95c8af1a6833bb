"""Values -> the kinds they are bound to."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from lang import typed
from lang.checker import fold
from lang.checker.context import Context
from lang.checker.failing import Failed
from lang.checker.infer import describe, show_shape
from lang.checker.public import affine, interval
from lang.kinds import Base, Kind, Scalar, TupleKind
from lang.numerals import show_number
from lang.problems.shapes import WrongKind, WrongShape
from lang.problems.values import Clamped
from lang.source import Span
from lang.syntax import tree
from lang.typed import kind_of


def convert(context: Context, expr: typed.Expr, kind: Kind, span: Span, what: str) -> typed.Expr:
    """The value bound to a kind: rounded where it has another one, filled where it is a scalar."""
    if isinstance(kind, TupleKind):
        return _convert_tuple(context, expr, kind, span, what)
    type_ = expr.type
    if isinstance(type_, typed.Pair):
        raise Failed(WrongKind(span=expr.span, what=what, wanted=f"`{kind}`", given=describe(type_)))
    if type_.shape and type_.shape != kind.shape:
        raise Failed(
            WrongShape(span=expr.span, what=what, wanted=show_shape(kind.shape), given=show_shape(type_.shape))
        )
    return fill(rounded(context, expr, kind.scalar, span), kind.shape, span)


def rounded(
    context: Context, expr: typed.Expr, kind: Scalar, span: Span, down: bool = False, wrap: bool = False
) -> typed.Expr:
    """The numbers of a tensor rounded to a scalar kind."""
    type_ = expr.type
    assert isinstance(type_, typed.Number)
    if type_.kind == kind:
        return expr
    target = typed.Number(type_.shape, kind.base is not Base.FIX, kind)
    if isinstance(expr, typed.Const):
        values = tuple(fold.to_kind(value, kind, down, wrap) for value in expr.values)
        if not wrap:
            _warn_clamped(context, expr, kind)
        return typed.Const(target, values, expr.span)
    if isinstance(expr, (typed.IndexOf, typed.Operate)) and affine(expr) is not None and target.integer:
        bounds = interval(expr, context.ranges)
        if bounds is not None and kind.lo <= bounds[0] and bounds[1] <= kind.hi:
            return replace(expr, type=target)  # stays an index that both parties know
    return typed.Convert(target, kind, expr, span, down, wrap)


def _warn_clamped(context: Context, const: typed.Const, kind: Scalar) -> None:
    low, high = kind.lo * kind.scale, kind.hi * kind.scale
    for value in const.values:
        if not low - kind.scale / 2 <= value < high + kind.scale / 2:
            context.report(
                Clamped(
                    span=const.span,
                    value=show_number(value),
                    kind=str(kind),
                    lo=show_number(low),
                    hi=show_number(high),
                    becomes=show_number(min(max(value, low), high)),
                )
            )
            return


def _convert_tuple(context: Context, expr: typed.Expr, kind: TupleKind, span: Span, what: str) -> typed.Expr:
    if not isinstance(expr.type, typed.Pair) or len(expr.type.fields) != len(kind.fields):
        raise Failed(WrongKind(span=expr.span, what=what, wanted=f"`{kind}`", given=describe(expr.type)))
    if kind_of(expr.type) == kind:
        return expr
    binds, items = take_apart(context, expr)
    fields = tuple(convert(context, item, field, span, what) for item, field in zip(items, kind.fields, strict=True))
    packed = typed.Pack(typed.Pair(tuple(field.type for field in fields)), fields, span)
    return typed.Scope(packed.type, binds, packed, span) if binds else packed


def fill(expr: typed.Expr, shape: tuple[int, ...], span: Span) -> typed.Expr:
    """A scalar spread over a shape."""
    type_ = expr.type
    assert isinstance(type_, typed.Number)
    if type_.shape == shape:
        return expr
    target = replace(type_, shape=shape)
    if isinstance(expr, typed.Const) and prod(shape) <= fold.MAX_ELEMENTS:
        return typed.Const(target, expr.values * prod(shape), expr.span)
    return typed.Operate(target, typed.Call.BROADCAST, (expr,), span)


def take_apart(context: Context, expr: typed.Expr) -> tuple[tuple[typed.Statement, ...], tuple[typed.Expr, ...]]:
    """The fields of a tuple, and the binding that keeps it from being computed once for each."""
    if isinstance(expr, typed.Pack):
        return (), expr.items
    assert isinstance(expr.type, typed.Pair)
    binds, whole = once(context, expr)
    return binds, tuple(typed.Part(type_, whole, i, expr.span) for i, type_ in enumerate(expr.type.fields))


def once(context: Context, expr: typed.Expr) -> tuple[tuple[typed.Statement, ...], typed.Expr]:
    """An expression that may be used several times, and the binding that it needs for this."""
    if isinstance(expr, (typed.Const, typed.Read, typed.IndexOf, typed.RowField)):
        return (), expr
    variable = context.fresh(tree.Name("_", expr.span), None)
    return (typed.Bind(variable, expr, expr.span),), typed.Read(expr.type, variable, expr.span)
