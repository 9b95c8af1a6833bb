"""Quotients of integers that become a fix: their fractions are lost before anybody rounds to a kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

from lang import typed
from lang.checker.context import Context
from lang.problems.silent import QuotientFloored
from lang.traverse import parts
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


def warn_floored(context: Context, statements: Sequence[typed.Statement], lets: Lets | None = None) -> None:
    """A warning for each quotient of integers that is bound to a fix, or that arithmetic with one reads."""
    lets = {} if lets is None else lets
    for s in statements:
        match s:
            case typed.Bind(variable=variable, value=value):
                if variable.kind is None:
                    lets[variable.number] = value
                _look(context, value, lets)
            case typed.Store(value=value) | typed.Release(value=value):
                _look(context, value, lets)
            case typed.Repeat(body=body):
                warn_floored(context, body, lets)
            case typed.When(condition=condition, then=then, otherwise=otherwise):
                _look(context, condition, lets)
                warn_floored(context, (*then, *otherwise), lets)
            case typed.Train(body=body, loss=loss, grads=grads):
                warn_floored(context, body, lets)
                for e in (*(g for _, g in grads), *((loss,) if loss else ())):
                    _look(context, e, lets)
            case _:
                assert_never(s)


def _look(context: Context, e: typed.Expr, lets: Lets) -> None:
    """Into an expression and all that stands in it."""
    if isinstance(e, typed.Scope):
        warn_floored(context, e.statements, lets)
        _look(context, e.value, lets)
        return
    for part in parts(e):
        _look(context, part, lets)
    if isinstance(e, typed.Convert) and e.kind.fraction:
        _warn(context, (e.value,), lets, f"becomes `{e.kind}`")
    if isinstance(e, typed.Operate) and e.call in _EXACT and not e.type.integer:
        _warn(context, e.args, lets, "meets a `fix`")


def _warn(context: Context, values: Sequence[typed.Expr], lets: Lets, use: str) -> None:
    for value in values:
        for quotient in _quotients(value, lets):
            context.report(QuotientFloored(span=quotient.span, use=use))


def _quotients(e: typed.Expr, lets: Mapping[int, typed.Expr]) -> Iterator[typed.Expr]:
    """Those of integers that an integer is made from, kinds aside: to bind to one says that it is whole."""
    if not isinstance(e.type, Number) or not e.type.integer:
        return
    if isinstance(e, typed.Operate) and e.call is Call.DIVIDE:
        yield e
        return
    for inner in _passed_on(e, lets):
        yield from _quotients(inner, lets)


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
        case typed.Const() | typed.IndexOf() | typed.RowField() | typed.Convert() | typed.Part() | typed.Pack():
            return ()
        case _:
            assert_never(e)
