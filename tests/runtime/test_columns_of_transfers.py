"""Columns of oblivious transfer: what they are, and the same bytes of every backend."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from hypothesis import given, settings
from hypothesis import strategies as st
from support.backends import BACKENDS, NATIVE
from support.threads import counts_meanwhile

from runtime.crypto.columns import DEPTH, LEAVES, PORTABLE, TREES, Leaves
from runtime.crypto.labels import LABEL_BITS
from runtime.crypto.matrix import Words
from runtime.execute.engines import columns_of


def random_leaves() -> Leaves:
    return np.frombuffer(secrets.token_bytes(TREES * LEAVES * 16), np.uint8).reshape(TREES, LEAVES, 16)


def random_words(*shape: int) -> Words:
    return np.frombuffer(secrets.token_bytes(8 * int(np.prod(shape))), np.uint64).reshape(shape)


def random_mask() -> Words:
    return np.negative(random_words(LABEL_BITS, 1) & np.uint64(1))


@pytest.mark.parametrize("backend", BACKENDS)
def test_columns_are_sums_of_streams_of_aes(backend: str) -> None:
    """Of those leaves whose number has the column's bit; block after block of the counter, whoever asked before."""
    leaves = random_leaves()
    streams = columns_of(backend).streams(leaves)
    parts = streams.read(2), streams.read(4)
    sums, columns = (np.concatenate(both, axis=1) for both in zip(*parts, strict=True))
    for tree in (0, 13, 31):
        expected = np.zeros((1 + DEPTH, 3 * 16), dtype=np.uint8)
        for number, leaf in enumerate(leaves[tree]):
            counters = b"".join(counter.to_bytes(16, "big") for counter in range(3))
            stream = np.frombuffer(Cipher(AES(leaf.tobytes()), ECB()).encryptor().update(counters), np.uint8)
            for row in range(1 + DEPTH):
                if not row or number >> row - 1 & 1:
                    expected[row] ^= stream
        assert sums[tree].tobytes() == expected[0].tobytes()
        assert columns[DEPTH * tree : DEPTH * (tree + 1)].tobytes() == expected[1:].tobytes()


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_stands_at_leaf_0_changes_no_column(backend: str) -> None:
    """The sender lacks it."""
    leaves = random_leaves()
    without = leaves.copy()
    without[:, 0] = 0
    by = columns_of(backend)
    (sums, columns), (others, same) = (by.streams(each).read(10) for each in (leaves, without))
    assert np.array_equal(columns, same)
    assert (sums != others).any(axis=1).all()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.one_of(st.integers(1, 5), st.integers(1, 150)), min_size=1, max_size=3), st.booleans())
def test_every_path_makes_the_portable_bytes(sizes: list[int], corrected: bool) -> None:
    leaves = random_leaves()
    mine = [columns_of(backend).streams(leaves) for backend in NATIVE]
    theirs = PORTABLE.streams(leaves)
    for blocks in sizes:
        sums, columns = theirs.read(2 * blocks)
        for streams in mine:
            found = streams.read(2 * blocks)
            assert np.array_equal(found[0], sums) and np.array_equal(found[1], columns)
    if corrected:
        corrections, mask = random_words(TREES, 2 * sizes[0]), random_mask()
        expected = theirs.corrected(corrections, mask)
        assert all(np.array_equal(streams.corrected(corrections, mask), expected) for streams in mine)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 5), st.one_of(st.integers(1, 9), st.integers(1, 150)))
def test_every_path_folds_and_transposes_alike(count: int, blocks: int) -> None:
    columns, factors = random_words(count, 2 * blocks), random_words(blocks, 2)
    square = random_words(LABEL_BITS, 2 * blocks)
    folds, labels = PORTABLE.fold(columns, factors), PORTABLE.transpose(square)
    for backend in NATIVE:
        assert np.array_equal(columns_of(backend).fold(columns, factors), folds)
        assert np.array_equal(columns_of(backend).transpose(square), labels)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("low", [0, 1, ~0])
