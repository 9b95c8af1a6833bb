"""The built-in functions of docs/language.md that are exact."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
from support.second.kinds import BIT
from support.second.values import Unsaid, Value, array, exact, matmul, same

Options = dict[str, int]


def called(name: str, p: Sequence[Value], options: Options) -> Value:
    """One of the functions whose value the table states."""
    if len(p) == 1 and name in ("sum", "mean", "min", "max", "argmax"):
        return reduced(name, p[0], options.get("axis"))
    match name:
        case "dot" | "matmul":
            return matmul(p[0], p[1])
        case "transpose":
            return moved(p[0], p[0].at.T)
        case "reshape":
            return moved(p[0], p[0].at.reshape([int(s.at[()]) for s in p[1:]]))
        case "min":
            return exact(min, p[0], p[1], kind=same(p))
        case "max":
            return exact(max, p[0], p[1], kind=same(p))
        case "abs":
            return exact(abs, p[0])
        case "relu":
            return exact(lambda x: max(x, Fraction(0)), p[0], kind=p[0].kind)
        case "sign":
            return exact(lambda x: Fraction((x > 0) - (x < 0)), p[0])
        case "clamp":
            return exact(lambda x, low, high: min(max(x, low), high), *p)
        case "sort":
            return moved(p[0], array(sorted(p[0].at), p[0].shape))
        case "popcount":
            return popcount(p[0])
        case "conv2d":
            return conv2d(p[0], p[1])
        case "avgpool" | "maxpool":
            return pooled(name, p[0], int(p[1].at[()]))
        case _:
            raise Unsaid(name)


def moved(p: Value, at: np.ndarray) -> Value:
    return Value(at, p.integer, p.public, p.kind)


def popcount(p: Value) -> Value:
    if p.kind is None:
        raise Unsaid("popcount without a named kind")
    unit, modulus = p.kind.unit, 2**p.kind.bits
    return exact(lambda x: Fraction((int(x / unit) % modulus).bit_count()), p, integer=True)


def mean(numbers: Sequence[Fraction]) -> Fraction:
    return sum(numbers, Fraction(0)) / len(numbers)


def first_largest(numbers: Sequence[Fraction]) -> Fraction:
    return Fraction(list(numbers).index(max(numbers)))


REDUCE: dict[str, Callable[[Sequence[Fraction]], Fraction]] = {
    "sum": lambda numbers: sum(numbers, Fraction(0)),
    "mean": mean,
    "min": min,
    "max": max,
    "argmax": first_largest,
}


def reduced(name: str, p: Value, axis: int | None) -> Value:
    """Over one axis, or over all."""
    integer = name == "argmax" or (p.integer and name != "mean")
    kind = p.kind if name in ("min", "max") else None
    if axis is None:
        return Value(array([REDUCE[name](list(p.at.reshape(-1)))], ()), integer, p.public, kind)
    rows = np.moveaxis(p.at, axis, -1)
    found = [REDUCE[name](list(rows[at])) for at in np.ndindex(rows.shape[:-1])]
    return Value(array(found, rows.shape[:-1]), integer, p.public, kind)


def conv2d(image: Value, kernel: Value) -> Value:
    """No padding, step 1: [H, W] by [K, L] or [O, K, L], [C, H, W] by [O, C, K, L]."""
    planes = image.at if image.at.ndim == 3 else image.at[None]
    match kernel.at.ndim:
        case 2:
            filters = kernel.at[None, None]
        case 3:
            filters = kernel.at[:, None]
        case _:
            filters = kernel.at
    (channels, high, wide), (outs, _, k, m) = planes.shape, filters.shape
    tall, broad = high - k + 1, wide - m + 1
    found = [
        sum(
            (
                planes[c, y + i, x + j] * filters[o, c, i, j]
                for c, i, j in itertools.product(range(channels), range(k), range(m))
            ),
            Fraction(0),
        )
        for o, y, x in itertools.product(range(outs), range(tall), range(broad))
    ]
    at = array(found, (outs, tall, broad))
    return Value(at[0] if kernel.at.ndim == 2 else at, image.integer and kernel.integer, image.public and kernel.public)


def pooled(name: str, image: Value, size: int) -> Value:
    """Squares of size by size, over the last two axes."""
    *rest, high, wide = image.shape
    shape = (*rest, high // size, wide // size)
    found = []
    for *at, y, x in np.ndindex(shape):
        square = image.at[tuple(at)][y * size : (y + 1) * size, x * size : (x + 1) * size].reshape(-1)
        found.append(mean(list(square)) if name == "avgpool" else max(square))
    largest = name == "maxpool"
    return Value(array(found, shape), image.integer and largest, image.public, image.kind if largest else None)


def norm_at_most(vector: Value, limit: Value) -> Value:
    """`norm2(v) <= c` compares squares; no norm is at most a negative number."""
    squares = sum((x * x for x in vector.at.reshape(-1)), Fraction(0))
    bit = limit.at[()] >= 0 and squares <= limit.at[()] ** 2
    return Value(array([Fraction(bit)], ()), True, vector.public and limit.public, BIT)
