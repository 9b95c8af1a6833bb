"""What stands inside a checked expression."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from lang import typed


def parts(expr: typed.Expr) -> Iterator[typed.Expr]:
    """The expressions directly inside one."""
    match expr:
        case typed.Operate(args=items) | typed.Pack(items=items) | typed.Stack(items=items):
            yield from items
        case typed.Convert(value=value):
            yield value
        case typed.Choose(condition=condition, then=then, otherwise=otherwise):
            yield from (condition, then, otherwise)
        case typed.Pick(base=base, places=places):
            yield base
            yield from (place.index for place in places if isinstance(place, typed.At))
        case typed.Part(base=base):
            yield base
        case typed.Scope(statements=statements, value=value):
            for statement in statements:
                yield from _statement_parts(statement)
            yield value
        case typed.Const() | typed.Read() | typed.IndexOf() | typed.RowField():
            return
        case _:
            assert_never(expr)


def _statement_parts(statement: typed.Statement) -> Iterator[typed.Expr]:
    match statement:
        case typed.Bind(value=value):
            yield value
        case typed.Store(places=places, value=value):
            yield from (place.index for place in places if isinstance(place, typed.At))
            yield value
        case typed.Repeat(body=body):
            for inner in body:
                yield from _statement_parts(inner)
        case typed.When(condition=condition, then=then, otherwise=otherwise):
            yield condition
            for inner in (*then, *otherwise):
                yield from _statement_parts(inner)
        case typed.Release(value=value):
            yield value
        case typed.Train():
            return
        case _:
            assert_never(statement)


def reads(expr: typed.Expr, variable: typed.Variable) -> bool:
    """Whether an expression looks at a variable."""
    stack = [expr]
    while stack:
        inner = stack.pop()
        if isinstance(inner, typed.Read) and inner.variable == variable:
            return True
        stack.extend(parts(inner))
    return False
