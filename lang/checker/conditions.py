"""`if`, as a value and as a statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from lang import typed
from lang.checker.blocks import block_value, body
from lang.checker.context import Around, Context, Value
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
    arms, last = _arms(context, node, _value, valued=True)
    assert last is not None  # an `else` is asked for
    return _chosen(context, arms, last)


def when(context: Context, node: tree.If) -> list[typed.Statement]:
    """What an `if` that has no value becomes; raises Failed."""
    arms, last = _arms(context, node, body)
    done: list[typed.Statement] = last or []
    for arm in reversed(arms):
        done = [typed.When(arm.condition, tuple(arm.what), tuple(done), arm.span)]
    return done


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Arm(Generic[T]):
    """One with a joint condition, as a value or as statements."""

    condition: typed.Expr
    what: T
    span: Span  # of the `if`


def _arms(
    context: Context, node: tree.If, check: Callable[[Context, tree.Block], T], valued: bool = False
) -> tuple[list[_Arm[T]], T | None]:
    """The arms that may be taken, and the one that is taken if none of them is, if there is one; raises Failed.

    Of an arm that a public condition excludes only the text counts.
    """
    found: list[_Arm[T]] = []
    last: T | None = None
    around, decided, right = context.around, False, True
    before, after = context.known, list[dict[int, Value]]()  # what is known of variables
    arm: tree.If | tree.Block | None = node
    while isinstance(arm, tree.If):
        condition: tuple[typed.Expr, bool | None] | None = None
        with context.inside(around), _attempt(context, not decided):
            if valued and arm.otherwise is None:
                raise Failed(IfWithoutElse(span=arm.span))
            condition = _condition(context, arm.condition)
        if condition is None:
            right, arm = right and decided, None
            break
        expr, holds = condition
        level = len(context.scopes) if valued else around.value_level
        around = replace(around, private=around.private or holds is None, value_level=level)
        what = _arm(context, around, arm.then, check, not decided and holds is not False)
        if not decided and holds is not False:
            after.append(context.known)
            right = right and what is not None
            if holds:
                last, decided = what, True
            elif what is not None:
                found.append(_Arm(expr, what, arm.span))
        context.known, arm = before, arm.otherwise
    if arm is not None:
        what = _arm(context, around, arm, check, not decided)
        if not decided:
            last, right = what, right and what is not None
    if not decided:
        after.append(context.known)
    context.known = after[0] if len(after) == 1 else _agreed(before, after)
    if not right:
        raise Failed
    return found, last


def _agreed(before: Mapping[int, Value], after: Sequence[Mapping[int, Value]]) -> dict[int, Value]:
    """What is known after arms of which one is taken: of what none of them assigns."""
    return {number: value for number, value in before.items() if all(arm.get(number) is value for arm in after)}


def _arm(
    context: Context, around: Around, block: tree.Block, check: Callable[[Context, tree.Block], T], taken: bool
) -> T | None:
    """What an arm becomes; None if it is wrong."""
    context.known = dict(context.known)
    with context.inside(around), _attempt(context, taken):
        return check(context, block)
    return None


def _attempt(context: Context, taken: bool) -> Attempt:
    return context.attempt() if taken else context.never_run(of_text)


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


# -- values


def _value(context: Context, arm: tree.Block) -> typed.Expr:
    statements, value = block_value(context, arm)
    if value is None:
        raise Failed(ArmWithoutValue(span=arm.span))
    return typed.Scope(value.type, tuple(statements), value, arm.span) if statements else value


def _chosen(context: Context, arms: Sequence[_Arm[typed.Expr]], last: typed.Expr) -> typed.Expr:
    """One of several values by joint conditions: numbers of one shape, or tuples of one length."""
    if arms and isinstance(last.type, Pair):
        return _chosen_tuple(context, arms, last, len(last.type.fields))
    for arm in reversed(arms):
        last = _chosen_number(arm, last)
    return last


def _chosen_number(arm: _Arm[typed.Expr], otherwise: typed.Expr) -> typed.Expr:
    then, span = arm.what, arm.span
    first, second = then.type, otherwise.type
    if not (isinstance(first, Number) and isinstance(second, Number)):
        raise Failed(_differ(then, otherwise))
    shape = broadcast_shapes(first.shape, second.shape)
    if shape is None or shape not in (first.shape, second.shape):
        raise Failed(_differ(then, otherwise))
    if () in (first.shape, second.shape):
        then, otherwise = fill(then, shape, span), fill(otherwise, shape, span)
    kind = first.kind if first.kind == second.kind else None
    return typed.Choose(Number(shape, first.integer and second.integer, kind), arm.condition, then, otherwise, span)


def _differ(then: typed.Expr, otherwise: typed.Expr) -> ArmsDiffer:
    first, second = describe(then.type), describe(otherwise.type)
    return ArmsDiffer(span=otherwise.span, first=first, second=second, related=((then.span, f"{first} here"),))


def _chosen_tuple(context: Context, arms: Sequence[_Arm[typed.Expr]], last: typed.Expr, count: int) -> typed.Expr:
    """Tuples are chosen field by field."""
    statements: list[typed.Statement] = []
    apart: list[_Arm[tuple[typed.Expr, ...]]] = []
    for arm in arms:
        if not isinstance(arm.what.type, Pair) or len(arm.what.type.fields) != count:
            raise Failed(_differ(arm.what, last))
        binds, condition = once(context, arm.condition)
        more, items = take_apart(context, arm.what)
        statements += (*binds, *more)
        apart.append(_Arm(condition, items, arm.span))
    binds, items = take_apart(context, last)
    statements += binds
    chosen = tuple(
        _chosen(context, [_Arm(a.condition, a.what[i], a.span) for a in apart], items[i]) for i in range(count)
    )
    packed = typed.Pack(Pair(tuple(item.type for item in chosen)), chosen, arms[0].span)
    return typed.Scope(packed.type, tuple(statements), packed, arms[0].span) if statements else packed
