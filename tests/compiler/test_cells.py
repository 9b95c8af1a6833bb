"""Cells one by one, exhaustively where they are small."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.cells.add import ands, compress, full_adder, half_adder
from compiler.cells.clamp import clamp
from compiler.cells.columns import Bits, Columns, Deferred, signed_digits, width_of
from compiler.cells.divide import floor_divide
from compiler.cells.lookup import lookup
from compiler.cells.multiply import digit_product, digit_square, plain_product, plain_square, split_product
from compiler.cells.power import power
from compiler.gates.builder import Builder
from compiler.gates.circuit import Circuit, GateOp
from compiler.gates.simulate import simulate
from compiler.words.ir import full_range


def integers(bits: Sequence[int], signed: bool, count: int) -> list[int]:
    """The word that `bits` are in each assignment."""
    values = [sum((column >> v & 1) << i for i, column in enumerate(bits)) for v in range(count)]
    top = 1 << (len(bits) - 1)
    return [n - 2 * top if signed and n >= top else n for n in values]


def patterns(values: Sequence[int], width: int) -> list[int]:
    return [sum((n >> i & 1) << v for v, n in enumerate(values)) for i in range(width)]


def word(builder: Builder, width: int, signed: bool, first: int = 0) -> Bits:
    return Bits(tuple(builder.input(first + i) for i in range(width)), signed)


def run_unary(lo: int, hi: int, cell: Callable[[Builder, Bits], Bits]) -> tuple[Circuit, list[int], list[int]]:
    """(circuit, arguments, values) of a cell over all of lo..hi."""
    width = width_of(lo, hi)
    builder = Builder(width)
    result = cell(builder, word(builder, width, lo < 0))
    circuit = builder.circuit(result.literals)
    values = list(range(lo, hi + 1))
    out = simulate(circuit, patterns(values, width), len(values))
    return circuit, values, integers(out, result.signed, len(values))


def test_full_adder_is_one_and_and_four_xors() -> None:
    builder = Builder(3)
    circuit = builder.circuit(full_adder(builder, 2, 4, 6))
    assert (circuit.and_gates, circuit.xor_gates) == (1, 4)
    for bits in product((0, 1), repeat=3):
        low, high = simulate(circuit, bits, 1)
        assert low + 2 * high == sum(bits)


@pytest.mark.parametrize("one", [False, True])
def test_half_adder_with_its_constant(one: bool) -> None:
    builder = Builder(2)
    circuit = builder.circuit(half_adder(builder, 2, 4, one))
    assert (circuit.and_gates, circuit.xor_gates) == (1, 1)
    for bits in product((0, 1), repeat=2):
        low, high = simulate(circuit, bits, 1)
        assert low + 2 * high == sum(bits) + one


@given(st.integers(-(10**9), 10**9))
def test_signed_digits_are_the_fewest(n: int) -> None:
    digits = list(signed_digits(n))
    assert sum((-1 if minus else 1) << position for position, minus in digits) == n
    assert all(b - a >= 2 for (a, _), (b, _) in pairwise(digits))


@st.composite
def bags(draw: st.DrawFn) -> Columns:
    """Columns over six inputs, with their constant and deferred gates."""
    columns = Columns(constant=draw(st.integers(-200, 200)))
    literal = st.integers(2, 13)
    for _ in range(draw(st.integers(0, 14))):
        entry = draw(literal)
        if draw(st.booleans()):
            columns.put(
                draw(st.integers(0, 4)),
                Deferred(draw(st.sampled_from(GateOp)), entry, draw(literal), draw(st.booleans())),
                draw(st.booleans()),
            )
        else:
            columns.put(draw(st.integers(0, 4)), entry, draw(st.booleans()))
    return columns


def meaning(columns: Columns, bits: Sequence[int]) -> int:
    """The shifted sum."""

    def of(literal: int) -> int:
        return bits[(literal >> 1) - 1] ^ (literal & 1)

    total = columns.constant
    for i, entries in columns.bits.items():
        for entry in entries:
            if isinstance(entry, int):
                total += of(entry) << i
            else:
                a, b = of(entry.left), of(entry.right)
                total += ((a ^ b if entry.op is GateOp.XOR else a & b) ^ entry.inverted) << i
    return total


EVERY = [tuple(v >> i & 1 for i in range(6)) for v in range(64)]
INPUTS = [sum(bits[i] << v for v, bits in enumerate(EVERY)) for i in range(6)]


@settings(deadline=None)
@given(bags(), bags(), st.integers(-9, 9), st.integers(1, 12))
def test_sums_and_multiples(a: Columns, b: Columns, coefficient: int, width: int) -> None:
    wanted = [(meaning(a, bits) + coefficient * meaning(b, bits)) % (1 << width) for bits in EVERY]
    a.add(b, coefficient)
    builder = Builder(6)
    circuit = builder.circuit(compress(builder, a, width))
    assert integers(simulate(circuit, INPUTS, 64), False, 64) == wanted
    assert circuit.and_gates <= ands(a, width)


@settings(deadline=None)
@given(bags(), st.integers(0, 3), st.integers(1, 8))
def test_known_zeros_change_no_bit(bag: Columns, shift: int, width: int) -> None:
    scaled = Columns()
    scaled.accumulate(bag, 1 << shift)
    scaled.shift = shift
    builder = Builder(6)
    circuit = builder.circuit(compress(builder, scaled, width))
    assert integers(simulate(circuit, INPUTS, 64), False, 64) == [meaning(bag, bits) % (1 << width) for bits in EVERY]


@pytest.mark.parametrize("signed_a", [False, True])
@pytest.mark.parametrize("signed_b", [False, True])
@pytest.mark.parametrize("widths", list(product((1, 2, 3, 4), repeat=2)))
def test_products(widths: tuple[int, int], signed_a: bool, signed_b: bool) -> None:
    total = sum(widths)
    for reading in digit_product, plain_product:
        builder = Builder(total)
        a, b = word(builder, widths[0], signed_a), word(builder, widths[1], signed_b, widths[0])
        columns = reading(a, b)
        spent = ands(columns, total + 1)
        circuit = builder.circuit(compress(builder, columns, total + 1))
        assert circuit.and_gates == spent
        inputs = patterns(range(1 << total), total)
        left = integers(inputs[: widths[0]], signed_a, 1 << total)
        right = integers(inputs[widths[0] :], signed_b, 1 << total)
        assert integers(simulate(circuit, inputs, 1 << total), True, 1 << total) == [
            x * y for x, y in zip(left, right, strict=True)
        ]


@pytest.mark.parametrize("signed_a", [False, True])
@pytest.mark.parametrize("signed_b", [False, True])
@pytest.mark.parametrize("widths", [(2, 2), (3, 3), (4, 4), (5, 5), (5, 4), (4, 6), (7, 4), (33, 31), (64, 64)])
def test_split_products(widths: tuple[int, int], signed_a: bool, signed_b: bool) -> None:
    total, draw = sum(widths), random.Random(7)
    values = list(range(1 << total)) if total <= 11 else [draw.getrandbits(total) for _ in range(200)]
    builder = Builder(total)
    a, b = word(builder, widths[0], signed_a), word(builder, widths[1], signed_b, widths[0])
    circuit = builder.circuit(compress(builder, split_product(builder, a, b), total + 1))
    inputs, count = patterns(values, total), len(values)
    left, right = integers(inputs[: widths[0]], signed_a, count), integers(inputs[widths[0] :], signed_b, count)
    assert integers(simulate(circuit, inputs, count), True, count) == [x * y for x, y in zip(left, right, strict=True)]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("width", range(1, 7))
def test_squares(width: int, signed: bool) -> None:
    lo, hi = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)
    for reading in digit_square, plain_square:

        def cell(builder: Builder, x: Bits, reading: Callable[[Bits], Columns] = reading) -> Bits:
            return Bits(compress(builder, reading(x), 2 * width), False)

        _, values, squares = run_unary(lo, hi, cell)
        assert squares == [n * n for n in values]


@pytest.mark.parametrize("by", [1, 2, 3, 5, 6, 7, 8, 9, 12, 25, 31, 100, 127, 255, 1000])
@pytest.mark.parametrize("bounds", [(0, 255), (-128, 127), (-77, 400), (50, 60), (-9, -2), (0, 2**12 - 1)])
def test_floor_divide(by: int, bounds: tuple[int, int]) -> None:
    lo, hi = bounds
    circuit, values, quotients = run_unary(lo, hi, lambda builder, x: floor_divide(builder, Columns.of(x), lo, hi, by))
    assert quotients == [n // by for n in values]
    if by & (by - 1) == 0:
        assert circuit.and_gates == 0


@pytest.mark.parametrize("by", [3, 10, 1000003, 2**31 - 1])
def test_floor_divide_of_wide_words(by: int) -> None:
    width = 40
    builder = Builder(width)
    x = word(builder, width, True)
    result = floor_divide(builder, Columns.of(x), -(2**39), 2**39 - 1, by)
    # Quotients change at multiples of the divisor: look on both sides of them, and at the ends.
    multiples = [by * k for k in (-(2**39) // by + 1, -2, -1, 0, 1, 2, 12345, 2**39 // by)]
    values = [n for m in multiples for n in (m - 1, m, m + 1) if -(2**39) <= n < 2**39] + [-(2**39), 2**39 - 1]
    out = simulate(builder.circuit(result.literals), patterns(values, width), len(values))
    assert integers(out, result.signed, len(values)) == [n // by for n in values]


def clamping(bounds: tuple[int, int], to: tuple[int, int]) -> Callable[[Builder, Bits], Bits]:
    return lambda builder, x: clamp(builder, x, *bounds, *to)


@pytest.mark.parametrize("bounds", [(-40, 50), (0, 70), (-70, -3), (-16, 15), (3, 9)])
def test_clamp_to_any_bounds(bounds: tuple[int, int]) -> None:
    for low in range(-20, 20):
        for high in range(low, 20):
            _, values, clamped = run_unary(*bounds, clamping(bounds, (low, high)))
            assert clamped == [min(max(n, low), high) for n in values], (low, high)


def test_clamp_to_a_kind_costs_the_bits_over_it_and_one_choice_a_bit() -> None:
    bounds = full_range(12, True)
    for width in 4, 8:
        for signed in True, False:
            kind = full_range(width, signed)
            circuit, _, _ = run_unary(*bounds, clamping(bounds, kind))
            assert circuit.and_gates == (12 - width - 1) + width - signed


@pytest.mark.parametrize(
    ("to", "ands"),
    [
        ((-64, 64), 11),  # to a power of two: n - 1
        ((-64, 63), 10),
        ((0, 64), 12),
        ((0, 63), 11),
        ((-25, 25), 15),  # one comparison, one choice
        ((0, 25), 16),
        ((3, 25), 25),
        ((-2048, 64), 16),  # one side
        ((-2048, 25), 21),
    ],
)
def test_what_a_clamp_costs(to: tuple[int, int], ands: int) -> None:
    bounds = full_range(12, True)
    circuit, values, clamped = run_unary(*bounds, clamping(bounds, to))
    assert clamped == [min(max(n, to[0]), to[1]) for n in values]
    assert circuit.and_gates == ands


@pytest.mark.slow
@pytest.mark.parametrize("bounds", [full_range(8, True), full_range(7, False), (-128, 60), (-19, 127)])
def test_every_clamp(bounds: tuple[int, int]) -> None:
    for low in range(bounds[0], bounds[1] + 1, 3):
        for high in range(low, bounds[1] + 1, 2):
            _, values, clamped = run_unary(*bounds, clamping(bounds, (low, high)))
            assert clamped == [min(max(n, low), high) for n in values], (low, high)


@pytest.mark.parametrize("most", [*range(1, 40), 63, 100, 255, 256, 1000])
def test_power(most: int) -> None:
    circuit, values, powers = run_unary(0, most, lambda builder, x: Bits(power(builder, x.literals, most), False))
    assert powers == [1 << n for n in values]
    if most & (most + 1) == 0:
        assert circuit.and_gates == most - most.bit_length()


@given(st.integers(0, 5), st.data())
def test_lookup(width: int, data: st.DataObject) -> None:
    entry = st.lists(st.integers(-50, 50), min_size=1 << width, max_size=1 << width)
    tables = [data.draw(entry), data.draw(entry)]
    builder = Builder(width)
    words = lookup(builder, [builder.input(i) for i in range(width)], tables)
    circuit = builder.circuit([literal for w in words for literal in w.literals])
    assert circuit.and_gates <= (1 << width) - width - 1
    out = simulate(circuit, patterns(range(1 << width), width), 1 << width)
    first = len(words[0].literals)
    assert integers(out[:first], words[0].signed, 1 << width) == tables[0]
    assert integers(out[first:], words[1].signed, 1 << width) == tables[1]
