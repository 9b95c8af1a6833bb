"""`/` and `%`: exact where the right side is public, a circuit of its own where it is private."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from typing import Literal, assert_never

from compiler.functions.approximate.target import UNBOUND_FRACTION, WIDEST
from compiler.functions.quotient import quotient
from compiler.words.arithmetic import remainder_range
from compiler.words.builder import Builder
from compiler.words.ir import Claim
from compiler.words.operations import And, Remainder
from lang.kinds import Scalar
from lang.problems import QuotientKind, RangeTooWide
from lang.problems.problem import Rejected
from lang.typed import Call, Const, Number, Operate

Dividing = Literal[Call.DIVIDE, Call.MODULO]


def divide(b: Builder, call: Dividing, e: Operate, args: list[int], bound: Scalar | None) -> int:
    """The word for one of the two, in `e`; `bound` is the kind that the result is converted to right away, if any."""
    x, y = args
    by = b.constant(y)
    match call:
        case Call.MODULO:
            if by:
                return _remainder(b, x, by)
            return _private_remainder(b, b.broadcast(x, e.type.shape), b.broadcast(y, e.type.shape))
        case Call.DIVIDE:
            if by and e.type.integer:
                return floor_divide(b, x, by)
            if isinstance(e.args[1], Const) and not e.type.integer:
                if by:
                    return b.scaled(x, 1 / by)
                return b.mul(x, b.const([1 / v for v in e.args[1].values], e.args[1].type.shape))
            return _private_quotient(b, e, b.broadcast(x, e.type.shape), b.broadcast(y, e.type.shape), bound)
        case _:
            assert_never(call)


def floor_divide(b: Builder, x: int, by: Fraction) -> int:
    quotient = b.scaled(x, 1 / by)
    type = b.type(quotient)
    lo, hi = (int(n * type.scale // 1) for n in (type.lo, type.hi))
    return b.round(quotient, Fraction(1), lo, hi, nearest=False)


def _remainder(b: Builder, x: int, by: Fraction) -> int:
    """x - by * floor(x / by), which lies between 0 and by; by a power of two it is the low bits."""
    type = b.type(x)
    if type.scale == 1 and by.denominator == 1 and by > 0 and by.numerator & (by.numerator - 1) == 0:
        return b.logic(And(), x, b.const([by - 1]))
    rest = b.sub(x, b.scaled(floor_divide(b, x, by), by))
    unit = b.type(rest).scale  # which need not divide `by` where x is a constant
    most = (ceil(abs(by) / unit) - 1) * unit
    return b.narrowed(rest, *((Fraction(0), most) if by > 0 else (-most, Fraction(0))), Claim.REMAINDER)


def _private_quotient(b: Builder, e: Operate, x: int, y: int, bound: Scalar | None) -> int:
    """Integers: floor(x / y).  fix: the floor at the last bit of what it is bound to.

    x / 0 is an extreme, by the sign of x: of x's own kind for integers, of the kind it is bound to for fix; for
    integers it is whole, and lies in that kind.
    """
    named = e.args[0].type.kind if isinstance(e.args[0].type, Number) else None
    kind = (named or bound) if e.type.integer else (bound or named)
    if kind is None:
        raise Rejected([QuotientKind(span=e.span)])
    if not e.type.integer and bound is None and b.type(x).width > WIDEST:
        raise Rejected([RangeTooWide(span=e.span, function="/", bits=b.type(x).width)])
    scale = Fraction(1) if e.type.integer else bound.scale if bound else Fraction(1, 1 << UNBOUND_FRACTION)
    least, most = (n * kind.scale / scale for n in (kind.lo, kind.hi))
    lo, hi = ceil(least) if e.type.integer else floor(least), floor(most)
    if b.constant(y) == 0:
        ends = [b.const([end * scale], e.type.shape) for end in (lo, hi)]
        return b.select(b.less(x, b.const([Fraction(0)])), *ends)
    return quotient(b, x, y, scale, (lo, hi))


def _private_remainder(b: Builder, x: int, y: int) -> int:
    """x - y * floor(x / y), which lies between 0 and y; x where y is 0."""
    if b.constant(y) == 0:
        return x
    x, y = b.aligned([x, y])
    tx, ty = b.type(x), b.type(y)
    lo, hi = remainder_range(tx, ty)
    result = b.add(Remainder(), (x, y), replace(tx, lo=lo, hi=hi))
    b.derivatives[result] = lambda _: ()  # that of x - y * (x / y)
    return result
