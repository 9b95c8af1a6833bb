"""Derivatives of the functions that are not exact: the adjoint of x for that of y = f(x).

A quotient is rounded to y's last bit, and 0 where it divides by 0.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from compiler.functions.quotient import quotient
from compiler.words.builder import Builder

Derivative = Callable[[Builder, int, int, int], int]  # of x, y and the adjoint of y


def exp(b: Builder, x: int, y: int, adjoint: int) -> int:
    return b.mul(adjoint, y)


def log(b: Builder, x: int, y: int, adjoint: int) -> int:
    return _over(b, y, adjoint, x)


def sqrt(b: Builder, x: int, y: int, adjoint: int) -> int:
    return _over(b, y, adjoint, b.scaled(y, Fraction(2)))


def rsqrt(b: Builder, x: int, y: int, adjoint: int) -> int:
    return _over(b, y, b.mul(adjoint, y), b.scaled(x, Fraction(-2)))


def sigmoid(b: Builder, x: int, y: int, adjoint: int) -> int:
    return b.mul(adjoint, b.mul(y, b.invert(y)))


def tanh(b: Builder, x: int, y: int, adjoint: int) -> int:
    return b.mul(adjoint, b.affine([(Fraction(-1), b.mul(y, y))], Fraction(1)))


def norm2(b: Builder, x: int, y: int, adjoint: int) -> int:
    return b.mul(x, _over(b, y, adjoint, y))


def softmax(b: Builder, x: int, y: int, adjoint: int) -> int:
    mean = b.dot(adjoint, y, 1)
    shape = b.type(y).shape
    return b.mul(y, b.sub(adjoint, b.broadcast(b.reshape(mean, (*shape[:-1], 1)), shape)))


def _over(b: Builder, y: int, numerator: int, denominator: int) -> int:
    return quotient(b, numerator, denominator, b.type(y).scale, (0, 0))
