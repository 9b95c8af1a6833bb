"""Functions made of curves and shifts: within a last bit of the exact value for every operand; the circuit agrees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.lanes import assert_agrees, vectors, whole

from compiler.cells.expand import expand
from compiler.functions.approximate.exponential import exp
from compiler.functions.approximate.logarithm import log
from compiler.functions.approximate.logistic import logistic, tanh
from compiler.functions.approximate.reciprocal_root import rsqrt
from compiler.functions.approximate.target import Target
from compiler.words.builder import Builder
from compiler.words.evaluate import NoSources, evaluate
from compiler.words.ir import Type

HUGE = Decimal("1e60")


@dataclass(frozen=True)
class Function:
    lower: Callable[[Builder, int, Target], int | None]
    exact: Callable[[Decimal], Decimal]


FUNCTIONS = {
    "exp": Function(lambda b, x, target: exp(b, x, 1, target), lambda x: min(x, Decimal(130)).exp()),
    "exp of minus": Function(lambda b, x, target: exp(b, x, -1, target), lambda x: min(-x, Decimal(130)).exp()),
    "log": Function(log, lambda x: x.ln() if x > 0 else -HUGE),
    "sigmoid": Function(logistic, lambda x: 1 / (1 + min(-x, Decimal(130)).exp())),
    "tanh": Function(tanh, lambda x: 1 - 2 / (min(2 * x, Decimal(130)).exp() + 1)),
    "rsqrt": Function(rsqrt, lambda x: 1 / x.sqrt() if x > 0 else HUGE),
}


def fix(bits: int, fraction: int, *shape: int) -> Type:
    kind = whole(bits, True, *shape)
    return Type(shape, Fraction(1, 2**fraction), kind.lo, kind.hi)


def target(bits: int, fraction: int) -> Target:
    return Target(fraction, Fraction(1, 2**fraction), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def worst(name: str, operand: Type, wanted: Target, values: list[int]) -> Fraction:
    """The greatest error over `values`, in last bits of the kind, whose ends bound both."""
    function = FUNCTIONS[name]
    b = Builder([Type((len(values),), operand.scale, operand.lo, operand.hi)])
    result = function.lower(b, 0, wanted)
    assert result is not None
    assert wanted.lo is not None and wanted.hi is not None
    [got] = evaluate(b.block([result]), [np.array(values)], NoSources())
    type = b.type(result)
    assert type.lo <= got.min() and got.max() <= type.hi
    factor = type.scale / wanted.unit
    errors: list[Decimal] = []
    with localcontext(Context(prec=60)):
        for n, r in zip(values, got.tolist(), strict=True):
            x = Decimal(n * operand.scale.numerator) / operand.scale.denominator
            exact = function.exact(x) * 2**wanted.fraction
            kept = max(wanted.lo, min(r * factor, wanted.hi))
            errors.append(abs(Decimal(kept.numerator) / kept.denominator - max(wanted.lo, min(exact, wanted.hi))))
        return Fraction(max(errors))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("operand", "wanted"),
    [
        (fix(8, 4), target(8, 4)),
        (fix(6, 0), target(16, 8)),
        (fix(10, 8), target(10, 8)),
        (fix(11, 3), target(12, 6)),
        (fix(12, 12), target(16, 8)),
        (fix(12, 8), target(24, 20)),
    ],
)
def test_every_operand_is_within_one_last_bit(name: str, operand: Type, wanted: Target) -> None:
    assert worst(name, operand, wanted, list(range(operand.lo, operand.hi + 1))) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("operand", "wanted"),
    [
        (fix(16, 8), target(16, 8)),
        (fix(16, 12), target(16, 12)),
        (fix(16, 4), target(32, 16)),
        (fix(16, 15), target(14, 10)),
        (fix(16, 8), target(10, 4)),
    ],
)
def test_every_operand_of_sixteen_bits(name: str, operand: Type, wanted: Target) -> None:
    assert worst(name, operand, wanted, list(range(operand.lo, operand.hi + 1))) <= 1


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("operand", "wanted"), [(fix(32, 16), target(32, 16)), (fix(30, 20), target(20, 10)), (fix(24, 12), target(32, 28))]
)
def test_samples_of_wide_operands(name: str, operand: Type, wanted: Target) -> None:
    rng = np.random.default_rng(3)
    sizes = 2.0 ** rng.uniform(0, operand.width - 1, 300) * rng.choice([-1, 1], 300)
    values = {max(operand.lo, min(int(n), operand.hi)) for n in sizes} | {operand.lo, -1, 0, 1, operand.hi}
    assert worst(name, operand, wanted, sorted(values)) <= 1


@settings(deadline=None, max_examples=25)
@given(
    st.sampled_from(sorted(FUNCTIONS)),
    st.integers(-400, 400),
    st.integers(0, 1500),
    st.sampled_from([1, 3, 64, 300]),
    st.integers(0, 9),
    st.integers(4, 16),
)
@example("exp of minus", 0, 4, 1, 5, 4)  # above the cap at 0, then not
@example("exp of minus", 322, 314, 1 << 16, 2, 12)  # with the bits that are dropped, just below 1
def test_circuit_and_words_agree(name: str, low: int, extent: int, parts: int, fraction: int, bits: int) -> None:
    operand, wanted = Type((), Fraction(1, parts), low, low + extent), target(bits, fraction)
    b = Builder([operand])
    result = FUNCTIONS[name].lower(b, 0, wanted)
    assert result is not None
    lane = b.block([result])
    assert_agrees(expand(lane), lane, vectors([operand], 60))
    assert worst(name, operand, wanted, [low, low + extent // 2, low + extent // 3, low + extent]) <= 1
