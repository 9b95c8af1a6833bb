"""Functions that are not exact: each off by at most one last bit of the kind it is bound to, or by its `within`.

`function` says of each how it is approximated and what its derivative is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from compiler.functions import derivatives
from compiler.functions.approximate import odd
from compiler.functions.approximate.exponential import bits, exp
from compiler.functions.approximate.logarithm import log
from compiler.functions.approximate.logistic import logistic, tanh
from compiler.functions.approximate.reciprocal_root import rsqrt
from compiler.functions.approximate.softmax import softmax
from compiler.functions.approximate.target import WIDEST, Target, rounded_once, target_of
from compiler.functions.order import permuted_last, restored
from compiler.functions.quotient import root
from compiler.words.builder import Builder
from lang.kinds import Scalar
from lang.numerals import show_number
from lang.problems import NotYet, RangeTooWide, ResultTooWide, WithinUnmet
from lang.problems.problem import Rejected
from lang.typed import Call, Inexact, Operate


@dataclass(frozen=True, slots=True)
class Function:
    """f: its value in units of the target, less than one of them off, or None where that needs more than we have;
    its derivative; a table of half of it, if it is odd about its centre, which is tried first."""

    value: Callable[[Builder, int, Target], int | None]
    derivative: derivatives.Derivative
    halved: odd.Function | None = None


def function(call: Inexact) -> Function:
    match call:
        case Call.SQRT:
            return Function(lambda b, x, target: root(b, x, target.fraction), derivatives.sqrt)
        case Call.NORM2:
            return Function(_norm2, derivatives.norm2)
        case Call.EXP:
            return Function(lambda b, x, target: exp(b, x, 1, target), derivatives.exp)
        case Call.LOG:
            return Function(log, derivatives.log)
        case Call.RSQRT:
            return Function(rsqrt, derivatives.rsqrt)
        case Call.SOFTMAX:
            return Function(softmax, derivatives.softmax)
        case Call.SIGMOID:
            return Function(logistic, derivatives.sigmoid, odd.SIGMOID)
        case Call.TANH:
            return Function(tanh, derivatives.tanh, odd.TANH)
        case _:
            assert_never(call)


def _norm2(b: Builder, x: int, target: Target) -> int:
    return root(b, b.sum(b.mul(x, x), len(b.type(x).shape)), target.fraction)


def inexact(b: Builder, call: Inexact, x: int, e: Operate, bound: Scalar | None = None, wrap: bool = False) -> int:
    """The function `call` of x, in `e`, for the kind that it is bound to; `wrap`: that keeps its low bits only."""
    if bound is None and b.type(x).width > WIDEST:
        raise Rejected([RangeTooWide(span=e.span, function=call.value, bits=b.type(x).width)])
    if e.axis is not None and e.axis != len(b.type(x).shape) - 1:
        return restored(b, inexact(b, call, permuted_last(b, x, e.axis), replace(e, axis=None), bound, wrap), e.axis)
    of = function(call)
    result = _approximated(b, call, of, x, e, target_of(bound, e.within, wrap))
    if bound is None and b.type(result).width > WIDEST:
        raise Rejected([ResultTooWide(span=e.span, function=call.value, bits=b.type(result).width)])
    b.derivatives[result] = lambda adjoint: [(x, of.derivative(b, x, result, adjoint))]
    return result


def _approximated(b: Builder, call: Inexact, of: Function, x: int, e: Operate, target: Target) -> int:
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
    if of.halved is not None:
        found = odd.odd(of.halved, b.type(x), target.fraction, target.within)
        if found is not None:
            type, pieces = found
            return b.add(pieces, (x,), type)
    result = of.value(b, x, coarse)
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
