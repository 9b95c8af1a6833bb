"""The built-in functions of docs/language.md that are exact."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
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
        case "sort" if len(p) == 2:
            return replace(moved(p[0], p[0].at[ascending(p[1])]), public=p[0].public and p[1].public)
        case "sort":
            return moved(p[0], array(sorted(p[0].at), p[0].shape))
        case "argsort":
            places = ascending(p[0])
            return Value(array(map(Fraction, places), (len(places),)), True, p[0].public)
        case "concat":
            at = np.concatenate([v.at for v in p], axis=options.get("axis", 0))
            return Value(at, all(v.integer for v in p), all(v.public for v in p), same(p))
        case "zeros":
            shape = tuple(int(s.at[()]) for s in p)
            return Value(array([Fraction(0)] * math.prod(shape), shape), True, True)
        case "popcount":
            return popcount(p[0])
        case "conv2d":
            return conv2d(p[0], p[1], options.get("stride", 1), options.get("padding", 0))
        case "avgpool" | "maxpool":
            size = int(p[1].at[()])
            return pooled(name, p[0], size, options.get("stride", size), options.get("padding", 0))
        case _:
            raise Unsaid(name)


def ascending(keys: Value) -> list[int]:
    """Where the least key stands, then the next one; equal ones in the order in which they stand."""
    return sorted(range(len(keys.at)), key=lambda place: keys.at[place])


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


def padded(planes: np.ndarray, padding: int) -> np.ndarray:
    """So many rows and columns of zeros on each side of the last two axes."""
    sides = [(0, 0)] * (planes.ndim - 2) + [(padding, padding)] * 2
    return np.pad(planes, sides, constant_values=Fraction(0))


def steps(side: int, size: int, stride: int) -> range:
    """Where windows begin: what is left at the end and fills none does not count."""
    return range(0, side - size + 1, stride)


def conv2d(image: Value, kernel: Value, stride: int, padding: int) -> Value:
    """[H, W] by [K, L] or [O, K, L], [C, H, W] by [O, C, K, L]."""
    planes = padded(image.at if image.at.ndim == 3 else image.at[None], padding)
    match kernel.at.ndim:
        case 2:
            filters = kernel.at[None, None]
        case 3:
            filters = kernel.at[:, None]
        case _:
            filters = kernel.at
    (channels, high, wide), (outs, _, k, m) = planes.shape, filters.shape
    tall, broad = steps(high, k, stride), steps(wide, m, stride)
    found = [
        sum(
            (
                planes[c, y + i, x + j] * filters[o, c, i, j]
                for c, i, j in itertools.product(range(channels), range(k), range(m))
            ),
            Fraction(0),
        )
        for o, y, x in itertools.product(range(outs), tall, broad)
    ]
    at = array(found, (outs, len(tall), len(broad)))
    return Value(at[0] if kernel.at.ndim == 2 else at, image.integer and kernel.integer, image.public and kernel.public)


def pooled(name: str, image: Value, size: int, stride: int, padding: int) -> Value:
    """Squares of size by size, over the last two axes; of padding nothing counts for the largest."""
    largest = name == "maxpool"
    *rest, high, wide = image.shape
    tall, broad = (steps(side + 2 * padding, size, stride) for side in (high, wide))
    found = []
    for at in np.ndindex(*rest):
        plane = image.at[at] if largest else padded(image.at[at], padding)
        shift = padding if largest else 0
        for y, x in itertools.product(tall, broad):
            rows, columns = (slice(max(place - shift, 0), place - shift + size) for place in (y, x))
            square = list(plane[rows, columns].reshape(-1))
            found.append(max(square) if largest else mean(square))
    at = array(found, (*rest, len(tall), len(broad)))
    return Value(at, image.integer and largest, image.public, image.kind if largest else None)


def norm_at_most(vector: Value, limit: Value) -> Value:
    """`norm2(v) <= c` compares squares; no norm is at most a negative number."""
    squares = sum((x * x for x in vector.at.reshape(-1)), Fraction(0))
    bit = limit.at[()] >= 0 and squares <= limit.at[()] ** 2
    return Value(array([Fraction(bit)], ()), True, vector.public and limit.public, BIT)
