"""What both parties know about an expression before the program runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from lang import typed
from lang.typed import Call

Range = tuple[int, int]


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

    def within(self, loops: Mapping[int, Range]) -> Range:
        """Its least and largest value."""
        ends = [sorted((factor * loops[n][0], factor * loops[n][1])) for n, factor in self.factors.items()]
        return self.offset + sum(low for low, _ in ends), self.offset + sum(high for _, high in ends)


def indices(expr: typed.Expr) -> list[typed.Variable] | None:
    """The loop indices that a public expression is made of; None if it is not public."""
    found: list[typed.Variable] = []
    stack: list[typed.Expr] = [expr]
    while stack:
        match stack.pop():
            case typed.Const():
                pass
            case typed.IndexOf(variable=variable):
                found.append(variable)
            case typed.Operate(args=args):
                stack.extend(args)
            case typed.Convert(value=value):
                stack.append(value)
            case _:
                return None
    return found


def affine(expr: typed.Expr) -> Affine | None:
    """A sum of whole multiples of loop indices and a constant, as one; None if an expression is not of this form."""
    match expr:
        case typed.Const(type=type_, values=(value,)) if not type_.shape and type_.integer and value.denominator == 1:
            return Affine({}, value.numerator)
        case typed.IndexOf(variable=variable):
            return Affine({variable.number: 1}, 0)
        case typed.Operate(call=call, args=args):
            forms = [form for form in map(affine, args) if form is not None]
            return _affine_of(call, forms) if len(forms) == len(args) else None
        case _:
            return None


def _affine_of(call: Call, forms: list[Affine]) -> Affine | None:
    match call, forms:
        case Call.NEG, [form]:
            return form.times(-1)
        case Call.ADD, [left, right]:
            return left.plus(right)
        case Call.SUB, [left, right]:
            return left.plus(right.times(-1))
        case Call.MUL, [left, right] if not left.factors:
            return right.times(left.offset)
        case Call.MUL, [left, right] if not right.factors:
            return left.times(right.offset)
        case _:
            return None


def interval(expr: typed.Expr, loops: Mapping[int, Range], known: Mapping[int, Range]) -> Range | None:
    """Bounds of a scalar integer, both included, or None if they are not seen here.

    `loops` gives the first and last value of a loop index by the number of its variable, `known` those of a `let`.
    """
    if (form := affine(expr)) is not None:
        return form.within(loops)
    match expr:
        case typed.Read(variable=variable) if variable.number in known:
            return known[variable.number]
        case typed.Operate(call=Call.ARGMAX, args=(arg,), axis=axis) if isinstance(arg.type, typed.Number):
            return 0, (prod(arg.type.shape) if axis is None else arg.type.shape[axis]) - 1
        case typed.Operate(call=call, args=args):
            ranges = [interval(arg, loops, known) for arg in args]
            if (found := _combine(call, ranges)) is not None:
                return found
        case typed.Choose(then=then, otherwise=otherwise):
            arms = [interval(arm, loops, known) for arm in (then, otherwise)]
            if arms[0] is not None and arms[1] is not None:
                return min(arms[0][0], arms[1][0]), max(arms[0][1], arms[1][1])
        case typed.Convert(kind=kind, value=value, wrap=False):
            inner = interval(value, loops, known)
            if inner is not None and kind.fraction == 0:
                return min(max(inner[0], kind.lo), kind.hi), min(max(inner[1], kind.lo), kind.hi)
        case _:
            pass
    if isinstance(expr.type, typed.Number) and expr.type.kind is not None and expr.type.kind.fraction == 0:
        return expr.type.kind.lo, expr.type.kind.hi
    return None


def _combine(call: Call, ranges: list[Range | None]) -> Range | None:
    match call, ranges:
        case Call.CLAMP, [_, (low, _), (_, high)]:
            return low, high
        case Call.MODULO, [_, (low, high)] if low > 0:
            return 0, high - 1
        case Call.NEG, [(low, high)]:
            return -high, -low
        case Call.ADD, [(a, b), (c, d)]:
            return a + c, b + d
        case Call.SUB, [(a, b), (c, d)]:
            return a - d, b - c
        case Call.MIN, [(a, b), (c, d)]:
            return min(a, c), min(b, d)
        case Call.MAX, [(a, b), (c, d)]:
            return max(a, c), max(b, d)
        case Call.MUL, [(a, b), (c, d)]:
            ends = [x * y for x in (a, b) for y in (c, d)]
            return min(ends), max(ends)
        case Call.DIVIDE, [(a, b), (c, d)] if c > 0:
            ends = [x // y for x in (a, b) for y in (c, d)]
            return min(ends), max(ends)
        case _:
            return None
