"""What both parties know about an expression before the program runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from typing import assert_never

from lang import typed
from lang.checker.failing import Failed, NeedsIndex
from lang.checker.functions import RULES
from lang.checker.infer import show_shape
from lang.checker.ranges import Range
from lang.numerals import show_number
from lang.problems.values import NotPublic, NotWhole
from lang.source import Span
from lang.traverse import arms, chain, walk
from lang.typed import Call, Number

LONG = 100  # expressions in an expression


@dataclass(frozen=True, slots=True)
class Affine:
    """The sum of factor * index over loop indices (by the number of their variable), plus an offset."""

    factors: Mapping[int, int]
    offset: int

    def plus(self, other: Affine) -> Affine:
        numbers = [*self.factors, *(n for n in other.factors if n not in self.factors)]
        return Affine(
            {n: self.factors.get(n, 0) + other.factors.get(n, 0) for n in numbers}, self.offset + other.offset
        )

    def times(self, factor: int) -> Affine:
        return Affine({number: factor * f for number, f in self.factors.items()}, factor * self.offset)

    def within(self, known: Mapping[int, Range]) -> Range:
        """Its least and largest value."""
        ends = [sorted((factor * known[n][0], factor * known[n][1])) for n, factor in self.factors.items()]
        return self.offset + sum(low for low, _ in ends), self.offset + sum(high for _, high in ends)


def constant(expr: typed.Expr, what: str) -> typed.Const:
    """An expression that must be public; raises NeedsIndex if a loop around must be unrolled for it."""
    if isinstance(expr, typed.Const):
        return expr
    if loops := indices(expr):
        raise NeedsIndex(loops[-1])
    raise Failed(NotPublic(span=expr.span, what=what))


def whole(expr: typed.Expr, what: str) -> int:
    """A public whole number."""
    const = constant(expr, what)
    if const.type.shape or const.values[0].denominator != 1:
        shown = show_shape(const.type.shape) if const.type.shape else show_number(const.values[0])
        raise Failed(NotWhole(span=expr.span, what=what, value=shown))
    return const.values[0].numerator


def indices(expr: typed.Expr) -> list[typed.Variable] | None:
    """The loop indices that a public expression is made of; None if it is not public."""
    found: list[typed.Variable] = []
    stack: list[typed.Expr] = [expr]
    while stack:
        inner = stack.pop()
        match inner:
            case typed.Const():
                pass
            case typed.IndexOf(variable=variable):
                found.append(variable)
            case typed.Operate(args=args):
                stack.extend(args)
            case typed.Convert(value=value):
                stack.append(value)
            case typed.Read(loop=typed.Variable() as loop):
                found.append(loop)
            case (
                typed.Read()
                | typed.RowField()
                | typed.Choose()
                | typed.Pick()
                | typed.Part()
                | typed.Pack()
                | typed.Stack()
                | typed.Through()
                | typed.Scope()
            ):
                return None
            case _:
                assert_never(inner)
    return found


def affine(expr: typed.Expr) -> Affine | None:
    """A sum of whole multiples of loop indices and a constant, as one; None if an expression is not of this form."""
    first, operations = chain(expr)
    form = _single(first)
    for operation in operations:
        form = form and _applied(operation, form)
    return form


def shortened(value: typed.Expr) -> typed.Expr:
    """A sum of multiples of loop indices, written out anew where that is shorter: `let`s made of `let`s grow without
    end."""
    form = None if sum(1 for _ in islice(walk([value]), LONG + 1)) <= LONG else affine(value)
    if form is None:
        return value
    loops = {variable.number: variable for variable in indices(value) or ()}
    whole = Number((), True)
    total: typed.Const | typed.Operate = _whole(form.offset, value.span)
    for number, factor in form.factors.items():
        index = typed.IndexOf(whole, loops[number], value.span)
        term = typed.Operate(whole, Call.MUL, (index, _whole(factor, value.span)), value.span)
        total = typed.Operate(whole, Call.ADD, (total, term), value.span)
    assert isinstance(value.type, Number)
    return replace(total, type=value.type)


def _whole(value: int, span: Span) -> typed.Const:
    return typed.Const(Number((), True), (Fraction(value),), span)


def _single(expr: typed.Expr) -> Affine | None:
    """Of what is no operation."""
    if isinstance(expr, typed.IndexOf):
        return Affine({expr.variable.number: 1}, 0)
    if isinstance(expr, typed.Const) and not expr.type.shape and expr.type.integer:
        return Affine({}, expr.values[0].numerator) if expr.values[0].denominator == 1 else None
    return None


def _applied(operation: typed.Operate, form: Affine) -> Affine | None:
    """An operation on that and its other operands."""
    rest = [affine(arg) for arg in operation.args[1:]]
    known = [form, *(other for other in rest if other is not None)]
    return _affine_of(operation.call, known) if len(known) == len(operation.args) else None


def _affine_of(call: Call, forms: list[Affine]) -> Affine | None:
    """Of a sum, a difference or a multiple of such forms; nothing else is one."""
    if call is Call.NEG:
        return forms[0].times(-1)
    if call is Call.ADD:
        return forms[0].plus(forms[1])
    if call is Call.SUB:
        return forms[0].plus(forms[1].times(-1))
    constant = [not form.factors for form in forms]
    if call is not Call.MUL or not any(constant):
        return None
    return forms[1].times(forms[0].offset) if constant[0] else forms[0].times(forms[1].offset)


def interval(expr: typed.Expr, known: Mapping[int, Range]) -> Range | None:
    """Bounds of a scalar integer, both included, or None if they are not seen here.

    `known` gives those of every loop index, and of `let`s, by the number of the variable.
    """
    first, operations = chain(expr)
    form = _single(first)
    bounds = form.within(known) if form else _or_kind(first, _seen(first, known))
    for operation in operations:
        form = form and _applied(operation, form)
        bounds = form.within(known) if form else _or_kind(operation, _result(operation, bounds, known))
    return bounds


def _or_kind(expr: typed.Expr, seen: Range | None) -> Range | None:
    """What is seen of an expression, else what its kind holds."""
    if seen is None and isinstance(expr.type, typed.Number) and expr.type.kind and expr.type.kind.fraction == 0:
        return expr.type.kind.lo, expr.type.kind.hi
    return seen


def _result(operation: typed.Operate, first: Range | None, known: Mapping[int, Range]) -> Range | None:
    ranging = RULES[operation.call].range
    return ranging and ranging(operation, [first, *(interval(arg, known) for arg in operation.args[1:])])


def _seen(expr: typed.Expr, known: Mapping[int, Range]) -> Range | None:
    """By what an expression is made of, not by its kind."""
    match expr:
        case typed.Read(variable=variable):
            return known.get(variable.number)
        case typed.Choose():
            choices, last = arms(expr)
            bounds = interval(last, known)
            for choice in reversed(choices):
                bounds = _or_kind(choice, _hull(interval(choice.then, known), bounds))
            return bounds
        case typed.Convert(kind=kind, value=value, wrap=wrap):
            inner = None if wrap or kind.fraction else interval(value, known)
            return inner and (min(max(inner[0], kind.lo), kind.hi), min(max(inner[1], kind.lo), kind.hi))
        case typed.RowField(type=type_, ends=ends):
            return ends if type_.integer else None
        case (
            typed.Operate()  # its operands are seen first
            | typed.Const()
            | typed.IndexOf()
            | typed.Pick()
            | typed.Part()
            | typed.Pack()
            | typed.Stack()
            | typed.Through()
            | typed.Scope()
        ):
            return None
        case _:
            assert_never(expr)


def _hull(first: Range | None, second: Range | None) -> Range | None:
    if first is None or second is None:
        return None
    return min(first[0], second[0]), max(first[1], second[1])
