"""What operations cost, written down beside this file; `pytest --bless` rewrites it, the diff says what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from conftest import Golden
from support.aes import S_BOX
from support.lanes import (
    Growing,
    applied,
    assert_agree,
    assert_agrees,
    block,
    every_vector,
    number,
    vectors,
    whole,
)

from compiler.cells.expand import expand
from compiler.functions.approximate.exponential import exp
from compiler.functions.approximate.logarithm import log
from compiler.functions.approximate.logistic import logistic
from compiler.functions.approximate.odd import SIGMOID, TANH, odd
from compiler.functions.approximate.reciprocal_root import rsqrt
from compiler.functions.approximate.softmax import softmax
from compiler.functions.approximate.target import Target
from compiler.functions.quotient import root
from compiler.passes.base import run
from compiler.passes.levels import O1
from compiler.pipeline import compile
from compiler.program import and_gates
from compiler.words.builder import Builder
from compiler.words.ir import Block, Type, Value, full_range
from compiler.words.operations import (
    Digits,
    Div,
    Dot,
    Equal,
    Less,
    Linear,
    Mul,
    Pieces,
    Power,
    Remainder,
    Round,
    Select,
    Sqrt,
    Sum,
)
from lang.source import Source

BIT = number(0, 1)
KERNEL = 30_000  # gates
ALL_VALUES = 17  # bits up to which all are tried: two numbers of 8 bits, and a choice between them
RANDOM = 10_000
SHARES = 8  # of all cells, a test each


@cache
def kernel(lane: Block) -> tuple[int, int]:
    """(ANDs, XORs)."""
    circuit, _ = run(O1, expand(lane))
    return circuit.and_gates, circuit.xor_gates


def product(width: int, signed: bool, kept: int, same: bool = False) -> Block:
    """Two factors (or one, squared) to the low `kept` bits."""
    g = Growing([whole(width, signed)] * (1 if same else 2))
    exact = g.of(Mul(), 0, 0 if same else 1)
    if kept < 2 * width:
        g.of(Round(1, 1, *full_range(kept, signed), wrap=True), exact)
    return g.finish(len(g.types) - 1)


def fixed_product(width: int, fraction: int, terms: int) -> Block:
    """fix<width, fraction> products summed, rounded down to the same kind with the high bits dropped."""
    g = Growing([whole(width, True, terms), whole(width, True, terms)])
    exact = g.of(Dot(1), 0, 1)
    g.of(Round(1, 1 << fraction, *full_range(width, True), nearest=False, wrap=True), exact)
    return g.finish(exact + 1)


def digit_sum(left: int, right: int, terms: int) -> Block:
    g = Growing([whole(left, True, terms), whole(right, True, terms)])
    return g.finish(g.of(Digits(1, 1, 1), 0, 1))


def chosen(width: int, op: str) -> Block:
    """max, abs and relu as the language writes them."""
    g = Growing([whole(width, True)] * (2 if op == "max" else 1))
    zero = g.of(Linear((0,)), 0)
    other = {"max": 1, "abs": g.of(Linear((-1,)), 0), "relu": zero}[op]
    less = g.of(Less(), 0, 1 if op == "max" else zero)
    if op == "relu":
        g.add(Select(), [less, other, 0], number(0, 2 ** (width - 1) - 1))
    elif op == "abs":
        g.add(Select(), [less, other, 0], number(0, 2 ** (width - 1)))
    else:
        g.of(Select(), less, other, 0)
    return g.finish(len(g.types) - 1)


def update() -> Block:
    """w - rate * g rounded to the weight's kind: fix<16, 10>, g with 22 fraction bits."""
    g = Growing([Type((), Fraction(1), -(2**15), 2**15 - 1), number(-(2**28), 2**28)])
    total = g.of(Linear((2**12, -1)), 0, 1)
    g.of(Round(1, 2**12, -(2**15), 2**15 - 1), total)
    return g.finish(total + 1)


def quotient(width: int, signed: bool) -> Block:
    kind = whole(width, signed)
    lo, hi = full_range(width, signed)
    return block([kind, kind], Value(Div(lo, hi), (0, 1), number(lo, hi + signed)))


def remainder(width: int, signed: bool) -> Block:
    return block([whole(width, signed)] * 2, Value(Remainder(), (0, 1), whole(width, signed)))


def both(width: int) -> Block:
    """Quotient and remainder of the same two."""
    kind = whole(width, False)
    made = [Value(op, (0, 1), kind) for op in (Div(kind.lo, kind.hi), Remainder())]
    return block([kind, kind], *made, results=(2, 3))


