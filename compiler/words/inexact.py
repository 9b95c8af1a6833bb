"""Functions that are not exact: each off by at most one last bit of the kind it is bound to, or by its `within`."""
from __future__ import annotations

from compiler.words.approximate.exponential import exp
from compiler.words.approximate.logarithm import log
from compiler.words.approximate.odd import SIGMOID, TANH, odd
from compiler.words.approximate.reciprocal_root import rsqrt
from compiler.words.approximate.target import WIDEST, Target, rounded_once, target_of
from compiler.words.build import Builder
from compiler.words.ir import Op
from compiler.words.quotient import root
from lang.kinds import Scalar
from lang.kinds_of import show_number
from lang.problem import Rejected
from lang.problems import NotYet, RangeTooWide, WithinUnmet
from lang.source import Span
from lang.typed import Call, Operate

ODD = {Call.SIGMOID: SIGMOID, Call.TANH: TANH}


def inexact(b: Builder, call: Call, x: int, e: Operate, bound: Scalar | None = None, wrap: bool = False) -> int:
    """The function `call` of x, in `e`, for the kind that it is bound to; `wrap`: that keeps its low bits only."""
    type = b.type(x)
    if bound is None and type.width > WIDEST:
        raise Rejected([RangeTooWide(span=e.span, function=call.value, bits=type.width)])
    target = target_of(bound, e.within, wrap)
    if call in ODD:
        found = odd(ODD[call], type, target.fraction, target.within)
        if found is not None:
            return b.add(Op.APPLY, (x,), *found)
    coarse = rounded_once(target)
    if coarse is None:
        raise unmet(call, target, e.span)
    result = _rounded_down(b, call, x, coarse)
    if result is None:
        raise Rejected([NotYet(span=e.span, what=f"`{call.value}` here")])
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
        case _:
            return None


def unmet(call: Call, target: Target, span: Span) -> Rejected:
    """Rounding to the kind alone is off by up to half a last bit."""
    return Rejected([WithinUnmet(span=span, function=call.value, within=show_number(target.within),
                                 reached=f"just over {show_number(target.unit / 2)}")])