def test_extreme_elements_fold_alike(backend: str, low: int) -> None:
    """All bits of a product, and its carries past the polynomial's degree, are there."""
    columns = np.full((3, 8), np.uint64(low % (1 << 64)))
    columns[1] = 0
    columns[2, ::2] = 0
    factors = np.array([[0, 1 << 63], [~0 % (1 << 64)] * 2, [1, 0], [0x87, 1]], dtype=np.uint64)
    assert np.array_equal(columns_of(backend).fold(columns, factors), PORTABLE.fold(columns, factors))


@pytest.mark.parametrize("backend", BACKENDS)
def test_columns_that_do_not_lie_together(backend: str) -> None:
    by, leaves = columns_of(backend), random_leaves()
    spread = random_words(LABEL_BITS, 24)[:, ::2]
    factors = random_words(6, 2)
    assert np.array_equal(by.transpose(spread), PORTABLE.transpose(spread.copy()))
    assert np.array_equal(by.fold(spread, factors), PORTABLE.fold(spread.copy(), factors))
    mask, corrections = random_mask(), spread[:TREES]
    expected = PORTABLE.streams(leaves).corrected(corrections.copy(), mask)
    assert np.array_equal(by.streams(leaves[:, :, ::-1][:, :, ::-1]).corrected(corrections, mask), expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_seeds_of_all_leaves_are_needed(backend: str) -> None:
    with pytest.raises(ValueError, match="32 trees of 16 seeds"):
        columns_of(backend).streams(random_leaves()[:, 1:])


@pytest.mark.parametrize("backend", BACKENDS)
def test_wiped_streams_are_gone(backend: str) -> None:
    streams = columns_of(backend).streams(random_leaves())
    streams.wipe()
    streams.wipe()
    with pytest.raises(ValueError, match="wiped"):
        streams.read(2)


@pytest.mark.parametrize("backend", NATIVE)
def test_other_threads_go_on(backend: str) -> None:
    """While columns are made."""
    by: Any = columns_of(backend)
    streams, square, factors = by.streams(random_leaves()), random_words(LABEL_BITS, 2048), random_words(1024, 2)
    for work in (lambda: streams.read(2048), lambda: by.transpose(square), lambda: by.fold(square, factors)):
        assert counts_meanwhile(work)


def wrong_calls(backend: str) -> Iterator[tuple[str, Any, tuple[Any, ...]]]:
    """What is told, what is called, its arguments."""
    from runtime.execute.native import _kernel  # here, because a machine without a compiler has none

    streams = _kernel.Streams(backend, random_leaves())
    sums, columns, mask = (np.zeros(shape, np.uint64) for shape in ((TREES, 4), (LABEL_BITS, 4), LABEL_BITS))
    rows, factors = np.zeros((256, 2), np.uint64), np.zeros((2, 2), np.uint64)
    yield "columns have", streams.read, (sums[1:].copy(), columns)
    yield "columns have", streams.read, (sums, columns[1:].copy())
    yield "columns have", streams.corrected, (sums[1:].copy(), mask, columns)
    yield "masks have", streams.corrected, (sums, mask[1:].copy(), columns)
    yield "seeds have", _kernel.Streams, (backend, bytes(16))
    yield "columns have", _kernel.fold, (backend, columns, factors[:0].copy(), rows[:128].copy())
    yield "columns have", _kernel.fold, (backend, columns, factors, rows[:127].copy())
    yield "columns have", _kernel.fold, (backend, columns, np.zeros(3, np.uint64), rows[:128].copy())
    yield "columns have", _kernel.fold, (backend, columns, factors, np.zeros(257, np.uint64))
    yield "columns have", _kernel.transpose, (backend, columns, rows[1:].copy())
    yield "columns have", _kernel.transpose, (backend, columns[1:].copy(), rows)
    for name in ("fold", "transpose"):
        rest = (factors, rows) if name == "fold" else (rows,)
        yield "no path `abacus`", getattr(_kernel, name), ("abacus", columns, *rest)
    yield "no path `abacus`", _kernel.Streams, ("abacus", random_leaves())


@pytest.mark.parametrize("backend", NATIVE)
def test_wrong_lengths_are_refused(backend: str) -> None:
    """Before C reads or writes a byte of them."""
    for told, call, arguments in wrong_calls(backend):
        with pytest.raises(ValueError, match=told):
            call(*arguments)
