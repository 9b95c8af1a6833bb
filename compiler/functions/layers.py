"""Convolution and pooling: views of windows, then contractions and maxima."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce

from compiler.words.builder import Builder
from compiler.words.ir import Claim
from compiler.words.operations import Strided
from compiler.words.strides import row_major


def conv2d(b: Builder, image: int, kernel: int) -> int:
    """[C, H, W] by [O, C, K, L] -> [O, H', W'], or without C, or without both; no padding, step 1."""
    size, filters = b.type(image).shape, b.type(kernel).shape
    outputs, inner = filters[: -len(size)], filters[-len(size) :]  # inner is (C, K, L) or (K, L)
    height, width = size[-2] - inner[-2] + 1, size[-1] - inner[-1] + 1
    shape = (*outputs, height, width, *inner)
    unit = row_major(size)
    windows = Strided(0, ((0,) * len(outputs)) + unit[-2:] + unit)
    weights = row_major(filters)
    repeated = Strided(0, (*weights[: len(outputs)], 0, 0, *weights[len(outputs) :]))
    return b.dot(b.view(image, windows, shape), b.view(kernel, repeated, shape), len(inner))


def avgpool(b: Builder, image: int, side: int) -> int:
    at, shape = _squares(b.type(image).shape, side)
    return b.scaled(b.sum(b.view(image, at, shape), 2), Fraction(1, side * side))


def maxpool(b: Builder, image: int, side: int) -> int:
    at, shape = _squares(b.type(image).shape, side)
    corners = [
        b.view(image, Strided(down * at.strides[-2] + right * at.strides[-1], at.strides[:-2]), shape[:-2])
        for down in range(side)
        for right in range(side)
    ]
    return reduce(lambda x, y: largest(b, x, y), corners)


def _squares(shape: Sequence[int], side: int) -> tuple[Strided, tuple[int, ...]]:
    """[.., H, W] as [.., H / side, W / side, side, side]."""
    unit = row_major(shape)
    strides = (*unit[:-2], unit[-2] * side, unit[-1] * side, *unit[-2:])
    return Strided(0, strides), (*shape[:-2], shape[-2] // side, shape[-1] // side, side, side)


def largest(b: Builder, x: int, y: int) -> int:
    chosen = b.select(b.less(x, y), y, x)
    (low, high), (least_y, most_y) = b.bounds(x), b.bounds(y)
    return b.narrowed(chosen, max(low, least_y), max(high, most_y), Claim.EXTREME)


def least(b: Builder, x: int, y: int) -> int:
    chosen = b.select(b.less(x, y), x, y)
    (low, high), (least_y, most_y) = b.bounds(x), b.bounds(y)
    return b.narrowed(chosen, min(low, least_y), min(high, most_y), Claim.EXTREME)
