"""Convolution and pooling: views of windows, then contractions and maxima."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce

from compiler.words.builder import Builder
from compiler.words.ir import Claim
from compiler.words.operations import Strided
from compiler.words.strides import row_major
from lang.typed import Window


def conv2d(b: Builder, image: int, kernel: int, window: Window) -> int:
    """[C, H, W] by [O, C, K, L] -> [O, H', W'], or without C, or without both."""
    image = _padded(b, image, window.padding)
    size, filters = b.type(image).shape, b.type(kernel).shape
    outputs, inner = filters[: -len(size)], filters[-len(size) :]  # inner is (C, K, L) or (K, L)
    height, width = ((n - k) // window.stride + 1 for n, k in zip(size[-2:], inner[-2:], strict=True))
    shape = (*outputs, height, width, *inner)
    unit = row_major(size)
    windows = Strided(0, ((0,) * len(outputs)) + tuple(n * window.stride for n in unit[-2:]) + unit)
    weights = row_major(filters)
    repeated = Strided(0, (*weights[: len(outputs)], 0, 0, *weights[len(outputs) :]))
    return b.dot(b.view(image, windows, shape), b.view(kernel, repeated, shape), len(inner))


def avgpool(b: Builder, image: int, side: int, window: Window) -> int:
    image = _padded(b, image, window.padding)
    at, shape = _squares(b.type(image).shape, side, window.stride)
    return b.scaled(b.sum(b.view(image, at, shape), 2), Fraction(1, side * side))


def maxpool(b: Builder, image: int, side: int, window: Window) -> int:
    image = _padded(b, image, window.padding, b.bounds(image)[0])  # at most half a side: it is never the only one
    at, shape = _squares(b.type(image).shape, side, window.stride)
    corners = [
        b.view(image, Strided(down * at.strides[-2] + right * at.strides[-1], at.strides[:-2]), shape[:-2])
        for down in range(side)
        for right in range(side)
    ]
    return reduce(lambda x, y: largest(b, x, y), corners)


def _squares(shape: Sequence[int], side: int, stride: int) -> tuple[Strided, tuple[int, ...]]:
    """[.., H, W] as [.., H', W', side, side]."""
    unit = row_major(shape)
    strides = (*unit[:-2], unit[-2] * stride, unit[-1] * stride, *unit[-2:])
    height, width = ((n - side) // stride + 1 for n in shape[-2:])
    return Strided(0, strides), (*shape[:-2], height, width, side, side)


def _padded(b: Builder, image: int, padding: int, value: Fraction = Fraction(0)) -> int:
    """[.., H, W] with so many rows and columns of a value on each side."""
    if not padding:
        return image
    *outer, height, width = b.type(image).shape
    shape = (*outer, height + 2 * padding, width + 2 * padding)
    unit = row_major(shape)
    around, inner = b.aligned([b.const([value], shape), image])
    return b.put(around, inner, Strided(padding * (unit[-2] + unit[-1]), unit))


def largest(b: Builder, x: int, y: int) -> int:
    chosen = b.select(b.less(x, y), y, x)
    (low, high), (least_y, most_y) = b.bounds(x), b.bounds(y)
    return b.narrowed(chosen, max(low, least_y), max(high, most_y), Claim.EXTREME)


def least(b: Builder, x: int, y: int) -> int:
    chosen = b.select(b.less(x, y), x, y)
    (low, high), (least_y, most_y) = b.bounds(x), b.bounds(y)
    return b.narrowed(chosen, min(low, least_y), min(high, most_y), Claim.EXTREME)