def operations() -> Iterator[tuple[str, Block]]:
    for n in 8, 16, 32, 64:
        yield f"multiply unsigned {n}x{n}->{n}", product(n, False, n)
        yield f"multiply unsigned {n}x{n}->{2 * n}", product(n, False, 2 * n)
        yield f"multiply signed {n}x{n}->{2 * n}", product(n, True, 2 * n)
        if n < 64:
            yield f"square unsigned {n}->{2 * n}", product(n, False, 2 * n, same=True)
            yield f"square signed {n}->{2 * n}", product(n, True, 2 * n, same=True)
    yield "multiply Q16.16, floor, wrap", fixed_product(32, 16, 1)
    yield "dot Q16.16, 4 terms", fixed_product(32, 16, 4)
    yield "dot Q8.8, 16 terms", fixed_product(16, 8, 16)
    for n in 8, 32:
        pair = [whole(n, False)] * 2
        yield f"add {n}", block(pair, Value(Linear((1, 1)), (0, 1), whole(n + 1, False)))
        yield (
            f"add {n} modulo 2^{n}",
            block(
                pair,
                Value(Linear((1, 1)), (0, 1), whole(n + 1, False)),
                Value(Round(1, 1, *full_range(n, False), wrap=True), (2,), whole(n, False)),
            ),
        )
        yield f"less {n}", block(pair, Value(Less(), (0, 1), BIT))
        yield f"equal {n}", block(pair, Value(Equal(), (0, 1), BIT))
        yield f"select {n}", block([BIT, *pair], Value(Select(), (0, 1, 2), whole(n, False)))
        for name in "max", "abs", "relu":
            yield f"{name} {n}", chosen(n, name)
    yield "popcount 64", block([whole(1, False, 64)], Value(Sum(1), (0,), number(0, 64)))
    for by in 3, 10, 31, 455:
        lane = block([whole(16, True)], Value(Round(1, by, -(2**14), 2**14), (0,), number(-(2**14), 2**14)))
        yield f"divide signed 16 by {by}, nearest", lane
    for n in 8, 16, 32, 64:
        yield f"divide unsigned {n} by {n}", quotient(n, False)
        yield f"remainder unsigned {n} by {n}", remainder(n, False)
        yield f"root of {2 * n} bits", block([whole(2 * n, False)], Value(Sqrt(), (0,), whole(n, False)))
    for n in 16, 32:
        yield f"divide signed {n} by {n}", quotient(n, True)
        yield f"remainder signed {n} by {n}", remainder(n, True)
        yield f"quotient and remainder unsigned {n} by {n}", both(n)
    table = Pieces("table", 0, 256, 0, S_BOX, (0,) * 256, 0, 0, Fraction(0))
    yield "S-box of AES, from its table", block([whole(8, False)], Value(table, (0,), whole(8, False)))
    yield "one of 256 bits", block([whole(8, False)], Value(Power(), (0,), number(1, 1 << 255)))
    yield "update of a weight", update()
    yield "digits 31 x 16 x 9", digit_sum(16, 9, 31)
    yield "digits 31 x 9 x 10", digit_sum(9, 10, 31)
    yield "digits 32 x 9 x 10", digit_sum(9, 10, 32)
    score = Type((), Fraction(1, 2**18), -31 * 2**23, 31 * 2**23)
    for bits in 4, 6, 8:
        found = odd(SIGMOID, score, bits, Fraction(1, 2**bits))
        assert found
        result, pieces = found
        yield f"sigmoid of a 29-bit score, {bits} bits", block([score], Value(pieces, (0,), result))

    yield from functions()


def functions() -> Iterator[tuple[str, Block]]:
    """From and to fix<16, 8>, and what softmax of ten digits' scores is made of."""
    for name, lower in FUNCTIONS.items():
        b = Builder([replace(whole(16, True), scale=Fraction(1, 256))])
        result = lower(b, 0, Target(8, Fraction(1, 256), -(2**15), 2**15 - 1))
        assert result is not None
        yield f"{name} of fix<16, 8>", b.block([b.round(result, Fraction(1, 256), -(2**15), 2**15 - 1)])
    for bits in 4, 8:
        found = odd(TANH, replace(whole(16, True), scale=Fraction(1, 256)), bits, Fraction(1, 2**bits))
        assert found
        yield (
            f"tanh of fix<16, 8>, {bits} bits",
            block([replace(whole(16, True), scale=Fraction(1, 256))], applied(*found)),
        )
    for width, fraction, classes in (16, 8, 10), (27, 17, 10), (16, 8, 3):
        b = Builder([replace(whole(width, True, classes), scale=Fraction(1, 2**fraction))])
        result = softmax(b, 0, Target(8, Fraction(1, 256)))
        assert result is not None
        yield f"softmax of {classes} scores of {width} bits, 8 bits", b.block([result])


