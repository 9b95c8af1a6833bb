"""Losses: where differentiation starts.

A loss is never computed, only its gradient: for each loss in the expression, the value it judges
and the adjoint of that value.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import Literal, Protocol, assert_never

from compiler.functions.approximate.target import UNBOUND_FRACTION
from compiler.functions.inexact import inexact
from compiler.functions.order import one_hot
from compiler.words.builder import Builder
from lang.kinds import Base, Scalar
from lang.typed import Call, Const, Expr, Loss, Operate, Scope, Statement

Seed = tuple[int, int]  # (word, adjoint of the same shape)


class Lower(Protocol):
    """The lowering of the example that the loss judges."""

    def number(self, e: Expr) -> int: ...
    def statements(self, statements: Sequence[Statement]) -> None: ...


def seeds(b: Builder, lower: Lower, loss: Expr, factor: Fraction = Fraction(1)) -> list[Seed]:
    """Starting points for the gradient of factor * loss."""
    found: list[Seed] = []
    terms = [(loss, factor)]  # the next one last
    while terms:
        loss, factor = terms.pop()
        match loss:
            case Operate(call=(Call.LOGISTIC | Call.SQUARED | Call.CROSS_ENTROPY) as call):
                found += _judged(b, lower, call, loss, factor)
            case Operate(call=Call.ADD | Call.SUB as call, args=(left, right)):
                terms += [(right, -factor if call is Call.SUB else factor), (left, factor)]
            case Operate(call=Call.NEG, args=(inner,)):
                terms.append((inner, -factor))
            case Operate(call=Call.MUL, args=(Const(values=(c,)), inner) | (inner, Const(values=(c,)))):
                terms.append((inner, factor * c))
            case Operate(call=Call.SUM, args=(Operate(call=Call.LOGISTIC | Call.SQUARED) as inner,), axis=None):
                terms.append((inner, factor))
            case Operate(call=Call.MEAN, args=(Operate(call=Call.LOGISTIC) as inner,), axis=None):
                terms.append((inner, factor / prod(inner.type.shape)))
            case Scope(statements=statements, value=inner):  # an inlined function
                lower.statements(statements)
                terms.append((inner, factor))
            case _:  # any other expression: its value is the loss
                value = lower.number(loss)
                found.append((value, b.scaled(b.const([Fraction(1)], b.type(value).shape), factor)))
    return found


def _judged(b: Builder, lower: Lower, call: Loss, loss: Operate, factor: Fraction) -> list[Seed]:
    """The first operand of `loss` is judged by the second."""
    judged, by = loss.args
    x = lower.number(judged)
    match call:
        case Call.LOGISTIC:
            error = b.sub(_approximated(b, Call.SIGMOID, x, loss), lower.number(by))  # d/dx log(1 + e^x) - y x
            return [(x, b.scaled(error, factor))]
        case Call.CROSS_ENTROPY:
            chance = _approximated(b, Call.SOFTMAX, x, loss)
            error = b.sub(chance, one_hot(b, lower.number(by), b.type(x).shape[-1]))
            return [(x, b.scaled(error, factor))]
        case Call.SQUARED:
            y = lower.number(by)
            error = b.sub(x, y)
            return [
                (_stretched(b, x, error), b.scaled(error, factor)),
                (_stretched(b, y, error), b.scaled(error, -factor)),
            ]
        case _:
            assert_never(call)


def _approximated(b: Builder, call: Literal[Call.SIGMOID, Call.SOFTMAX], x: int, loss: Operate) -> int:
    """Bound to no kind; with as many fraction bits as the loss's `within` asks for."""
    if loss.within is None or loss.within >= Fraction(1, 1 << UNBOUND_FRACTION):
        return inexact(b, call, x, loss)
    fraction = (loss.within.denominator // loss.within.numerator).bit_length()  # 2^-fraction < within
    return inexact(b, call, x, loss, Scalar(Base.FIX, fraction + 2, fraction))


def _stretched(b: Builder, word: int, like: int) -> int:
    return b.broadcast(word, b.type(like).shape)
