"""What names stand for in an expression: variables, rows of a data set, fields."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import assert_never

from lang import typed
from lang.checker.context import Context
from lang.checker.failing import Failed
from lang.checker.infer import describe
from lang.checker.public import affine
from lang.checker.symbols import (
    Bound,
    DatasetName,
    ExternName,
    FunctionName,
    KindName,
    ParamName,
    PartyName,
    Public,
    RowName,
)
from lang.problems.flow import DatasetOutside, RowOutside
from lang.problems.names import CallsNeeded, NotAValue, UnknownField
from lang.problems.values import NotATuple
from lang.source import Span
from lang.syntax import tree
from lang.typed import Number, Pair, type_of


def read(context: Context, node: tree.Name) -> typed.Expr:
    """The value of a name; raises Failed."""
    symbol = context.find(node)
    match symbol:
        case ParamName(value=value):
            return replace(value, span=node.span)
        case Public(value=value):
            form = affine(value) if context.around.never and not isinstance(value, typed.Const) else None
            if form is not None:
                value = typed.Const(Number((), True), (Fraction(form.within(context.ranges)[0]),), node.span)
            return replace(value, span=node.span)
        case Bound(variable=variable, type=type_):
            context.used.add(node.name)
            return context.held(variable, type_, node.span)
        case DatasetName():
            context.used.add(node.name)
            raise Failed(DatasetOutside(span=node.span, name=node.name))
        case RowName(dataset=dataset):
            raise Failed(
                RowOutside(span=node.span, name=node.name, dataset=dataset.name, fields=_fields(node.name, dataset))
            )
        case FunctionName() | ExternName():
            raise Failed(CallsNeeded(span=node.span, name=node.name))
        case PartyName() | KindName():
            raise Failed(NotAValue(span=node.span, name=node.name, what=symbol.what))
        case _:
            assert_never(symbol)


def member(context: Context, node: tree.Member) -> typed.Expr:
    """A field of a row, or of a tuple."""
    if isinstance(node.base, tree.Name):
        symbol = context.find(node.base)
        if isinstance(symbol, RowName):
            for field in symbol.dataset.fields:
                if field.name == node.part.name:
                    context.meanings.setdefault(node.part.span, field)
                    type_ = type_of(field.kind)
                    assert isinstance(type_, Number)
                    return typed.RowField(type_, field.name, node.span, field.ends)
            raise Failed(
                UnknownField(
                    span=node.part.span,
                    dataset=symbol.dataset.name,
                    name=node.part.name,
                    fields=_fields(node.base.name, symbol.dataset),
                )
            )
    base = context.expr(node.base)
    return part_of(base, node.part, node.span)


def part_of(base: typed.Expr, part: tree.Name, span: Span) -> typed.Expr:
    """One field of a tuple."""
    if isinstance(base.type, Pair) and part.name.isdecimal() and int(part.name) < len(base.type.fields):
        position = int(part.name)
        if isinstance(base, typed.Pack):
            return base.items[position]
        return typed.Part(base.type.fields[position], base, position, span)
    if isinstance(base.type, Pair):
        raise Failed(
            NotATuple(
                span=part.span,
                what=describe(base.type),
                field=part.name,
                hint=f"its fields are 0 to {len(base.type.fields) - 1}",
            )
        )
    raise Failed(NotATuple(span=part.span, what=describe(base.type), field=part.name))


def _fields(row: str, dataset: typed.Dataset) -> str:
    return ", ".join(f"`{row}.{field.name}`" for field in dataset.fields)
