"""Integers to bits and back: two's complement, least significant bit first, of any width."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from compiler.words.integers import Array, as_array, dtype_of
from compiler.words.ir import Type, full_range

Bits = NDArray[np.uint8]


def to_bits(values: Array, type: Type) -> Bits:
    """The elements' bits one after the other, shape (size * width,).  Raises ValueError where one does not fit."""
    width = type.width
    flat = values.reshape(-1)
    low, high = full_range(width, type.signed)
    if len(flat) and not (low <= flat.min() and flat.max() <= high):
        raise ValueError(f"a value lies outside {low}..{high}, the {width} bits it must enter with")
    if dtype_of(type) is np.int64:
        words = np.ascontiguousarray(flat, dtype="<i8").view(np.uint8).reshape(-1, 8)
    else:
        size = -(-width // 8)
        mask = (1 << width) - 1
        data = b"".join((int(value) & mask).to_bytes(size, "little") for value in flat)
        words = np.frombuffer(data, dtype=np.uint8).reshape(-1, size)
    return np.unpackbits(words, axis=1, bitorder="little")[:, :width].reshape(-1)


def from_bits(bits: Bits, type: Type) -> Array:
    """The inverse: integers of shape `type.shape`, int64 where they fit, else Python integers."""
    width = type.width
    rows = bits.reshape(-1, width)
    if dtype_of(type) is np.int64:
        extended = np.zeros((len(rows), 64), dtype=np.uint8)
        extended[:, :width] = rows
        if type.signed:
            extended[:, width:] = rows[:, -1:]
        return as_array(np.packbits(extended, axis=1, bitorder="little").view("<i8"), type)
    packed = np.packbits(rows, axis=1, bitorder="little")
    integers = [int.from_bytes(word.tobytes(), "little") for word in packed]
    if type.signed:
        integers = [value - (value >> (width - 1) << width) for value in integers]
    return as_array(integers, type)


def as_ring(values: Array) -> NDArray[np.uint64]:
    """Integers mod 2^64."""
    if values.dtype == np.int64:
        return values.astype(np.uint64)
    return np.array([int(value) % (1 << 64) for value in values.reshape(-1)], dtype=np.uint64).reshape(values.shape)


def from_ring(numbers: NDArray[np.uint64], ring: int) -> Array:
    """The integers of -2^(ring - 1) .. 2^(ring - 1) - 1 that are equal to them mod 2^ring, 1 <= ring <= 63."""
    above = np.uint64(64 - ring)
    return (numbers << above).astype(np.int64) >> np.int64(64 - ring)