FUNCTIONS: dict[str, Callable[[Builder, int, Target], int | None]] = {
    "exp": lambda b, x, target: exp(b, x, 1, target),
    "log": log,
    "1 / sqrt": rsqrt,
    "sqrt": lambda b, x, target: root(b, x, target.fraction),
    "sigmoid by a curve": logistic,
}
every = cache(lambda: dict(operations()))


def test_counts(golden: Golden) -> None:
    lines = [f"{'operation':<44}{'AND':>7}{'XOR':>7}"]
    for name, lane in every().items():
        ands, xors = kernel(lane)
        lines.append(f"{name:<44}{ands:>7}{xors:>7}")
    golden.check(Path(__file__).parent / "counts.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("name", "bar"),
    [
        *((f"multiply unsigned {n}x{n}->{n}", bar) for n, bar in ((8, 43), (16, 151), (32, 559), (64, 2143))),
        ("multiply unsigned 16x16->32", 303),
        ("multiply unsigned 32x32->64", 1090),
        ("multiply unsigned 64x64->128", 3637),
        ("multiply signed 64x64->128", 3688),
        *((f"multiply signed {n}x{n}->{2 * n}", bar) for n, bar in ((8, 79), (16, 287), (32, 1087))),
        *((f"square unsigned {n}->{2 * n}", bar) for n, bar in ((8, 41), (16, 149), (32, 557))),
        ("multiply Q16.16, floor, wrap", 951),
        ("dot Q16.16, 4 terms", 4 * 951),
        ("dot Q8.8, 16 terms", 16 * 251),
        *((f"divide unsigned {n} by {n}", bar) for n, bar in ((8, 61), (16, 221), (32, 829), (64, 3197))),
        *((f"remainder unsigned {n} by {n}", bar) for n, bar in ((8, 76), (16, 252), (32, 892), (64, 3324))),
        *((f"quotient and remainder unsigned {n} by {n}", bar) for n, bar in ((16, 252), (32, 892))),
        *((f"root of {n} bits", bar) for n, bar in ((32, 136), (64, 528), (128, 2080))),
        ("S-box of AES, from its table", 81),
        ("one of 256 bits", 247),
        ("add 32 modulo 2^32", 31),
        ("less 32", 32),
        ("equal 32", 31),
        ("select 32", 32),
        ("max 32", 64),
        ("relu 32", 31),
        ("popcount 64", 63),
        ("sigmoid of a 29-bit score, 8 bits", 100),
        ("digits 31 x 16 x 9", 4515),
    ],
)
def test_bars(name: str, bar: int) -> None:
    assert kernel(every()[name])[0] <= bar


@pytest.mark.parametrize("name", ["digits 31 x 16 x 9", "digits 32 x 9 x 10"])
def test_a_chunk_fits_a_kernel(name: str) -> None:
    assert sum(kernel(every()[name])) <= KERNEL


@pytest.mark.parametrize(("signed", "ands"), [(False, 2110), (True, 2078)])
def test_squares_of_64_bits(signed: bool, ands: int) -> None:
    assert kernel(product(64, signed, 128, same=True))[0] == ands <= 2141


DIFFERENCE = 31  # of two numbers of 32 bits, modulo 2^32


@pytest.mark.parametrize(
    ("value", "ands"),
    [
        ("x / y", 1438),
        ("sqrt((x - y) as K wrap)", DIFFERENCE + 300),
        ("relu((x - y) as K wrap)", DIFFERENCE + 31),
        ("clamp(((x - y) as K wrap) + 0.5, 0, 1)", DIFFERENCE + 49),  # a sigmoid of three pieces
    ],
)
def test_functions_of_q16_16(value: str, ands: int) -> None:
    text = f"""party alice; party bob; type K = fix<32, 16>; input x: K from alice; input y: K from bob;
        let q: K = {value}; output z = reveal(q) to bob;"""
    assert and_gates(compile(Source("q.ccr", text)).plan) == ands


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_every_cell_computes_what_it_is(share: int) -> None:
    """All values of two numbers of 8 bits; random ones, and the ends of their ranges, of wider ones."""
    for lane in [*every().values()][share::SHARES]:
        circuit, _ = run(O1, expand(lane))
        scalars = not any(type.shape for type in lane.params)
        agree = assert_agree if scalars else assert_agrees  # element by element, all vectors at once
        few = scalars and sum(type.width for type in lane.params) <= ALL_VALUES
        agree(circuit, lane, every_vector(lane.params) if few else vectors(lane.params, RANDOM))
