"""Calls: built-ins by their table; functions are inlined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from lang import typed
from lang.checker.context import Context
from lang.checker.externs import through
from lang.checker.failing import Failed
from lang.checker.functions import BUILTINS, Builtin
from lang.checker.infer import describe, number, show_shape
from lang.checker.inlining import inlined
from lang.checker.kinds import MAX_ELEMENTS
from lang.checker.labels import check_label
from lang.checker.layers import convolved, pooled
from lang.checker.operators import operate
from lang.checker.public import constant, whole
from lang.checker.symbols import ExternName, FunctionName
from lang.numerals import counted, show_number
from lang.problems.names import ArgumentCount, NotAFunction, OptionTwice, OptionValue, UnknownFunction, UnknownOption
from lang.problems.shapes import ShapeRange, SizeNegative, WrongShape
from lang.problems.values import LossOnly
from lang.source import Span
from lang.syntax import tree
from lang.typed import Call, Number


def invoke(context: Context, node: tree.Invoke) -> typed.Expr:
    """The value of a call; raises Failed."""
    builtin = BUILTINS.get(node.name.name)
    if builtin is not None:
        return _builtin(context, node, builtin)
    symbol = context.meaning(node.name)
    if symbol is None:
        with context.attempt():  # what its arguments say is right or wrong without it
            context.all_of(node.args)
        functions = [*context.scopes.outermost(FunctionName), *context.scopes.outermost(ExternName)]
        raise Failed(
            UnknownFunction(
                span=node.name.span,
                name=node.name.name,
                hint=context.near(node.name.name, [*functions, *BUILTINS])
                or f"declare it: `fn {node.name.name}(...) -> KIND {{ ... }}`",
            )
        )
    if not isinstance(symbol, FunctionName | ExternName):
        symbol = context.find(node.name)
        raise Failed(NotAFunction(span=node.name.span, name=node.name.name, what=symbol.what))
    for name, _ in node.options:
        context.report(
            UnknownOption(
                span=name.span,
                name=node.name.name,
                option=name.name,
                hint="arguments of functions are written without names",
            )
        )
    if isinstance(symbol, ExternName):
        return through(context, node, symbol)
    return inlined(context, node, symbol.function)


def _builtin(context: Context, node: tree.Invoke, builtin: Builtin) -> typed.Expr:
    name = node.name.name
    args = context.all_of(node.args)
    over = builtin.over is not None and len(args) == 1
    wanted = 1 if over else len(builtin.args)
    if not (len(args) == wanted or (builtin.variadic and len(args) >= wanted)):
        raise Failed(
            ArgumentCount(
                span=node.span,
                name=name,
                wanted=counted(wanted, "argument"),
                given=len(args),
                usage=builtin.usage(name),
            )
        )
    options = _options(context, node, builtin, args)
    axis, within = options.axis, options.within
    if builtin.only_in_loss and not context.around.loss:
        raise Failed(LossOnly(span=node.span, name=name))
    call = builtin.over if over else builtin.call
    assert call is not None
    if call is Call.ZEROS:
        return _zeros(args, node.span)
    if call is Call.CONCAT and axis is None:
        axis = 0
    if call is Call.RESHAPE:
        return _reshape(args, node.span)
    if call is Call.CONV2D:
        return _convolve(args, options, node.span)
    if call in (Call.AVGPOOL, Call.MAXPOOL):
        return _pool(call, args, options, node.span)
    if call is Call.SOFTMAX and axis is None:
        axis = len(number(args[0], "`softmax`").shape) - 1
    value = operate(call, args, node.span, axis, within)
    check_label(context, call, args)
    return value


@dataclass(slots=True)
class _Options:
    axis: int | None = None
    within: Fraction | None = None
    stride: int | None = None
    padding: int = 0


def _options(context: Context, node: tree.Invoke, builtin: Builtin, args: Sequence[typed.Expr]) -> _Options:
    found = _Options()
    given: set[str] = set()
    for name, value in node.options:
        if name.name in given:
            raise Failed(OptionTwice(span=name.span, option=name.name))
        given.add(name.name)
        if name.name not in builtin.options:
            known = ", ".join(f"`{option}`" for option in builtin.options)
            raise Failed(
                UnknownOption(
                    span=name.span,
                    name=node.name.name,
                    option=name.name,
                    hint=f"its options are {known}" if known else "it has none",
                )
            )
        match name.name:
            case "axis":
                axis = whole(context.expr(value), "`axis`")
                rank = len(number(args[0], f"`{node.name.name}`").shape)
                found.axis = axis + rank if -rank <= axis < 0 else axis
            case "within":
                found.within = constant(context.expr(value), "`within`").values[0]
                if found.within <= 0:
                    shown = show_number(found.within)
                    raise Failed(OptionValue(span=value.span, option="within", wanted="above 0", value=shown))
            case "stride" | "padding" as option:
                amount, least = whole(context.expr(value), f"`{option}`"), 1 if option == "stride" else 0
                if amount < least:
                    wanted = f"at least {least}"
                    raise Failed(OptionValue(span=value.span, option=option, wanted=wanted, value=str(amount)))
                if option == "stride":
                    found.stride = amount
                else:
                    found.padding = amount
            case other:
                raise AssertionError(f"the option `{other}` is named in RULES and read nowhere")
    return found


# -- operations whose shape is no function of the operands' alone


def _convolve(args: tuple[typed.Expr, ...], options: _Options, span: Span) -> typed.Expr:
    image, kernel = (number(arg, "`conv2d`") for arg in args)
    window = typed.Window(options.stride or 1, options.padding)
    type_ = Number(convolved(image, kernel, window, span), image.integer and kernel.integer)
    return operate(Call.CONV2D, args, span, type_=type_, window=window)


def _pool(call: Call, args: tuple[typed.Expr, ...], options: _Options, span: Span) -> typed.Expr:
    image, side = number(args[0], f"`{call.value}`"), whole(args[1], "the side of a pool")
    window = typed.Window(options.stride or side, options.padding)
    shape = pooled(call.value, image, side, window, span)
    type_ = Number(shape, False) if call is Call.AVGPOOL else Number(shape, image.integer, image.kind)
    return operate(call, args, span, type_=type_, window=window)


def _zeros(args: tuple[typed.Expr, ...], span: Span) -> typed.Expr:
    shape = tuple(whole(size, "a size") for size in args)
    if min(shape) < 1:
        raise Failed(SizeNegative(span=span, value=min(shape), least=1))
    if prod(shape) > MAX_ELEMENTS:
        raise Failed(ShapeRange(span=span, elements=str(prod(shape)), limit=MAX_ELEMENTS))
    zero = typed.Const(Number((), True), (Fraction(0),), span)
    return operate(Call.ZEROS, (zero,), span, type_=Number(shape, True))


def _reshape(args: tuple[typed.Expr, ...], span: Span) -> typed.Expr:
    type_ = number(args[0], "`reshape`")
    shape = tuple(whole(size, "a size") for size in args[1:])
    size, wanted = prod(type_.shape), prod(shape)
    if min(shape) < 1 or size != wanted:
        raise Failed(
            WrongShape(
                span=span,
                what="`reshape`",
                wanted=show_shape(shape),
                given=describe(type_),
                hint=f"{wanted} elements from {size}",
            )
        )
    return operate(Call.RESHAPE, args[:1], span, type_=Number(shape, type_.integer, type_.kind))
