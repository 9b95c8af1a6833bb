"""Shares of products: the two sides add up, and what is sent."""

from __future__ import annotations

import secrets

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from compiler.schedule.plan import Transfer, packed_bytes
from runtime.crypto.hash import TileHash
from runtime.crypto.labels import fresh
from runtime.crypto.secret import LabelSecret
from runtime.execute.products import BitHash, EvaluatorProducts, GarblerProducts, pack, tweaks, unpack

SHAPES = st.builds(
    Transfer,
    words=st.integers(1, 40),
    width=st.integers(1, 12),
    signed=st.booleans(),
    shared=st.integers(1, 40),
    ring=st.integers(12, 63),
)


@settings(max_examples=60)
@example(Transfer(words=2, width=2, signed=True, shared=8193, ring=32), 0)
@example(Transfer(words=2, width=2, signed=True, shared=5000, ring=60), 0)
@given(SHAPES, st.integers(0, 2**32))
def test_the_shares_add_up(shape: Transfer, seed: int) -> None:
    draw = np.random.default_rng(seed)
    bits = draw.integers(0, 2, (shape.words, shape.width)).astype(np.uint64)
    numbers = draw.integers(0, 1 << 63, (shape.words, shape.shared)).astype(np.uint64)
    secret, hash_seed, stream = LabelSecret.fresh(), secrets.token_bytes(16), bytearray()
    zero = fresh(shape.words * shape.width).reshape(shape.words, shape.width, 2)
    with secret.in_use() as delta:
        active = zero ^ delta * bits[:, :, None]
    garblers = GarblerProducts(hash_seed, secret, stream.extend).multiply(zero, numbers, shape, 77)
    assert len(stream) == shape.correction_bytes

    def receive(count: int) -> bytes:
        data = bytes(stream[:count])
        del stream[:count]
        return data

    evaluators = EvaluatorProducts(hash_seed, receive).multiply(active, shape, 77)
    assert not stream
    weights = [1 << k for k in range(shape.width)]
    if shape.signed:
        weights[-1] = -weights[-1]
    words = [sum(w * int(b) for w, b in zip(weights, row, strict=True)) for row in bits]
    modulus = 1 << shape.ring
    for word, own, mine, theirs in zip(words, numbers, garblers, evaluators, strict=True):
        assert [(int(g) + int(e) - word * int(v)) % modulus for v, g, e in zip(own, mine, theirs, strict=True)] == [
            0
        ] * shape.shared


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1), st.integers(1, 64))
def test_packed_to_the_bits_that_matter(numbers: list[int], bits: int) -> None:
    data = pack(np.array(numbers, dtype=np.uint64), bits)
    assert len(data) == packed_bytes(len(numbers), bits)
    assert unpack(data, bits, len(numbers)).tolist() == [n % (1 << bits) for n in numbers]


@pytest.mark.parametrize(
    ("shared", "rows"), [(1, 1), (4, 1), (100, 13), (3000, 500), (8192, 1000), (8193, 2000), (16385, 3000)]
)
def test_rows_hold_whole_words(shared: int, rows: int) -> None:
    assert Transfer(words=1000, width=3, signed=True, shared=shared, ring=32).rows == 3 * rows


@example(Transfer(words=3, width=2, signed=True, shared=8193, ring=32))
@given(SHAPES)
def test_no_row_and_tweak_serves_two_labels(shape: Transfer) -> None:
    """Rows follow one another, bit by bit; in one, words and blocks are numbered through."""
    used: set[tuple[int, int]] = set()
    for bit in range(shape.width):
        for part, numbers in enumerate(tweaks(shape).tolist()):
            row = bit * shape.rows_of_a_bit + part // shape.words_of_a_row
            assert len(numbers) == len(set(numbers)) == shape.blocks and row < shape.rows
            assert used.isdisjoint((row, tweak) for tweak in numbers)
            used.update((row, tweak) for tweak in numbers)


def test_the_hash_is_that_of_half_gates() -> None:
    """Word 1 of two in a row, its second block: TileHash of the same row and tweak."""
    shape = Transfer(words=2, width=1, signed=False, shared=5, ring=32)
    labels, seed = fresh(2), secrets.token_bytes(16)
    made = BitHash(seed, 9, shape).expand(labels)
    tile = TileHash(seed, (1,), 2)  # half 1 of lane 1 has tweak 3
    tile.input[0, 1] = labels[1]
    tile(9)
    assert shape.blocks == 2 and tweaks(shape)[1, 1] == 3
    assert made[1, 4] == tile.output[0, 1].view(np.uint32)[0]
