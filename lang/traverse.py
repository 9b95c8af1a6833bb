"""What stands inside a checked expression or statement.

Operands on the left and arms after `else` may follow one another without end, so nothing here recurs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from lang import typed

Node = typed.Expr | typed.Statement
Plain = (
    typed.Const | typed.IndexOf | typed.Operate | typed.Through | typed.Convert | typed.Part | typed.Pack | typed.Stack
)


def parts(node: Node) -> Sequence[Node]:
    """The expressions and statements directly inside one, in the order of the text."""
    match node:
        case (
            typed.Const()
            | typed.IndexOf()
            | typed.Operate()
            | typed.Through()
            | typed.Convert()
            | typed.Part()
            | typed.Pack()
            | typed.Stack()
        ):
            return operands(node)
        case typed.Bind(value=value) | typed.Release(value=value):
            return (value,)
        case typed.Choose(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
        case typed.Pick(base=base, places=places):
            return (base, *_indices(places))
        case typed.Store(places=places, value=value):
            return (*_indices(places), value)
        case typed.Scope(statements=statements, value=value):
            return (*statements, value)
        case typed.Repeat(body=body):
            return body
        case typed.When(condition=condition, then=arm, otherwise=other):
            return (condition, *arm, *other)
        case typed.Read() | typed.RowField() | typed.Train() | typed.Measure():
            return ()
        case _:
            assert_never(node)


def operands(expr: Plain) -> Sequence[typed.Expr]:
    """Of an expression that is made of the values of others and of nothing else."""
    match expr:
        case typed.Operate(args=items) | typed.Through(args=items) | typed.Pack(items=items) | typed.Stack(items=items):
            return items
        case typed.Convert(value=inner) | typed.Part(base=inner):
            return (inner,)
        case typed.Const() | typed.IndexOf():
            return ()
        case _:
            assert_never(expr)


def _indices(places: Sequence[typed.Place]) -> tuple[typed.Expr, ...]:
    return tuple(place.index for place in places if isinstance(place, typed.At))


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """Some nodes and all that stands inside them (but what is inside a `dpsgd` or `measure`), each before its parts."""
    stack = [*nodes][::-1]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(parts(node)))


def reads(expr: typed.Expr, variable: typed.Variable) -> bool:
    """Whether an expression looks at a variable."""
    return any(isinstance(node, typed.Read) and node.variable == variable for node in walk([expr]))


def chain(expr: typed.Expr) -> tuple[typed.Expr, list[typed.Operate]]:
    """What an expression begins with, and the operations on it, innermost first: the first operand of each is the one
    before it."""
    found: list[typed.Operate] = []
    while isinstance(expr, typed.Operate):
        found.append(expr)
        expr = expr.args[0]
    return expr, found[::-1]


def arms(expr: typed.Choose) -> tuple[list[typed.Choose], typed.Expr]:
    """The choices of if .. else if .. else, first to last, and the value of `else`."""
    found = [expr]
    while isinstance(expr.otherwise, typed.Choose):
        expr = expr.otherwise
        found.append(expr)
    return found, expr.otherwise


def alternatives(when: typed.When) -> tuple[list[typed.When], tuple[typed.Statement, ...]]:
    """Likewise of statements."""
    found = [when]
    while len(when.otherwise) == 1 and isinstance(inner := when.otherwise[0], typed.When):
        when = inner
        found.append(when)
    return found, when.otherwise
