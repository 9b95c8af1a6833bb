"""Operators, and the operations of the core that they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from lang import typed
from lang.checker import fold
from lang.checker.context import Context
from lang.checker.convert import fill, once
from lang.checker.failing import Failed, NeedsIndex
from lang.checker.functions import infer_type, public_value
from lang.checker.infer import describe, number
from lang.checker.kinds import MAX_WIDTH
from lang.checker.public import constant, indices, interval
from lang.kinds import BIT
from lang.numerals import show_number
from lang.problems.shapes import ValueTooLarge, WrongKind
from lang.problems.values import ExponentRange, IntegersOnly, ShiftRange
from lang.source import Span
from lang.typed import Call, Const, Number

MAX_EXPONENT = 64
_ARITHMETIC = {
    "+": Call.ADD,
    "-": Call.SUB,
    "*": Call.MUL,
    "/": Call.DIVIDE,
    "%": Call.MODULO,
    "@": Call.MATMUL,
    "&": Call.AND,
    "|": Call.OR,
    "^": Call.XOR,
}
_SHIFTS = {"<<": Call.SHL, ">>": Call.SHR}
_TRUTH = {"&&": Call.AND, "||": Call.OR}
# operator -> (operation, operands swapped, result turned over)
_COMPARE = {
    "<": (Call.LESS, False, False),
    ">": (Call.LESS, True, False),
    ">=": (Call.LESS, False, True),
    "<=": (Call.LESS, True, True),
    "==": (Call.EQUAL, False, False),
    "!=": (Call.EQUAL, False, True),
}


def operate(
    call: Call,
    args: Sequence[typed.Expr],
    span: Span,
    axis: int | None = None,
    within: Fraction | None = None,
    type_: Number | None = None,
    window: typed.Window | None = None,
) -> typed.Expr:
    """An operation, evaluated if all of it is public; raises Failed."""
    args = tuple(args)
    type_ = type_ or infer_type(call, args, span, axis)
    if call in (Call.DIVIDE, Call.MODULO) and (loops := indices(args[1])):
        raise NeedsIndex(loops[-1])
    constants = tuple(arg for arg in args if isinstance(arg, Const))
    if len(constants) == len(args):
        values = public_value(call, constants, type_, axis)
        if values is not None:
            if fold.too_large(values):
                raise Failed(ValueTooLarge(span=span, limit=fold.MAX_BITS))
            return Const(type_, values, span)
    return typed.Operate(type_, call, args, span, axis, within, window or typed.Window())


def binary(context: Context, op: str, left: typed.Expr, right: typed.Expr, span: Span) -> typed.Expr:
    """left op right, for every operator of the language."""
    if op in _ARITHMETIC:
        return operate(_ARITHMETIC[op], (left, right), span)
    if op in _COMPARE:
        call, swapped, turned = _COMPARE[op]
        left, right = _squares(context, left, right)
        result = operate(call, (right, left) if swapped else (left, right), span)
        return operate(Call.NOT, (result,), span) if turned else result
    if op in _TRUTH:
        return operate(_TRUTH[op], (_bit(left, f"`{op}`"), _bit(right, f"`{op}`")), span)
    if op == "**":
        return _power(context, left, right, span)
    return _shift(context, op, left, right, span)


def _squares(context: Context, left: typed.Expr, right: typed.Expr) -> tuple[typed.Expr, typed.Expr]:
    """A norm compared with a public number: both squared (a negative number stays below every norm)."""
    if isinstance(left, Const) and isinstance(right, typed.Operate) and right.call is Call.NORM2:
        right, left = _squares(context, right, left)
        return left, right
    if not (isinstance(left, typed.Operate) and left.call is Call.NORM2 and isinstance(right, Const)):
        return left, right
    binds, x = once(context, left.args[0])
    total = operate(Call.SUM, (operate(Call.MUL, (x, x), left.span),), left.span)
    if binds:
        total = typed.Scope(total.type, binds, total, left.span)
    squared = tuple(value * abs(value) for value in right.values)
    return total, Const(replace(right.type, kind=None), squared, right.span)


def _bit(expr: typed.Expr, what: str) -> typed.Expr:
    """An operand that must be a bit."""
    type_ = number(expr, what)
    if type_.kind == BIT:
        return expr
    if isinstance(expr, Const) and all(v in (0, 1) for v in expr.values):
        return replace(expr, type=replace(type_, kind=BIT, integer=True))
    raise Failed(
        WrongKind(span=expr.span, what=what, wanted="a bit", given=describe(type_), hint="compare it: `x != 0`")
    )


def _power(context: Context, base: typed.Expr, exponent: typed.Expr, span: Span) -> typed.Expr:
    """base ** n as a product of squares."""
    number(base, "`**`")
    power = constant(exponent, "an exponent")
    n = power.values[0]
    if power.type.shape or n.denominator != 1 or not 0 <= n <= MAX_EXPONENT:
        raise Failed(
            ExponentRange(
                span=exponent.span,
                limit=MAX_EXPONENT,
                given=f"is {describe(power.type)}" if power.type.shape else f"is {show_number(n)}",
            )
        )
    statements: list[typed.Statement] = []
    result: typed.Expr | None = None
    bits = n.numerator
    while bits:
        if bits & 1:
            result = base if result is None else operate(Call.MUL, (result, base), span)
        bits >>= 1
        if bits:
            binds, base = once(context, base)
            statements += binds
            base = operate(Call.MUL, (base, base), span)
    if result is None:
        type_ = number(base, "`**`")
        return fill(Const(Number((), type_.integer), (Fraction(1),), span), type_.shape, span)
    return typed.Scope(result.type, tuple(statements), result, span) if statements else result


def _shift(context: Context, op: str, left: typed.Expr, right: typed.Expr, span: Span) -> typed.Expr:
    if number(right, f"`{op}`").shape or not (isinstance(right, Const) or indices(right)):
        return _shift_each(context, op, left, right, span)
    amount = constant(right, "a shift")
    n = amount.values[0]
    if n.denominator != 1 or not 0 <= n <= MAX_WIDTH:
        raise Failed(ShiftRange(span=right.span, limit=MAX_WIDTH, given=f"is {show_number(n)}"))
    return operate(_SHIFTS[op], (left, amount), span)


def _shift_each(context: Context, op: str, left: typed.Expr, right: typed.Expr, span: Span) -> typed.Expr:
    """By what is known only when the program runs, or by several numbers: their range says how wide the result may
    become."""
    type_ = number(right, f"`{op}`")
    if not type_.integer:
        hint = "convert it first: `x as uint<4>`"
        raise Failed(IntegersOnly(span=right.span, op=op, given=describe(type_), hint=hint))
    bounds = interval(right, context.ranges)
    if isinstance(right, Const):
        bounds = int(min(right.values)), int(max(right.values))
    if bounds is None or not 0 <= bounds[0] <= bounds[1] <= MAX_WIDTH:
        given = f"is {describe(type_)}" if bounds is None else f"may be {bounds[0]} to {bounds[1]}"
        raise Failed(ShiftRange(span=right.span, limit=MAX_WIDTH, given=given))
    return operate(_SHIFTS[op], (left, right), span)
