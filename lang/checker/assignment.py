"""Assignments, to a variable or to a part of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from lang import typed
from lang.checker.context import Context
from lang.checker.convert import convert
from lang.checker.counters import learn
from lang.checker.failing import Failed
from lang.checker.indexing import compose, pick, places_of
from lang.checker.infer import describe
from lang.checker.names import part_of
from lang.checker.operators import binary, operate
from lang.checker.symbols import Bound, ParamName, Public
from lang.problems.flow import DpsgdAssigns
from lang.problems.names import AssignInValue, NotAPlace, NotAssignable
from lang.problems.shapes import WrongKind
from lang.syntax import tree
from lang.traverse import reads
from lang.typed import Call, kind_of


@dataclass(frozen=True, slots=True)
class _Target:
    """What is assigned: the variable, a path into tuples, the elements, and the value that is there now."""

    variable: typed.Variable
    fields: tuple[int, ...]
    places: tuple[typed.Place, ...]
    value: typed.Expr


def assign(context: Context, node: tree.Assign) -> typed.Statement:
    """target = value, or with the operator before the `=`; raises Failed."""
    target: _Target | None = None
    with context.attempt():
        target = _target(context, node.target)
    value = context.expr(node.value)
    if target is None:
        raise Failed
    if node.op != "=":
        value = binary(context, node.op[0], target.value, value, node.span)
    added = _added(target, value)
    kind = kind_of(target.value.type)
    assert kind is not None
    value = convert(context, value, kind, node.value.span, "the assignment")
    if target.fields or target.places:
        context.known.pop(target.variable.number, None)
    else:
        learn(context, target.variable, value)
    return typed.Store(target.variable, target.fields, target.places, value, node.span, added)


def _added(target: _Target, value: typed.Expr) -> typed.Expr | None:
    """What `v += e`, or `v = v + e` of a whole variable, adds to what is there now, where that does not read `v`."""
    if not (isinstance(value, typed.Operate) and value.call in (Call.ADD, Call.SUB)):
        return None
    first, second = value.args
    if value.call is Call.ADD and second == target.value:
        first, second = second, first
    if first != target.value or reads(second, target.variable):
        return None
    return second if value.call is Call.ADD else operate(Call.NEG, (second,), second.span)


def _target(context: Context, node: tree.Expr) -> _Target:
    match node:
        case tree.Name():
            symbol = _assignable(context, node)
            return _Target(symbol.variable, (), (), context.held(symbol.variable, symbol.type, node.span))
        case tree.Member(base=base, part=part):
            outer = _target(context, base)
            if outer.places:
                given = describe(outer.value.type)
                raise Failed(WrongKind(span=part.span, what=f"`.{part.name}`", wanted="a tuple", given=given))
            inner = part_of(outer.value, part, node.span)
            return _Target(outer.variable, (*outer.fields, int(part.name)), (), inner)
        case tree.Index(base=base, picks=picks):
            outer = _target(context, base)
            places = places_of(context, picks, outer.value, node.span)
            inner = pick(outer.value, places, node.span)
            whole = compose(outer.places, places, node.span) if outer.places else places
            return _Target(outer.variable, outer.fields, whole, inner)
        case (
            tree.Literal()
            | tree.Invoke()
            | tree.Reveal()
            | tree.TupleOf()
            | tree.ArrayOf()
            | tree.Unary()
            | tree.Binary()
            | tree.Cast()
            | tree.If()
        ):
            raise Failed(NotAPlace(span=node.span))
        case _:
            assert_never(node)


def _assignable(context: Context, target: tree.Name) -> Bound:
    symbol = context.find(target)
    if not isinstance(symbol, Bound) or not symbol.variable.mutable:
        hint = (
            "bind it with `var` instead of `let`"
            if symbol.what == "a `let`"
            else f"copy it: `var NAME = {target.name};`"
            if isinstance(symbol, Bound | ParamName | Public)
            else "only a `var` can be assigned"
        )
        raise Failed(
            NotAssignable(
                span=target.span,
                name=target.name,
                what=symbol.what,
                hint=hint,
                related=((symbol.span, "bound here"),),
            )
        )
    around = context.around
    if around.train_level is not None and symbol.level <= around.train_level:
        raise Failed(
            DpsgdAssigns(span=target.span, word=around.rows, name=target.name, related=((symbol.span, "bound here"),))
        )
    if around.value_level is not None and symbol.level <= around.value_level:
        raise Failed(AssignInValue(span=target.span, name=target.name, related=((symbol.span, "bound here"),)))
    return symbol
