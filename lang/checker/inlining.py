"""Functions: inlined at their calls with the sizes found there, and checked on their own where nothing calls them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import assert_never

from lang import typed
from lang.checker.bindings import bind_let
from lang.checker.blocks import block_value
from lang.checker.context import Context
from lang.checker.convert import convert
from lang.checker.failing import Failed, GivenUp
from lang.checker.findings import of_text
from lang.checker.infer import show_shape
from lang.checker.kinds import resolve
from lang.checker.symbols import ParamName
from lang.numerals import counted
from lang.problems.names import ArgumentCount, MissingResult, Recursion, SizeConflict, SizeUnknown
from lang.problems.shapes import WrongShape
from lang.problems.values import TooLarge
from lang.source import Span
from lang.syntax import tree
from lang.typed import Const, Number, type_of

MAX_CALLS = 5_000
_PLACEHOLDERS = (2, 3, 5, 7, 11, 13, 17, 19)


def inlined(context: Context, node: tree.Invoke, function: tree.Fn) -> typed.Expr:
    """The body of a function in place of its call; raises Failed, or GivenUp where there are too many calls."""
    args = context.all_of(node.args)
    name = function.name.name
    calls = context.around.calls
    if any(name == other for other, _ in calls):
        raise Failed(
            Recursion(
                span=node.span,
                name=name,
                related=tuple((place, f"`{other}` called here") for other, place in calls if place is not None),
            )
        )
    if len(args) != len(function.parameters):
        usage = f"{name}({', '.join(p.name.name for p in function.parameters)})"
        raise Failed(
            ArgumentCount(
                span=node.span,
                name=name,
                wanted=counted(len(function.parameters), "argument"),
                given=len(args),
                usage=usage,
                related=((function.name.span, "defined here"),),
            )
        )
    context.inlined += 1
    if context.inlined > MAX_CALLS:
        context.report(TooLarge(span=node.span, limit=MAX_CALLS))
        raise GivenUp
    context.called.add(name)
    return _body(context, function, args, node.span, node.span)


def check_uncalled(context: Context, functions: Sequence[tree.Fn]) -> None:
    """Functions that nothing calls are checked with sizes made up for the purpose."""
    for function in functions:
        if function.name.name in context.called:
            continue
        if function.sizes:
            with context.never_run(of_text):
                _check_alone(context, function)
        else:
            _check_alone(context, function)


def _check_alone(context: Context, function: tree.Fn) -> None:
    with context.attempt():
        with context.scopes.function():
            for size, value in zip(function.sizes, _PLACEHOLDERS * (1 + len(function.sizes) // 8), strict=False):
                context.bind(size, _size(size, value))
            kinds = [resolve(context, parameter.kind) for parameter in function.parameters]
        args = tuple(
            typed.Read(type_of(kind), context.fresh(parameter.name, kind), parameter.name.span)
            for kind, parameter in zip(kinds, function.parameters, strict=True)
        )
        with context.inside(replace(context.around, loss=True)):  # it may be meant for a loss
            _body(context, function, args, function.name.span, None)


def _body(
    context: Context, function: tree.Fn, args: tuple[typed.Expr, ...], span: Span, call: Span | None
) -> typed.Expr:
    """The body with its parameters bound; without a call it is only checked."""
    name = function.name.name
    with context.scopes.function() as scope:
        scope.later = {n.name: n.span for n in (*function.sizes, *(p.name for p in function.parameters))}
        _bind_sizes(context, function, args, span)
        statements = _bind_parameters(context, function, args)
        around = context.around
        with context.inside(replace(around, calls=(*around.calls, (name, call)), train_level=None, value_level=None)):
            body, value = block_value(context, function.body)
            if value is None:
                raise Failed(MissingResult(span=function.body.span, name=name))
            if function.result is not None:
                kind = resolve(context, function.result)
                value = convert(context, value, kind, value.span, f"the result of `{name}`")
    statements += body
    return typed.Scope(value.type, tuple(statements), value, span, name) if statements else value


def _bind_parameters(context: Context, function: tree.Fn, args: tuple[typed.Expr, ...]) -> list[typed.Statement]:
    statements: list[typed.Statement] = []
    for parameter, arg in zip(function.parameters, args, strict=True):
        kind = resolve(context, parameter.kind)
        value = convert(context, arg, kind, arg.span, f"`{parameter.name.name}` of `{function.name.name}`")
        statements += bind_let(context, parameter.name, value, kind, "a parameter")
    return statements


# -- sizes


def _bind_sizes(context: Context, function: tree.Fn, args: tuple[typed.Expr, ...], span: Span) -> None:
    sizes = _Sizes(function)
    for parameter, arg in zip(function.parameters, args, strict=True):
        sizes.match(parameter.kind, arg.type, arg.span)
    for size in function.sizes:
        if size.name not in sizes.found:
            raise Failed(
                SizeUnknown(span=span, size=size.name, name=function.name.name, related=((size.span, "this size"),))
            )
        context.bind(size, _size(size, sizes.found[size.name]))


def _size(name: tree.Name, value: int) -> ParamName:
    return ParamName(name.span, Const(Number((), True), (Fraction(value),), name.span))


class _Sizes:
    """The sizes of a function, as far as they are found."""

    def __init__(self, function: tree.Fn) -> None:
        self._function = function.name.name
        self._names = {name.name for name in function.sizes}
        self.found: dict[str, int] = {}

    def match(self, kind: tree.Kind, type_: typed.TypeOf, span: Span) -> None:
        """Sizes that are written as a name alone are read off the argument's shape or width."""
        match kind:
            case tree.Shaped(base=base, shape=shape):
                if isinstance(type_, Number) and (given := type_.shape):
                    own = len(given) - len(shape)
                    if own < 0 or (own and isinstance(base, tree.Words)):
                        wanted = f"[{', '.join(s.name if isinstance(s, tree.Name) else '·' for s in shape)}]"
                        raise Failed(
                            WrongShape(span=span, what=f"`{self._function}`", wanted=wanted, given=show_shape(given))
                        )
                    for size, length in zip(shape, given, strict=False):
                        self._is(size, length, span)
                    self.match(base, type_, span)
            case tree.Words(sizes=sizes):
                if isinstance(type_, Number) and (scalar := type_.kind) is not None:
                    for size, width in zip(sizes, (scalar.bits, scalar.fraction), strict=False):
                        self._is(size, width, span)
            case tree.TupleKind(fields=fields):
                if isinstance(type_, typed.Pair) and len(fields) == len(type_.fields):
                    for field, field_type in zip(fields, type_.fields, strict=True):
                        self.match(field, field_type, span)
            case tree.Alias():
                pass
            case _:
                assert_never(kind)

    def _is(self, size: tree.Expr, value: int, span: Span) -> None:
        if isinstance(size, tree.Name) and size.name in self._names:
            first = self.found.setdefault(size.name, value)
            if first != value:
                raise Failed(SizeConflict(span=span, size=size.name, first=first, second=value))
