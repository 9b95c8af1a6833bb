"""Gradients of the functions that are not exact, against differences of the true functions in fifty digits."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import get_args

import numpy as np
import pytest
from support.real import REAL, TRIED, Real

from compiler.functions.inexact import inexact
from compiler.functions.quotient import quotient
from compiler.training.grad import reverse
from compiler.words.builder import Builder
from compiler.words.evaluate import Array, NoSources, evaluate
from compiler.words.ir import Type
from lang.kinds import Base, Scalar
from lang.source import Source, Span
from lang.typed import Call, Const, Inexact, Number, Operate

KIND = Scalar(Base.FIX, 28, 16)
SCALE = Fraction(1, 1 << 10)
X = Type((4,), SCALE, -(1 << 13), (1 << 13) - 1)
WEIGHTS = [Fraction(3), Fraction(-2), Fraction(1, 2), Fraction(1)]
PLACE = Span(Source("f.ccr", "f"), 1, 1, 1, 2)
STEP = Decimal("1e-12")


def slopes(f: Real, x: Sequence[Decimal], weights: Sequence[Decimal]) -> list[Decimal]:
    """d (sum of weight * f) / dx by central differences."""
    found: list[Decimal] = []
    for i in range(len(x)):
        up, down = ([v + sign * STEP * (j == i) for j, v in enumerate(x)] for sign in (1, -1))
        pairs = zip(weights, f(up), f(down), strict=True)
        found.append(sum((w * (a - b) for w, a, b in pairs), Decimal(0)) / (2 * STEP))
    return found


def decimals(values: Array, scale: Fraction) -> list[Decimal]:
    return [Decimal(int(n)) * scale.numerator / scale.denominator for n in values.reshape(-1)]


def written(call: Call) -> Operate:
    return Operate(Number(X.shape, False), call, (Const(Number((), False), (Fraction(0),), PLACE),), PLACE)


@pytest.mark.parametrize("call", get_args(Inexact))
def test_gradient(call: Inexact) -> None:
    f, ends = REAL[call.value], TRIED[call.value]
    b = Builder([X])
    result = inexact(b, call, 0, written(call), KIND)
    bound = b.round(result, KIND.scale, KIND.lo, KIND.hi)
    shape = b.type(bound).shape
    weights = WEIGHTS if shape else WEIGHTS[:1]
    [gradient] = reverse(b, [(bound, b.const(weights, shape))], [0])
    block, scale = b.block([gradient]), b.type(gradient).scale
    rng = np.random.default_rng(5)
    for _ in range(10):
        x = rng.integers(*ends, 4)
        [got] = evaluate(block, [x], NoSources())
        with localcontext(Context(prec=50)):
            exact = slopes(f, decimals(x, SCALE), [Decimal(w.numerator) / w.denominator for w in weights])
            for g, e in zip(decimals(got, scale), exact, strict=True):
                assert abs(g - e) <= Decimal(2) ** -14 * (8 + abs(e))  # a few last bits of the kind, times x or y


def test_gradient_of_a_quotient() -> None:
    b = Builder([X, X])
    result = quotient(b, 0, 1, KIND.scale, (KIND.lo, KIND.hi))
    gradients = reverse(b, [(result, b.const(WEIGHTS, (4,)))], [0, 1])
    block, scales = b.block(gradients), [b.type(g).scale for g in gradients]
    rng = np.random.default_rng(6)
    for _ in range(10):
        x, y = rng.integers(-8000, 8000, 4), rng.integers(500, 8000, 4) * rng.choice([-1, 1], 4)
        by_x, by_y = (decimals(g, s) for g, s in zip(evaluate(block, [x, y], NoSources()), scales, strict=True))
        for w, u, v, p, q in zip(WEIGHTS, decimals(x, SCALE), decimals(y, SCALE), by_x, by_y, strict=True):
            weight = Decimal(w.numerator) / w.denominator
            assert abs(p - weight / v) <= Decimal(2) ** -15
            assert abs(q + weight * u / v**2) <= Decimal(2) ** -14 * (1 + abs(u / v))


def test_where_there_is_no_derivative_it_is_zero() -> None:
    b = Builder([X])
    result = inexact(b, Call.NORM2, 0, written(Call.NORM2), KIND)
    [gradient] = reverse(b, [(result, b.const([Fraction(1)]))], [0])
    [got] = evaluate(b.block([gradient]), [np.zeros(4, dtype=np.int64)], NoSources())
    assert not got.any()
