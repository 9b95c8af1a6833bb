"""Sigmoid's and tanh's pieces against exact values of the functions, operand by operand."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lanes import applied, assert_agrees, block, vectors

from compiler.cells.expand import expand
from compiler.functions.approximate.odd import SIGMOID, TANH, odd
from compiler.functions.approximate.real import MARGIN, exponential
from compiler.words.evaluate import apply_pieces
from compiler.words.ir import Type, Value
from compiler.words.operations import Pieces


def sigmoid(operand: Type, bits: int, within: Fraction | None = None) -> tuple[Type, Pieces]:
    found = odd(SIGMOID, operand, bits, within or Fraction(1, 2**bits))
    assert found
    return found


DOT = Type((), Fraction(1, 2**18), -31 * 2**23, 31 * 2**23)  # 31 terms of fix<16, 10> times fix<9, 8>


def worst(operand: Type, result: Type, pieces: Pieces, values: list[int]) -> Fraction:
    """The greatest error over `values`, from a sigmoid computed here in 60 digits."""
    got = apply_pieces(np.array(values), pieces, result)
    errors: list[Decimal] = []
    with localcontext(Context(prec=60)):
        for n, r in zip(values, got.tolist(), strict=True):
            x = Decimal(n * operand.scale.numerator) / operand.scale.denominator
            errors.append(abs(Decimal(r) * result.scale.numerator / result.scale.denominator - 1 / (1 + (-x).exp())))
        return Fraction(max(errors))


@pytest.mark.parametrize(
    ("low", "high", "scale", "bits"),
    [
        (-(2**11), 2**11 - 1, Fraction(1, 256), 6),
        (-(2**12), 2**12 - 1, Fraction(1, 256), 8),
        (-900, 5000, Fraction(1, 512), 7),
        (0, 3000, Fraction(1, 300), 5),
        (-3000, 0, Fraction(1, 300), 5),
        (-5, 5, Fraction(1, 64), 4),
        (7, 2000, Fraction(1, 128), 4),
    ],
)
def test_every_operand_is_within_one_last_bit(low: int, high: int, scale: Fraction, bits: int) -> None:
    operand = Type((), scale, low, high)
    result, pieces = sigmoid(operand, bits)
    error = worst(operand, result, pieces, list(range(low, high + 1)))
    assert error <= pieces.error <= Fraction(1, 2**bits)


@pytest.mark.parametrize(
    ("low", "high", "scale", "bits"),
    [(-(2**11), 2**11 - 1, Fraction(1, 256), 8), (0, 3000, Fraction(1, 300), 6), (-40, 40, Fraction(1, 4), 8)],
)
def test_tanh(low: int, high: int, scale: Fraction, bits: int) -> None:
    found = odd(TANH, Type((), scale, low, high), bits, Fraction(1, 2**bits))
    assert found
    result, pieces = found
    got = apply_pieces(np.arange(low, high + 1), pieces, result)
    with localcontext(Context(prec=60)):
        exact = [
            1 - 2 / ((2 * Decimal(n * scale.numerator) / scale.denominator).exp() + 1) for n in range(low, high + 1)
        ]
        errors = [abs(Decimal(r) / 2**bits - y) for r, y in zip(got.tolist(), exact, strict=True)]
        assert Fraction(max(errors)) <= pieces.error <= Fraction(1, 2**bits)


def test_the_ends_of_every_cell_of_the_demo() -> None:
    result, pieces = sigmoid(DOT, 8)
    cells = [m << pieces.drop for m in range(-pieces.limit, pieces.limit + 1)]
    values = sorted({n for c in cells for n in (c - 1, c, c + 1)} | {DOT.lo, DOT.hi})
    error = worst(DOT, result, pieces, [n for n in values if DOT.lo <= n <= DOT.hi])
    assert error <= pieces.error <= Fraction(1, 256)
    assert (result.scale, result.lo, result.hi) == (Fraction(1, 256), 0, 255)


def test_the_demo_costs_little() -> None:
    result, pieces = sigmoid(DOT, 8)
    circuit = expand(block([DOT], Value(pieces, (0,), result)))
    assert circuit.and_gates <= 100


def test_a_looser_bound_costs_less() -> None:
    exact, loose = (
        expand(block([DOT], applied(*sigmoid(DOT, 8, within)))).and_gates for within in (None, Fraction(1, 64))
    )
    assert loose < exact


def test_the_shape_is_the_operands() -> None:
    result, _ = sigmoid(Type((4, 2), Fraction(1, 1024), -(2**15), 2**15 - 1), 6)
    assert result.shape == (4, 2)


def test_a_coarse_operand_gets_a_whole_table() -> None:
    operand = Type((), Fraction(1), -128, 127)
    result, pieces = sigmoid(operand, 8)
    assert pieces.whole
    assert worst(operand, result, pieces, list(range(-128, 128))) <= pieces.error <= Fraction(1, 256)


def test_what_cannot_be_reached_is_none() -> None:
    assert odd(SIGMOID, DOT, 8, Fraction(1, 1024)) is None


@settings(deadline=None, max_examples=25)
@given(st.integers(3, 8), st.integers(6, 12), st.integers(-(2**13), 2**13), st.integers(0, 2**13))
def test_circuit_and_words_agree(bits: int, fraction: int, low: int, extent: int) -> None:
    operand = Type((), Fraction(1, 2**fraction), low, low + extent)
    result, pieces = sigmoid(operand, bits)
    lane = block([operand], Value(pieces, (0,), result))
    assert_agrees(expand(lane), lane, vectors([operand], 100))
    assert worst(operand, result, pieces, [low, low + extent // 2, low + extent]) <= Fraction(1, 2**bits)


@pytest.mark.parametrize("x", ["0", "1e-30", "0.999", "-0.999", "1", "-37.25", "123.4567891", "-199.9", "200"])
def test_the_exponential_of_parts_is_that_of_the_whole(x: str) -> None:
    """Far within the margin that every bound has."""
    with localcontext(Context(prec=100)):
        exact = Decimal(x).exp()
        assert abs(exponential(Decimal(x)) - exact) < MARGIN * Decimal("1e-7") * max(Decimal(1), exact)


def test_an_exponential_that_cannot_be_seen_is_nothing() -> None:
    assert exponential(Decimal("-200.1")) == 0 and Decimal(-200).exp() < MARGIN
