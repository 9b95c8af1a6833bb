"""Bit matrices packed into words, and linear algebra over GF(2) and GF(2^128) on them.

A *column* is a vector of bits packed least significant first into little-endian words; every 128 bits of it
are one element of GF(2^128) = GF(2)[X] / (X^128 + X^7 + X^2 + X + 1), bit i being the coefficient of X^i.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

GROUP = 6  # blocks; the sums of all their subsets stay in the cache
_ONE, _SHIFT = np.uint64(1), np.uint64(63)
_REDUCED = tuple(map(np.uint64, (0, 1, 2, 7)))  # the powers of X whose sum is X^128
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


def fold(columns: Words, factors: Words) -> Words:
    """Σ_b factors[b] · block b, for every column: (n, 2 * blocks) and (blocks, 2) in, (n, 2) out.

    As Σ_k X^k · (the sum of those blocks whose factor has bit k): the sums are looked up, for GROUP blocks at once,
    among those of all their subsets.  Factors are public, so that what is looked up is no secret.
    """
    count, blocks = len(columns), len(factors)
    chosen = np.zeros((-(-blocks // GROUP) * GROUP, 128), dtype=np.intp)
    chosen[:blocks] = np.unpackbits(factors.astype("<u8", copy=False).view(np.uint8), axis=1, bitorder="little")
    subsets = (chosen.reshape(-1, GROUP, 128) << np.arange(GROUP)[:, None]).sum(axis=1)
    sums, found = (np.zeros((128, count, 2), dtype=np.uint64) for _ in range(2))
    table = np.zeros((1 << GROUP, count, 2), dtype=np.uint64)
    for first, subset in zip(range(0, blocks, GROUP), subsets, strict=True):
        for i in range(min(GROUP, blocks - first)):
            block = columns[:, 2 * (first + i) : 2 * (first + i + 1)]
            np.bitwise_xor(table[: 1 << i], block, out=table[1 << i : 2 << i])
        np.take(table, subset, axis=0, out=found)
        sums ^= found
    return _times_powers(sums)


def _times_powers(elements: Words) -> Words:
    """Σ_k X^k · elements[k] for 128 elements of every column, (128, n, 2) in and (n, 2) out."""
    shift = np.arange(64, dtype=np.uint64)[:, None]
    product = np.zeros((4, elements.shape[1]), dtype=np.uint64)
    for half in (0, 1):
        for word in (0, 1):
            part, at = elements[64 * half : 64 * (half + 1), :, word], half + word
            product[at] ^= np.bitwise_xor.reduce(part << shift, axis=0)
            # In two steps: a shift by 64 is none.
            product[at + 1] ^= np.bitwise_xor.reduce(part >> _ONE >> (_SHIFT - shift), axis=0)
    for high in (3, 2):
        word = product[high]
        for power in _REDUCED:
            product[high - 2] ^= word << power
            product[high - 1] ^= word >> _ONE >> (_SHIFT - power)
    return np.ascontiguousarray(product[:2].T)
