"""Public values: exact, and the same as NumPy where both are."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lang.checker.check import check
from lang.checker.fold import to_kind
from lang.checker.functions import infer_type, public_value
from lang.kinds import Base, Scalar
from lang.source import Source, Span
from lang.typed import Call, Const, Number, Release

NOWHERE = Span(Source("", ""), 1, 1, 1, 1)
SHAPES = st.sampled_from([(), (1,), (3,), (2, 3), (2, 1), (4, 2, 3)])
NUMPY = {
    Call.ADD: np.add,
    Call.SUB: np.subtract,
    Call.MUL: np.multiply,
    Call.DIVIDE: np.floor_divide,
    Call.MODULO: np.mod,
    Call.MIN: np.minimum,
    Call.MAX: np.maximum,
    Call.LESS: np.less,
    Call.EQUAL: np.equal,
    Call.AND: np.bitwise_and,
    Call.OR: np.bitwise_or,
    Call.XOR: np.bitwise_xor,
    Call.MATMUL: np.matmul,
}


@pytest.mark.parametrize(
    ("size", "value"),
    [("2 ** DEPTH", 8), ("2 ** 3 ** 2", 512), ("4 * 2 ** DEPTH - (1 + 2) ** 2", 23), ("DEPTH ** 1", 3)],
)
def test_powers_in_sizes(size: str, value: int) -> None:
    """They bind as in expressions: from the right, and tighter than a product."""
    text = f"party p; party q; param DEPTH = 3; input a: uint<{size}>[2, {size}] from p; output n = {size} to p;"
    program = check(Source("sizes.ccr", text)).program
    assert str(program.inputs[0].variable.kind) == f"uint<{value}>[2, {value}]"
    [release] = program.statements
    assert isinstance(release, Release) and isinstance(release.value, Const) and release.value.values == (value,)


def const(array: NDArray[np.int64]) -> Const:
    return Const(Number(array.shape, True), tuple(Fraction(int(v)) for v in array.ravel()), NOWHERE)


def tensor(data: st.DataObject, shape: tuple[int, ...], low: int = -9) -> NDArray[np.int64]:
    values = data.draw(st.lists(st.integers(low, 9), min_size=prod(shape), max_size=prod(shape)))
    return np.array(values, dtype=np.int64).reshape(shape)


def folded(call: Call, *args: Const, axis: int | None = None) -> tuple[tuple[int, ...], list[Fraction]]:
    type_ = infer_type(call, args, NOWHERE, axis)
    values = public_value(call, args, type_, axis)
    assert values is not None
    return type_.shape, list(values)


@given(st.data(), st.sampled_from(sorted(NUMPY, key=lambda call: call.value)))
@settings(deadline=None, max_examples=200)
def test_two_operands(data: st.DataObject, call: Call) -> None:
    shapes = (
        [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((4, 3), (3, 2)), ((2, 1, 4, 3), (3, 3, 2)), ((3,), (2, 3, 1))]
        if call is Call.MATMUL
        else [((), (2, 3)), ((2, 1), (3,)), ((2, 3), (2, 3)), ((1, 3), (4, 2, 1)), ((), ())]
    )
    left, right = data.draw(st.sampled_from(shapes))
    a, b = tensor(data, left), tensor(data, right, 1 if call in (Call.DIVIDE, Call.MODULO) else -9)
    wanted = np.asarray(NUMPY[call](a, b))
    assert folded(call, const(a), const(b)) == (wanted.shape, [Fraction(int(v)) for v in wanted.ravel()])


@given(st.data(), st.sampled_from([(Call.SUM, np.sum), (Call.MIN_OF, np.min), (Call.MAX_OF, np.max)]))
@settings(deadline=None)
def test_over_an_axis(data: st.DataObject, pair: tuple[Call, np.ufunc]) -> None:
    a = tensor(data, data.draw(SHAPES))
    axis = data.draw(st.sampled_from([None, *range(a.ndim)]))
    wanted = np.asarray(pair[1](a, axis=axis))
    assert folded(pair[0], const(a), axis=axis) == (wanted.shape, [Fraction(int(v)) for v in wanted.ravel()])


@given(st.data())
@settings(deadline=None)
def test_transpose(data: st.DataObject) -> None:
    a = tensor(data, data.draw(SHAPES))
    assert folded(Call.TRANSPOSE, const(a)) == (a.T.shape, [Fraction(int(v)) for v in a.T.ravel()])


def test_mean_is_exact() -> None:
    assert folded(Call.MEAN, const(np.array([1, 2, 4]))) == ((), [Fraction(7, 3)])


@pytest.mark.parametrize(
    ("value", "kind", "down", "wrap", "wanted"),
    [
        ("2.5", Scalar(Base.INT, 8), False, False, "3"),
        ("-2.5", Scalar(Base.INT, 8), False, False, "-2"),
        ("2.9", Scalar(Base.INT, 8), True, False, "2"),
        ("-2.1", Scalar(Base.INT, 8), True, False, "-3"),
        ("300", Scalar(Base.UINT, 8), False, False, "255"),
        ("300", Scalar(Base.UINT, 8), False, True, "44"),
        ("-1", Scalar(Base.UINT, 8), False, False, "0"),
        ("200", Scalar(Base.INT, 8), False, True, "-56"),
        ("1.3", Scalar(Base.FIX, 8, 2), False, False, "1.25"),
        ("-99", Scalar(Base.FIX, 8, 4), False, False, "-8"),
        ("1/3", Scalar(Base.FIX, 8, 8), False, False, "85/256"),
    ],
)
def test_binding_to_a_kind(value: str, kind: Scalar, down: bool, wrap: bool, wanted: str) -> None:
    assert to_kind(Fraction(value), kind, down, wrap) == Fraction(wanted)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("7 / 2", "3"),
        ("-7 / 2", "-4"),
        ("7.0 / 2", "7/2"),
        ("7 / 2.0", "7/2"),
        ("-7 % 3", "2"),
        ("2 ** 10", "1024"),
        ("-2 ** 2", "-4"),
        ("1.5 >> 1", "3/4"),
        ("5 >> 1", "2"),
        ("-5 >> 1", "-3"),
        ("5 << 3", "40"),
        ("0xF0 | 0b11", "243"),
        ("-1 & 0xFF", "255"),
        ("!(5 as uint<4>)", "10"),
        ("!(5 as int<4>)", "-6"),
        ("1_000", "1000"),
        ("1.5e2", "150"),
        ("3 < 4 && 2 == 2", "1"),
        ("max([3, 1, 4])", "4"),
        ("clamp(9, 0, 5)", "5"),
        ("abs(-2)", "2"),
        ("relu(-2)", "0"),
        ("sign(-0.5)", "-1"),
        ("dot([1, 2], [3, 4])", "11"),
        ("mean([1, 2])", "3/2"),
        ("[[1, 2], [3, 4]][1, 0]", "3"),
        ("if 3 > 2 { 5 } else { 6 }", "5"),
        ("(1, (2, 3)).1.0", "2"),
        ("reshape([1, 2, 3, 4], 2, 2)[1][1]", "4"),
        ("sum(transpose([[1, 2], [3, 4]])[0])", "4"),
        ("300 as uint<8> wrap", "44"),
        ("2.5 as int<8>", "3"),
        ("2.5 as int<8> floor", "2"),
        ("sum(3)", "3"),
    ],
)
def test_public_expressions(text: str, wanted: str) -> None:
    program = check(Source("p.ccr", f"party a; party b;\noutput r = {text} to a;\n")).program
    release = program.statements[-1]
    assert isinstance(release, Release) and isinstance(release.value, Const)
    assert release.value.values == (Fraction(wanted),)
