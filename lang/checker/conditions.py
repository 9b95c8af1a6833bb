"""`if`, as a value and as a statement."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from lang import typed
from lang.checker.blocks import block_value, body
from lang.checker.context import Context
from lang.checker.convert import fill, once, take_apart
from lang.checker.failing import Failed, NeedsIndex
from lang.checker.findings import Attempt, of_text
from lang.checker.infer import broadcast_shapes, describe, number
from lang.checker.public import indices
from lang.problems.values import ArmsDiffer, ArmWithoutValue, ConditionKind, IfWithoutElse
from lang.source import Span
from lang.syntax import tree
from lang.typed import Const, Number, Pair


def choose(context: Context, node: tree.If) -> typed.Expr:
    """The value of an `if`; raises Failed."""
    if node.otherwise is None:
        raise Failed(IfWithoutElse(span=node.span))
    condition, holds = _condition(context, node.condition)
    around = context.around
    then = otherwise = None
    with context.inside(replace(around, private=around.private or holds is None, value_level=len(context.scopes))):
        with _arm(context, holds is not False):
            then = _value(context, node.then)
        with _arm(context, holds is not True):
            otherwise = _value(context, node.otherwise)
    if holds is not None:
        then = otherwise = then if holds else otherwise
    if then is None or otherwise is None:
        raise Failed
    return then if holds is not None else _chosen(context, condition, then, otherwise, node.span)


def when(context: Context, node: tree.If) -> list[typed.Statement]:
    """What an `if` that has no value becomes; raises Failed."""
    condition, holds = _condition(context, node.condition)
    around = context.around
    then: list[typed.Statement] = []
    otherwise: list[typed.Statement] = []
    with context.inside(replace(around, private=around.private or holds is None)):
        with _arm(context, holds is not False):
            then = body(context, node.then)
        with _arm(context, holds is not True):
            otherwise = _otherwise(context, node.otherwise)
    if holds is not None:
        return then if holds else otherwise
    return [typed.When(condition, tuple(then), tuple(otherwise), node.span)]


def _condition(context: Context, node: tree.Expr) -> tuple[typed.Expr, bool | None]:
    """A scalar bit, and whether it holds if that is public; raises NeedsIndex if a loop must be unrolled to decide."""
    expr = context.expr(node)
    type_ = number(expr, "a condition")
    if type_.shape:
        raise Failed(ConditionKind(span=node.span, given=describe(type_)))
    if isinstance(expr, Const):
        if not type_.integer or (expr.values[0] not in (0, 1) and not context.around.never):
            raise Failed(ConditionKind(span=node.span, given=describe(type_)))
        return expr, expr.values[0] != 0
    if loops := indices(expr):
        raise NeedsIndex(loops[-1])
    if type_.kind is None or type_.kind.bits != 1 or type_.kind.signed:
        raise Failed(ConditionKind(span=node.span, given=describe(type_)))
    return expr, None


def _arm(context: Context, taken: bool) -> Attempt:
    """One arm of an `if`; of one that a public condition excludes only the text counts."""
    return context.attempt() if taken else context.never_run(of_text)


def _otherwise(context: Context, arm: tree.Block | tree.If | None) -> list[typed.Statement]:
    match arm:
        case tree.Block():
            return body(context, arm)
        case tree.If():
            return context.statements((arm,))
        case None:
            return []
        case _:
            assert_never(arm)


# -- values


def _value(context: Context, arm: tree.Block | tree.If) -> typed.Expr:
    if isinstance(arm, tree.If):
        return context.expr(arm)
    statements, value = block_value(context, arm)
    if value is None:
        raise Failed(ArmWithoutValue(span=arm.span))
    return typed.Scope(value.type, tuple(statements), value, arm.span) if statements else value


def _chosen(context: Context, condition: typed.Expr, then: typed.Expr, otherwise: typed.Expr, span: Span) -> typed.Expr:
    """One of two values by a joint condition: numbers of one shape, or tuples of one length."""
    first, second = then.type, otherwise.type
    if isinstance(first, Number) and isinstance(second, Number):
        shape = broadcast_shapes(first.shape, second.shape)
        if shape is None or shape not in (first.shape, second.shape):
            raise Failed(_differ(then, otherwise))
        if () in (first.shape, second.shape):
            then, otherwise = fill(then, shape, span), fill(otherwise, shape, span)
        kind = first.kind if first.kind == second.kind else None
        return typed.Choose(Number(shape, first.integer and second.integer, kind), condition, then, otherwise, span)
    if isinstance(first, Pair) and isinstance(second, Pair) and len(first.fields) == len(second.fields):
        return _chosen_tuple(context, condition, then, otherwise, span)
    raise Failed(_differ(then, otherwise))


def _differ(then: typed.Expr, otherwise: typed.Expr) -> ArmsDiffer:
    first, second = describe(then.type), describe(otherwise.type)
    return ArmsDiffer(span=otherwise.span, first=first, second=second, related=((then.span, f"{first} here"),))


def _chosen_tuple(
    context: Context, condition: typed.Expr, then: typed.Expr, otherwise: typed.Expr, span: Span
) -> typed.Expr:
    """Tuples are chosen field by field."""
    binds, condition = once(context, condition)
    first_binds, first = take_apart(context, then)
    second_binds, second = take_apart(context, otherwise)
    items = tuple(_chosen(context, condition, a, b, span) for a, b in zip(first, second, strict=True))
    packed = typed.Pack(Pair(tuple(item.type for item in items)), items, span)
    statements = (*binds, *first_binds, *second_binds)
    return typed.Scope(packed.type, statements, packed, span) if statements else packed
