"""Packed bit matrices and GF(2^128) against plain Python integers."""

from __future__ import annotations

import secrets

import numpy as np
import pytest

from runtime.crypto.matrix import GROUP, Words, fold, transpose

POLYNOMIAL = 1 << 128 | 0x87


def integer(words: Words) -> int:
    return int.from_bytes(words.astype("<u8").tobytes(), "little")


def element(value: int) -> Words:
    return np.frombuffer(value.to_bytes(16, "little"), dtype="<u8").astype(np.uint64)


def multiply(left: int, right: int) -> int:
    """Schoolbook multiplication in GF(2^128)."""
    product = 0
    for bit in range(128):
        if right >> bit & 1:
            product ^= left << bit
    for bit in range(254, 127, -1):
        if product >> bit & 1:
            product ^= POLYNOMIAL << (bit - 128)
    return product


def randoms(*shape: int) -> Words:
    return np.frombuffer(secrets.token_bytes(8 * int(np.prod(shape))), dtype=np.uint64).reshape(shape)


@pytest.mark.parametrize("words", [1, 2, 6, 33])
def test_transpose(words: int) -> None:
    columns = randoms(128, words)
    rows = transpose(columns)
    assert rows.shape == (64 * words, 2)
    expected = np.unpackbits(columns.view(np.uint8), axis=1, bitorder="little").T
    assert np.array_equal(np.unpackbits(rows.view(np.uint8), axis=1, bitorder="little"), expected)


@pytest.mark.parametrize("blocks", [1, 2, 5, GROUP, GROUP + 1, 3 * GROUP - 1])
def test_fold_is_the_weighted_sum_of_the_blocks(blocks: int) -> None:
    factors, columns = randoms(blocks, 2), randoms(7, 2 * blocks)
    folded = fold(columns, factors)
    for column, value in zip(columns, folded, strict=True):
        expected = 0
        for factor, block in zip(factors, column.reshape(-1, 2), strict=True):
            expected ^= multiply(integer(factor), integer(block))
        assert integer(value) == expected


@pytest.mark.parametrize("bit", range(128))
def test_each_bit_of_a_factor_is_a_power_of_x(bit: int) -> None:
    values = [1, 1 << 63, 1 << 64, 1 << 127, secrets.randbits(128)]
    columns = np.stack([element(value) for value in values])
    found = fold(columns, element(1 << bit).reshape(1, 2))
    assert [integer(row) for row in found] == [multiply(value, 1 << bit) for value in values]
