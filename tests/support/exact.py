"""Numbers of the independent reading: exact, with the kind that holds them, and the operations on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]  # Fractions, dtype object


HAIR = Fraction(1, 2**64)  # what is not exact may be off by more than nothing


@dataclass(frozen=True)
class Kind:
    """`bits` bits, `fraction` of them after the point; `whole` for bit, uint and int."""

    signed: bool
    bits: int
    fraction: int
    whole: bool
    shape: tuple[int, ...] = ()

    def bind(self, x: Fraction, down: bool = False, wrap: bool = False) -> Fraction:
        """floor(x + 1/2) at the kind's scale, then clamped; `down` drops the half, `wrap` keeps the low bits."""
        low = -(1 << (self.bits - 1)) if self.signed else 0
        high = low + (1 << self.bits) - 1
        n = floor(x * 2**self.fraction + (0 if down else Fraction(1, 2)))
        n = (n - low) % (1 << self.bits) + low if wrap else max(low, min(high, n))
        return Fraction(n, 2**self.fraction)


BIT = Kind(False, 1, 0, True)


@dataclass(frozen=True)
class Number:
    """A tensor; `kind` where a declared one holds it, `within` what an inexact function may be off by."""

    at: Any  # Numbers
    whole: bool
    kind: Kind | None = None
    within: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", np.asarray(self.at, dtype=object))  # NumPy makes scalars plain Fractions

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.at.shape)

    @property
    def integer(self) -> int:
        """A public whole number."""
        assert self.shape == () and self.at.item().denominator == 1
        return int(self.at.item())


Word = Number | tuple[Any, ...]  # a tuple for a value of tuple kind


KindOf = Kind | tuple[Any, ...]


def each(function: Callable[..., Fraction], *arrays: Numbers) -> Numbers:
    """Element by element, shapes broadcast."""
    return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), dtype=object)


def along(function: Callable[[list[Fraction]], Fraction], x: Numbers, axis: int | None) -> Numbers:
    """Over one axis, or over all elements."""
    if axis is None:
        return np.asarray(function(list(x.reshape(-1))), dtype=object)
    moved = np.moveaxis(x, axis, -1)
    result = np.empty(moved.shape[:-1], dtype=object)
    for place in np.ndindex(result.shape):
        result[place] = function(list(moved[place]))
    return result


COMPARE: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


LOGIC: dict[str, Callable[[int, int], int]] = {
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "&&": lambda a, b: a & b,
    "||": lambda a, b: a | b,
}


def binary(op: str, a: Number, b: Number) -> Number:
    x, y, whole = a.at, b.at, a.whole and b.whole
    match op:
        case "+" | "-" | "*":
            return Number(x + y if op == "+" else x - y if op == "-" else x * y, whole)
        case "@":
            return Number(x @ y, whole)
        case "/" if whole:
            return Number(each(lambda p, q: Fraction(floor(p / q)) if q else end(a.kind, p), x, y), True)
        case "/":
            return quotient(a, b)
        case "%":
            return Number(each(lambda p, q: p - q * floor(p / q) if q else p, x, y), True)
        case "**":
            return Number(each(lambda p: p**b.integer, x), a.whole)
        case "<<":
            return Number(each(lambda p, q: p * 2 ** int(q), x, y), a.whole)
        case ">>":
            shifted = each(lambda p, q: p / 2 ** int(q), x, y)
            return Number(each(lambda p: Fraction(floor(p)), shifted) if a.whole else shifted, a.whole)
        case _ if op in COMPARE:
            return Number(each(lambda p, q: Fraction(COMPARE[op](p, q)), x, y), True, BIT)
        case _:
            kind = BIT if a.kind == b.kind == BIT else None
            return Number(each(lambda p, q: Fraction(LOGIC[op](int(p), int(q))), x, y), True, kind)


def end(kind: Kind | None, x: Fraction) -> Fraction:
    """x / 0: the end of the kind's range on x's side."""
    assert kind is not None
    return kind.bind(Fraction(1 << kind.bits if x >= 0 else -(1 << kind.bits)))


def quotient(a: Number, b: Number) -> Number:
    """x / 0 lies beyond every kind."""
    beyond = Fraction(1 << 128)
    return Number(each(lambda p, q: p / q if q else beyond if p >= 0 else -beyond, a.at, b.at), False)


def inverted(x: Number) -> Number:
    """All bits of the named kind."""
    kind = x.kind
    assert kind is not None and kind.whole
    top = -1 if kind.signed else (1 << kind.bits) - 1
    return Number(top - x.at, True, kind)


def bits_set(x: Number) -> Number:
    kind = x.kind
    assert kind is not None
    return Number(each(lambda n: Fraction((int(n) % (1 << kind.bits)).bit_count()), x.at), True)


def padded(x: Numbers, by: int, value: Fraction = Fraction(0)) -> Numbers:
    return np.pad(x, [(0, 0)] * (x.ndim - 2) + [(by, by)] * 2, constant_values=value)


def conv2d(image: Number, kernel: Number, stride: int, padding: int) -> Number:
    """[C, H, W] by [O, C, K, L], or without C, or without both."""
    x, k = padded(image.at, padding), kernel.at
    inner = k.shape[-x.ndim :] if k.ndim >= x.ndim else k.shape
    outputs = k.shape[: -x.ndim]
    height, width = (x.shape[-2] - inner[-2]) // stride + 1, (x.shape[-1] - inner[-1]) // stride + 1
    result = np.empty((*outputs, height, width), dtype=object)
    for place in np.ndindex(result.shape):
        i, j = stride * place[-2], stride * place[-1]
        result[place] = (x[..., i : i + inner[-2], j : j + inner[-1]] * k[place[:-2]]).sum()
    return Number(result, image.whole and kernel.whole)


def pooled(x: Number, side: int, mean: bool, stride: int, padding: int) -> Number:
    least = Fraction(0) if mean else -Fraction(1 << 200)
    image = padded(x.at, padding, least)
    height, width = ((n - side) // stride + 1 for n in image.shape[-2:])
    result = np.empty((*x.shape[:-2], height, width), dtype=object)
    for place in np.ndindex(result.shape):
        i, j = stride * place[-2], stride * place[-1]
        square = [*image[place[:-2]][i : i + side, j : j + side].reshape(-1)]
        result[place] = sum(square, Fraction(0)) / len(square) if mean else max(square)
    return Number(result, x.whole and not mean)


def whole(n: int) -> Number:
    return Number(Fraction(n), True)


def kind_of(value: Word) -> KindOf:
    """The kind that holds a variable (or part of one) now."""
    if isinstance(value, tuple):
        return tuple(map(kind_of, value))
    assert value.kind is not None
    return replace(value.kind, shape=value.shape)
