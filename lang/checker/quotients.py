"""Quotients of integers that become a fix: their fractions are lost before anybody rounds to a kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from lang import typed
from lang.checker.context import Context
from lang.problems.quotients import exactly, written
from lang.problems.silent import QuotientFloored
from lang.traverse import walk
from lang.typed import Call, Number

# Exact and of integers: what a quotient has lost is lost to them, too.
_EXACT = frozenset(
    (
        *(Call.ADD, Call.SUB, Call.NEG, Call.MUL, Call.DOT, Call.MATMUL, Call.CONV2D, Call.SUM, Call.ABS, Call.RELU),
        *(Call.MIN, Call.MAX, Call.MIN_OF, Call.MAX_OF, Call.CLAMP, Call.MAXPOOL),
        *(Call.TRANSPOSE, Call.RESHAPE, Call.BROADCAST),
    )
)
Lets = dict[int, typed.Expr]  # those without a kind, by variable


def warn_floored(context: Context, statements: Sequence[typed.Statement]) -> None:
    """A warning for each quotient of integers that is bound to a fix, or that arithmetic with one reads."""
    lets: Lets = {}
    seen: set[int] = set()
    waiting: list[Sequence[typed.Expr | typed.Statement]] = [statements]
    while waiting:
        for node in walk(waiting.pop()):
            if isinstance(node, typed.Bind) and node.variable.kind is None:
                lets[node.variable.number] = node.value
            elif isinstance(node, typed.Convert) and node.kind.fraction:
                _warn(context, (node.value,), lets, seen, f"becomes `{node.kind}`")
            elif isinstance(node, typed.Operate) and node.call in _EXACT and not node.type.integer:
                _warn(context, node.args, lets, seen, "meets a `fix`")
            elif isinstance(node, typed.Train):  # into which `walk` does not go
                waiting.append((*node.body, *(g for _, g in node.grads), *((node.loss,) if node.loss else ())))
            elif isinstance(node, typed.Measure):
                waiting.append((*node.body, node.value))


def _warn(context: Context, values: Sequence[typed.Expr], lets: Lets, seen: set[int], use: str) -> None:
    """Of the quotients that integers are made from, kinds aside: to bind to one says that it is whole.

    `seen` are the expressions (by `id`) that were looked into: `let`s of `let`s come to the same ones ever again.
    """
    stack = [*values]
    while stack:
        e = stack.pop()
        if id(e) in seen or not isinstance(e.type, Number) or not e.type.integer:
            continue
        seen.add(id(e))
        if isinstance(e, typed.Operate) and e.call is Call.DIVIDE:
            context.report(QuotientFloored(span=e.span, use=use, instead=exactly(e.span), written=written(e.span)))
        else:
            stack += _passed_on(e, lets)


def _passed_on(e: typed.Expr, lets: Mapping[int, typed.Expr]) -> tuple[typed.Expr, ...]:
    """The values that come out of an expression whole, or from whose wholes it is computed exactly."""
    match e:
        case typed.Operate(call=call, args=args):
            return args if call in _EXACT else ()
        case typed.Choose(then=then, otherwise=otherwise):
            return then, otherwise
        case typed.Stack(items=items):
            return items
        case typed.Pick(base=inner) | typed.Scope(value=inner):
            return (inner,)
        case typed.Read(variable=variable):
            return (lets[variable.number],) if variable.number in lets else ()
        case (
            typed.Const()
            | typed.IndexOf()
            | typed.RowField()
            | typed.Convert()
            | typed.Part()
            | typed.Pack()
            | typed.Through()
        ):
            return ()
        case _:
            assert_never(e)
