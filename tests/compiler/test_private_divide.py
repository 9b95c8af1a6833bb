"""Division by a private integer, remainders and roots: every small operand, wide ones at random, and what they cost."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lanes import assert_agree, assert_agrees, block, every_vector, number, vectors, whole

from compiler.cells.expand import expand
from compiler.gates.verify import verify
from compiler.schedule.cut import estimate
from compiler.words.arithmetic import remainder_range
from compiler.words.ir import Block, Type, Value, full_range
from compiler.words.operations import Div, Remainder, Sqrt


def division(a: Type, b: Type, at: Div) -> Block:
    quotients = [
        x // y
        for x in (a.lo, a.hi, min(max(a.lo, 0), a.hi), min(max(a.lo, -1), a.hi))
        for y in {b.lo, b.hi, -1, 1}
        if y and b.lo <= y <= b.hi
    ]
    zero = [at.lo, at.hi] if b.lo <= 0 <= b.hi else []
    values = [*quotients, *zero]
    return block([a, b], Value(at, (0, 1), number(min(values), max(values))))


def remainder(a: Type, b: Type) -> Block:
    return block([a, b], Value(Remainder(), (0, 1), number(*remainder_range(a, b))))


def root(a: Type) -> Block:
    return block([a], Value(Sqrt(), (0,), number(0, int(max(a.hi, 0) ** 0.5) + 1)))


@pytest.mark.parametrize("signed_a", [False, True])
@pytest.mark.parametrize("signed_b", [False, True])
@pytest.mark.parametrize(
    ("width_a", "width_b"), [(1, 1), (1, 4), (2, 3), (3, 3), (4, 4), (5, 2), (6, 4), (3, 7), (6, 6)]
)
def test_every_quotient_of_whole_kinds(width_a: int, width_b: int, signed_a: bool, signed_b: bool) -> None:
    lane = division(whole(width_a, signed_a), whole(width_b, signed_b), Div(*full_range(width_a, signed_a)))
    circuit = expand(lane)
    verify(circuit)
    assert_agrees(circuit, lane, every_vector(lane.params))


@settings(deadline=None, max_examples=300)
@given(
    st.integers(-40, 40),
    st.integers(0, 60),
    st.integers(-20, 20),
    st.integers(0, 30),
    st.one_of(st.just(0), st.integers(-90, 90)),
    st.integers(0, 90),
)
def test_every_quotient_of_ranges(low: int, extent: int, least: int, more: int, by_zero: int, above: int) -> None:
    a, b = number(low, low + extent), number(least, least + more)
    if least == more == 0:
        return
    lane = division(a, b, Div(min(by_zero, above) if a.signed else 0, above))
    circuit = expand(lane)
    assert_agrees(circuit, lane, every_vector(lane.params))
    assert len(circuit.gates) <= estimate(lane.items[0], [a, b])


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("at", [Div(0, 0), Div(0, 3), Div(2, 5)], ids=str)
def test_a_negative_number_by_zero_may_be_none(at: Div, signed: bool) -> None:
    """The derivative of a quotient is 0 there."""
    lane = division(whole(5, True), whole(3, signed), at)
    assert_agrees(expand(lane), lane, every_vector(lane.params))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (whole(64, False), whole(64, False)),
        (whole(64, True), whole(64, True)),
        (whole(100, True), whole(31, True)),
        (whole(70, False), whole(20, True)),
    ],
)
def test_wide_quotients(a: Type, b: Type) -> None:
    lane = division(a, b, Div(*full_range(a.width, a.signed)))
    assert_agrees(expand(lane), lane, vectors(lane.params, 200))


def test_a_bounded_quotient_costs_its_own_bits() -> None:
    """Eight bits of x / y for 16-bit x <= y, as in a softmax."""
    a, b = whole(24, False), number(2**16, 2**20 - 1)
    lane = block([a, b], Value(Div(0, 0), (0, 1), number(0, 255)))
    circuit = expand(lane)
    assert circuit.and_gates <= 8 * 20
    small = [v % 256 for v in range(200)]
    rows = vectors([number(2**16, 2**20 - 1)], 200)[0]
    dividends = np.array([int(r) * q // 257 % 2**24 for r, q in zip(rows, small, strict=True)])
    assert_agrees(circuit, lane, [dividends, rows])


@pytest.mark.parametrize(("width", "bar"), [(8, 61), (16, 221), (32, 829), (64, 3197)])
def test_unsigned_division_meets_its_bar_with_zero_free(width: int, bar: int) -> None:
    kind = whole(width, False)
    assert expand(division(kind, kind, Div(0, 2**width - 1))).and_gates <= bar + 1  # of which the last is dead


@pytest.mark.parametrize("signed", [(False, False), (False, True), (True, False), (True, True)], ids=str)
@pytest.mark.parametrize("widths", [(1, 1), (1, 4), (2, 3), (4, 4), (5, 2), (3, 7), (8, 8), (8, 3), (7, 8)], ids=str)
def test_every_remainder_of_whole_kinds(widths: tuple[int, int], signed: tuple[bool, bool]) -> None:
    lane = remainder(*(whole(width, s) for width, s in zip(widths, signed, strict=True)))
    circuit = expand(lane)
    verify(circuit)
    assert_agree(circuit, lane, every_vector(lane.params))


@settings(deadline=None, max_examples=200)
@given(st.integers(-40, 40), st.integers(0, 60), st.integers(-20, 20), st.integers(0, 30))
def test_every_remainder_of_ranges(low: int, extent: int, least: int, more: int) -> None:
    a, b = number(low, low + extent), number(least, least + more)
    lane = remainder(a, b)
    circuit = expand(lane)
    assert_agree(circuit, lane, every_vector(lane.params))
    assert len(circuit.gates) <= estimate(lane.items[0], [a, b])


@pytest.mark.parametrize(
    ("a", "b"),
    [
        *((whole(n, signed), whole(n, signed)) for n in (16, 32, 64) for signed in (False, True)),
        (whole(64, True), whole(20, False)),
        (whole(20, False), whole(64, True)),
    ],
    ids=str,
)
def test_wide_remainders(a: Type, b: Type) -> None:
    lane = remainder(a, b)
    assert_agree(expand(lane), lane, vectors(lane.params, 10_000))


@pytest.mark.parametrize("low", [-30, -1, 0, 5])
@pytest.mark.parametrize("high", [0, 1, 3, 15, 16, 63, 300])
def test_every_root(low: int, high: int) -> None:
    lane = root(number(min(low, high), high))
    circuit = expand(lane)
    verify(circuit)
    assert_agrees(circuit, lane, every_vector(lane.params))
    assert len(circuit.gates) <= estimate(lane.items[0], list(lane.params))


@pytest.mark.parametrize(("width", "bar"), [(32, 136), (64, 528), (128, 2080)])
def test_wide_roots_and_their_bars(width: int, bar: int) -> None:
    a = whole(width, False)
    lane = block([a], Value(Sqrt(), (0,), Type((), Fraction(1), 0, 2 ** (width // 2) - 1)))
    circuit = expand(lane)
    assert circuit.and_gates == bar
    near = [n for r in (1, 3, 2 ** (width // 4), 2 ** (width // 2) - 1) for n in (r * r - 1, r * r, r * r + 1)]
    values = np.array([*near, *vectors([a], 200)[0].tolist()], dtype=object)
    assert_agrees(circuit, lane, [values])
