"""Reverse mode against finite differences of the clear evaluator, exactly."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from compiler.functions.layers import avgpool, conv2d
from compiler.training.grad import reverse
from compiler.words.builder import Builder
from compiler.words.evaluate import NoSources, evaluate
from compiler.words.ir import Type, Value
from compiler.words.operations import Put, Strided
from lang.typed import Window

W = Type((6,), Fraction(1, 16), -100, 100)
X = Type((6,), Fraction(1, 4), -50, 50)


def quadratic(b: Builder, w: int, x: int) -> int:
    return b.dot(b.mul(w, w), x, 1)


def affine(b: Builder, w: int, x: int) -> int:
    return b.sum(b.affine([(Fraction(3, 2), w), (Fraction(-2), x)], Fraction(5)), 1)


def wired(b: Builder, w: int, x: int) -> int:
    table = b.transpose(b.reshape(w, (2, 3)), (1, 0))
    row = b.broadcast(b.view(x, Strided(2, (1,)), (2,)), (3, 2))
    return b.sum(b.mul(b.mul(table, table), row), 2)


def joined(b: Builder, w: int, x: int) -> int:
    first, last = b.view(w, Strided(0, (1,)), (2,)), b.view(w, Strided(3, (1,)), (3,))
    both = b.concat([first, last])
    return b.dot(both, b.mul(both, b.view(x, Strided(1, (1,)), (5,))), 1)


def chosen(b: Builder, w: int, x: int) -> int:
    return b.sum(b.select(b.less(x, b.const([Fraction(0)])), b.mul(w, w), b.scaled(w, Fraction(3))), 1)


def windows(b: Builder, w: int, x: int) -> int:
    """Overlapping windows of the variable: each element's adjoint is a sum over them."""
    image, kernel = b.reshape(w, (2, 3)), b.reshape(b.view(x, Strided(1, (1,)), (4,)), (2, 2))
    filtered = conv2d(b, image, kernel, Window())
    return b.dot(filtered, filtered, 2)


def filters(b: Builder, w: int, x: int) -> int:
    """Two filters of the variable over one image."""
    kernels = b.view(w, Strided(0, (2, 1, 1)), (2, 1, 2))
    filtered = conv2d(b, b.reshape(x, (2, 3)), kernels, Window())
    return b.sum(b.mul(filtered, filtered), 3)


def pooled(b: Builder, w: int, x: int) -> int:
    """The largest of disjoint squares, by a mask that the variable does not move."""
    square = b.view(b.mul(w, w), Strided(2, (2, 1)), (2, 2))
    corners = [b.view(square, Strided(i, ()), ()) for i in range(4)]
    best = b.select(b.less(b.view(x, Strided(0, ()), ()), b.const([Fraction(0)])), corners[0], corners[3])
    return b.add2(b.add2(best, corners[1]), b.sum(avgpool(b, square, 2, Window(2)), 2))


@pytest.mark.parametrize("function", [quadratic, affine, wired, joined, chosen, windows, filters, pooled])
def test_gradient(function: Callable[[Builder, int, int], int]) -> None:
    b = Builder([W, X])
    value = function(b, 0, 1)
    (gradient,) = reverse(b, [(value, b.const([Fraction(1)]))], [0])
    block = b.block([value, gradient])
    rng = np.random.default_rng(7)
    w, x = rng.integers(-50, 50, 6), rng.integers(-50, 50, 6)
    _, adjoint = evaluate(block, [w, x], NoSources())
    for i in range(6):  # the functions are quadratic: central differences are exact
        up, down = w.copy(), w.copy()
        up[i] += 1
        down[i] -= 1
        values = [Fraction(int(evaluate(block, [v, x], NoSources())[0])) * b.type(value).scale for v in (up, down)]
        slope = (values[0] - values[1]) / (2 * W.scale)
        assert Fraction(int(np.broadcast_to(adjoint, 6)[i])) * b.type(gradient).scale == slope


def test_disjoint_parts_are_put_side_by_side() -> None:
    """The adjoints of the four slices of a pooled square take no additions."""
    b = Builder([W, X])
    corners = [b.view(0, Strided(i, (2,)), (3,)) for i in (0, 1)]
    value = b.sum(b.mul(corners[0], b.mul(corners[1], b.view(1, Strided(0, (1,)), (3,)))), 1)
    (gradient,) = reverse(b, [(value, b.const([Fraction(1)]))], [0])
    item = b.item(gradient)
    assert isinstance(item, Value) and isinstance(item.op, Put)
