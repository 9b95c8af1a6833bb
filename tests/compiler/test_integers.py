"""Integers in the clear: the machine's where they hold all that comes up, Python's else, and the same numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lanes import Growing, number

from compiler.pipeline import understand
from compiler.words.evaluate import NoSources, apply_pieces, drawn, evaluate
from compiler.words.integers import as_array, dtype_for, dtype_of, largest, reach
from compiler.words.ir import Block, Type, Value, full_range
from compiler.words.operations import (
    And,
    Digits,
    Div,
    Dot,
    Equal,
    Exact,
    Less,
    Linear,
    Mul,
    Op,
    Or,
    Pieces,
    Power,
    Remainder,
    Round,
    Select,
    Sqrt,
    Sum,
    Xor,
)
from compiler.words.sampler import sampler
from compiler.words.way import furthest, table_reach
from lang.problems.draw import as_json
from lang.problems.problem import Rejected
from lang.source import Source

END = 1 << 63
NEAR = st.sampled_from([1, 8, 30, 31, 32, 33, 61, 62, 63, 64, 65, 130])
SMALL = st.sampled_from([-END, -END // 2, -5, -1, 0, 1, 3, END // 2 - 1, END - 1, END, 1 << 64, 1 << 100])


@pytest.mark.parametrize("width", [1, 62, 63, 64, 65, 1024])
@pytest.mark.parametrize("signed", [False, True])
def test_what_holds_a_width(width: int, signed: bool) -> None:
    lo, hi = full_range(width, signed)
    held = lo >= np.iinfo(np.int64).min and hi <= np.iinfo(np.int64).max
    type = number(lo, hi, 2)
    assert dtype_for(lo, hi) is dtype_of(type) is (np.int64 if held else object)
    assert as_array([lo, hi], type).tolist() == [lo, hi] and reach(type) == largest(as_array([lo, hi], type))


@st.composite
def operands(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[Type, list[int]]:
    """A type around a machine word, and numbers of it, its ends often."""
    lo, hi = full_range(draw(NEAR), draw(st.booleans()))
    if draw(st.booleans()):
        lo, hi = hi - (hi - lo) // draw(st.sampled_from([2, 3, 1 << 60])), hi
    one = st.sampled_from([lo, hi, (lo + hi) // 2]) | st.integers(lo, hi)
    size = int(np.prod(shape, dtype=int))
    return number(lo, hi, *shape), draw(st.lists(one, min_size=size, max_size=size))


@st.composite
def operations(draw: st.DrawFn) -> tuple[Op, list[tuple[Type, list[int]]]]:
    shape = draw(st.sampled_from([(), (3,)]))
    args = [draw(operands(shape)) for _ in range(2)]
    bit = number(0, 1, *shape), [draw(st.integers(0, 1)) for _ in range(3 if shape else 1)]
    lo, hi = full_range(draw(NEAR), draw(st.booleans()))
    match draw(
        st.sampled_from(["linear", "two", "contract", "exact", "round", "div", "rem", "power", "sqrt", "select"])
    ):
        case "linear":
            return Linear((draw(SMALL), draw(SMALL)), draw(SMALL)), args
        case "two":
            return draw(st.sampled_from([Mul(), Less(), Equal(), And(), Or(), Xor()])), args
        case "contract":
            args = [draw(operands((3,))) for _ in range(2)]
            return draw(st.sampled_from([Dot(1), Digits(1, 1, -(1 << 62))])), args
        case "exact":
            return Exact(draw(st.sampled_from([1, 3, END, 1 << 70]))), args[:1]
        case "round":
            ratio = Fraction(draw(st.sampled_from([1, 3, 1 << 40])), draw(st.sampled_from([1, 2, 7, 1 << 61, 1 << 80])))
            nearest, wrap = draw(st.booleans()), draw(st.booleans())
            return Round(ratio.numerator, ratio.denominator, lo, hi, nearest, wrap), args[:1]
        case "div":
            return Div(lo, hi), args
        case "rem":
            return Remainder(), args
        case "power":
            most, size = draw(st.sampled_from([1, 62, 63, 64, 300])), 3 if shape else 1
            return Power(), [
                (number(0, most, *shape), draw(st.lists(st.integers(0, most), min_size=size, max_size=size)))
            ]
        case "sqrt":
            return Sqrt(), args[:1]
        case _:
            return Select(), [bit, *args]


def wide(shape: tuple[int, ...]) -> Type:
    return number(-(1 << 400), 1 << 400, *shape)


@settings(deadline=None, max_examples=500)
@given(operations())
def test_an_operation_on_machine_words(drawn: tuple[Op, list[tuple[Type, list[int]]]]) -> None:
    """Warnings of overflow are errors; and no number on the way is larger than promised."""
    op, args = drawn
    types = [t for t, _ in args]
    arrays = [as_array(values, t) for t, values in args]
    if isinstance(op, Exact):
        arrays = [np.asarray(a.astype(object) // op.by * op.by) for a in arrays]
        if all(types[0].lo <= n <= types[0].hi for n in arrays[0].reshape(-1)):
            arrays = [as_array(a, t) for a, t in zip(arrays, types, strict=True)]
    shape = () if isinstance(op, Dot | Digits) else types[0].shape
    block = Block(0, tuple(types), (Value(op, tuple(range(len(types))), wide(shape)),), (len(types),))
    [found] = evaluate(block, arrays, NoSources())
    [long] = evaluate(block, [np.asarray(a, dtype=object) for a in arrays], NoSources())
    assert np.array_equal(found, long) and found.shape == shape
    assert all(type(n) is int for n in found.reshape(-1))


def test_sums_that_cancel() -> None:
    """The result fits a word, and so do the operands; what lies between does not."""
    g = Growing([number(END // 4 - 5, END // 4), number(END // 2 - 9, END // 2)])
    block = g.finish(g.of(Linear((4, -2), 3), 0, 1))
    arrays = [np.asarray(END // 4 - 1), np.asarray(END // 2 - 2)]
    assert evaluate(block, arrays, NoSources())[0] == 3
    assert furthest(Linear((4, -2), 3), [END // 4, END // 2], ()) > END
    g = Growing([number(0, 1 << 61, 5)])
    block = g.finish(g.of(Sum(1), 0))
    assert evaluate(block, [np.full(5, 1 << 61)], NoSources())[0] == 5 << 61


def test_pieces_of_long_tables() -> None:
    top = 1 << 70
    at = Pieces("f", 100, 4, 1, (top, 2 * top), (3, -1), 0, -5, Fraction(0))
    assert table_reach(at) > END
    n = np.array([0, 3 << 100, -(4 << 100), 1 << 200, -(1 << 200)], dtype=object)
    found = apply_pieces(n, at, number(-(1 << 80), 1 << 80, 5))
    assert found.tolist() == [top - 5, 2 * top - 6, -5 - (2 * top - 1), 2 * top - 6, -5 - (2 * top - 1)]
    short = Pieces("f", 70, 4, 1, (7, 9), (0, 0), 0, 0, Fraction(0))
    assert apply_pieces(np.array([5, -5]), short, number(-(1 << 80), 1 << 80, 2)).tolist() == [7, -7]


def test_noise_of_long_coins() -> None:
    """A deviation beyond a machine word."""
    at = sampler(Fraction(1 << 80))
    assert at.furthest > END
    bits = np.random.default_rng(1).integers(0, 2, (50, at.bits))
    found = drawn(bits, at)
    assert all(type(n) is int and abs(n) <= at.reach for n in found) and len(set(found.tolist())) == 50
    long = drawn(bits.astype(object), at)
    assert found.tolist() == long.tolist()
    block = Block(0, (number(0, 1, at.bits),), (Value(at, (0,), number(-at.reach, at.reach)),), (1,))
    assert [evaluate(block, [row], NoSources())[0].item() for row in bits] == found.tolist()


def test_a_value_without_end_is_refused_where_it_grows() -> None:
    head = "party alice; party bob; input a: uint<8> from alice; param H = (3 ** 64) ** 40;\n"
    for body in ("((a ** 64) ** 64) ** 64", "(a as fix<9, 1>)" + " / H" * 17):
        with pytest.raises(Rejected) as caught:
            understand(Source("p.ccr", f"{head}output o = reveal({body}) to bob;"))
        [problem] = caught.value.problems
        assert as_json(problem)["title"] == "this private value takes more than 65536 bits"
