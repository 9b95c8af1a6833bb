"""Bit matrices packed into words, and linear algebra over GF(2) and GF(2^128) on them.

A *column* is a vector of bits packed least significant first into little-endian words; every 128 bits of it
are one element of GF(2^128) = GF(2)[X] / (X^128 + X^7 + X^2 + X + 1), bit i being the coefficient of X^i.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

_ONE, _SHIFT = np.uint64(1), np.uint64(63)
_POLYNOMIAL = np.uint64(0x87)
STRETCH = 512  # words of columns that are folded at once: with as many of 128 planes they stay in the cache
# Exchanging the off-diagonal halves of an 8x8 bit matrix held in a word, at distances 7, 14 and 28.
_SWAPS = tuple(
    (np.uint64(distance), np.uint64(mask))
    for distance, mask in ((7, 0x00AA00AA00AA00AA), (14, 0x0000CCCC0000CCCC), (28, 0x00000000F0F0F0F0))
)


def transpose(columns: Words) -> Words:
    """128 columns of n bits, shape (128, n / 64), as n rows of 128 bits, shape (n, 2); n a multiple of 64."""
    octets = np.ascontiguousarray(columns, dtype="<u8").view(np.uint8)
    # (16, 8, n/8): group of 8 columns, column in it, 8 bits of it  ->  one word per 8x8 block of bits.
    blocks = np.ascontiguousarray(octets.reshape(16, 8, -1).transpose(2, 0, 1)).view("<u8")
    for distance, mask in _SWAPS:
        swap = (blocks ^ (blocks >> distance)) & mask
        blocks ^= swap ^ (swap << distance)
    rows = np.ascontiguousarray(blocks.view(np.uint8).reshape(-1, 16, 8).transpose(0, 2, 1))
    return rows.reshape(-1, 16).view("<u8").astype(np.uint64, copy=False)


def pack(bits: NDArray[np.uint8]) -> Words:
    """A column from its bits, shape (n,) of 0 and 1 with n a multiple of 64."""
    return np.packbits(bits, bitorder="little").view("<u8").astype(np.uint64, copy=False)


def times_x(elements: Words) -> Words:
    """Each element of GF(2^128) times X; shape (n, 2) in and out."""
    carry = elements >> _SHIFT
    out = elements << _ONE
    out[:, 1] |= carry[:, 0]
    out[:, 0] ^= carry[:, 1] * _POLYNOMIAL
    return out


def planes(factors: Words) -> Words:
    """The bit matrix that multiplies block b of a column by factors[b] and adds up the products.

    Shape (blocks, 2) in, (128, 2 * blocks) out: row k holds, for each bit of the column, bit k of what it adds.
    """
    shifted = np.empty((128, len(factors), 2), dtype=np.uint64)
    for power in range(128):
        shifted[power] = factors
        factors = times_x(factors)
    # Seen block by block, these 128 rows are 128 columns of 128 bits.
    turned = transpose(shifted.reshape(128, -1)).reshape(-1, 128, 2)
    return np.ascontiguousarray(turned.swapaxes(0, 1)).reshape(128, -1)


def fold(columns: Words, weights: Words) -> Words:
    """Σ_b factors[b] · block b, for every column: shape (columns, 2), from `weights` = planes(factors)."""
    totals = np.zeros((len(columns), 128), dtype=np.uint64)
    for start in range(0, columns.shape[1], STRETCH):
        part, bits = weights[:, start : start + STRETCH], columns[:, None, start : start + STRETCH]
        some = STRETCH // part.shape[1]
        for first in range(0, len(columns), some):
            totals[first : first + some] ^= np.bitwise_xor.reduce(part & bits[first : first + some], axis=2)
    parities = np.bitwise_count(totals) & 1
    return np.packbits(parities, axis=1, bitorder="little").view("<u8").astype(np.uint64, copy=False)
