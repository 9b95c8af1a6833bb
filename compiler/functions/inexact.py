"""Functions that are not exact: each off by at most one last bit of the kind it is bound to, or by its `within`."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from compiler.functions.approximate.exponential import bits, exp
from compiler.functions.approximate.logarithm import log
from compiler.functions.approximate.logistic import logistic, tanh
from compiler.functions.approximate.odd import SIGMOID, TANH, odd
from compiler.functions.approximate.reciprocal_root import rsqrt
from compiler.functions.approximate.softmax import softmax
from compiler.functions.approximate.target import WIDEST, Target, rounded_once, target_of
from compiler.functions.order import permuted_last, restored
from compiler.functions.quotient import quotient, root
from compiler.words.builder import Builder
from compiler.words.ir import Op
from lang.kinds import Scalar
from lang.numerals import show_number
from lang.problems import NotYet, RangeTooWide, ResultTooWide, WithinUnmet
from lang.problems.problem import Rejected
from lang.typed import Call, Operate

ODD = {Call.SIGMOID: SIGMOID, Call.TANH: TANH}


def inexact(b: Builder, call: Call, x: int, e: Operate, bound: Scalar | None = None, wrap: bool = False) -> int:
    """The function `call` of x, in `e`, for the kind that it is bound to; `wrap`: that keeps its low bits only."""
    if bound is None and b.type(x).width > WIDEST:
        raise Rejected([RangeTooWide(span=e.span, function=call.value, bits=b.type(x).width)])
    if call is Call.SOFTMAX and e.axis is not None and e.axis != len(b.type(x).shape) - 1:
        return restored(b, inexact(b, call, permuted_last(b, x, e.axis), replace(e, axis=None), bound, wrap), e.axis)
    result = _approximated(b, call, x, e, target_of(bound, e.within, wrap))
    if bound is None and b.type(result).width > WIDEST:
        raise Rejected([ResultTooWide(span=e.span, function=call.value, bits=b.type(result).width)])
    b.derivatives[result] = lambda adjoint: [(x, derivative(b, call, x, result, adjoint))]
    return result


def _approximated(b: Builder, call: Call, x: int, e: Operate, target: Target) -> int:
    coarse = rounded_once(target)
    if coarse is None:  # rounding to the kind alone is off by up to half a last bit
        raise Rejected(
            [
                WithinUnmet(
                    span=e.span,
                    function=call.value,
                    within=show_number(target.within),
                    reached=f"just over {show_number(target.unit / 2)}",
                )
            ]
        )
    found = odd(ODD[call], b.type(x), target.fraction, target.within) if call in ODD else None
    if found is not None:
        return b.add(Op.APPLY, (x,), *found)
    result = _rounded_down(b, call, x, coarse)
    if result is None and call is Call.EXP and target.hi is None:
        most = b.type(x).hi * b.type(x).scale
        raise Rejected([ResultTooWide(span=e.span, function=call.value, bits=bits(most, target))])
    if result is None:
        raise Rejected(
            [
                NotYet(
                    span=e.span,
                    what=f"`{call.value}` to so many bits",
                    instead="bind it to a kind with fewer fraction bits, or say `within = `",
                )
            ]
        )
    return result


def _rounded_down(b: Builder, call: Call, x: int, target: Target) -> int | None:
    match call:
        case Call.SQRT:
            return root(b, x, target.fraction)
        case Call.NORM2:
            return root(b, b.sum(b.mul(x, x), len(b.type(x).shape)), target.fraction)
        case Call.EXP:
            return exp(b, x, 1, target)
        case Call.LOG:
            return log(b, x, target)
        case Call.RSQRT:
            return rsqrt(b, x, target)
        case Call.SOFTMAX:
            return softmax(b, x, target)
        case Call.SIGMOID:
            return logistic(b, x, target)
        case _:
            return tanh(b, x, target)


def derivative(b: Builder, call: Call, x: int, y: int, adjoint: int) -> int:
    """The adjoint of x for that of y = f(x); a quotient is rounded to y's last bit, and 0 where it divides by 0."""

    def over(numerator: int, denominator: int) -> int:
        return quotient(b, numerator, denominator, b.type(y).scale, (0, 0))

    match call:
        case Call.EXP:
            return b.mul(adjoint, y)
        case Call.SIGMOID:
            return b.mul(adjoint, b.mul(y, b.invert(y)))
        case Call.TANH:
            return b.mul(adjoint, b.affine([(Fraction(-1), b.mul(y, y))], Fraction(1)))
        case Call.LOG:
            return over(adjoint, x)
        case Call.SQRT:
            return over(adjoint, b.scaled(y, Fraction(2)))
        case Call.RSQRT:
            return over(b.mul(adjoint, y), b.scaled(x, Fraction(-2)))
        case Call.NORM2:
            return b.mul(x, over(adjoint, y))
        case _:
            mean = b.dot(adjoint, y, 1)
            shape = b.type(y).shape
            return b.mul(y, b.sub(adjoint, b.broadcast(b.reshape(mean, (*shape[:-1], 1)), shape)))
