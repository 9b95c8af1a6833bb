"""Products in C: the corrections and shares of the portable functions, on every path that this CPU has."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.backends import NATIVE

from compiler.schedule.plan import Transfer
from runtime.crypto.labels import Labels, fresh
from runtime.crypto.secret import LabelSecret, SecretDestroyed
from runtime.execute.backend import CHUNK_BYTES
from runtime.execute.engines import PORTABLE, corrected, correcting
from runtime.execute.threads import ALONE, Threads

SEED = bytes(range(16))
SHAPES = st.builds(
    Transfer,
    words=st.integers(1, 70),
    width=st.integers(1, 12),
    signed=st.booleans(),
    shared=st.integers(1, 70),
    ring=st.integers(12, 60),
)
Numbers = NDArray[np.uint64]


def made(
    backend: str, shape: Transfer, secret: LabelSecret, labels: Labels, numbers: Numbers, threads: Threads = ALONE
) -> tuple[Any, ...]:
    """Corrections, and both shares, the evaluator's of the same labels."""
    sent = bytearray()
    mine = correcting(backend, secret, SEED, sent.extend, threads).multiply(labels, numbers, shape, 77)
    theirs = corrected(backend, SEED, BytesIO(sent).read, threads).multiply(labels, shape, 77)
    return bytes(sent), mine.tolist(), theirs.tolist()


@settings(deadline=None, max_examples=60)
@example(Transfer(words=2, width=2, signed=True, shared=8193, ring=32), 0)  # rows that hold part of a word
@example(Transfer(words=2, width=2, signed=True, shared=5000, ring=60), 0)
@example(Transfer(words=300, width=2, signed=False, shared=70, ring=32), 0)  # and several
@example(Transfer(words=3, width=2, signed=True, shared=1700, ring=60), 0)  # a word with more blocks than go at once
@example(Transfer(words=9, width=12, signed=True, shared=70, ring=64), 0)
@example(Transfer(words=9, width=32, signed=True, shared=70, ring=32), 0)
@given(SHAPES, st.integers(0, 2**32))
def test_every_path_makes_the_portable_shares(shape: Transfer, seed: int) -> None:
    numbers = np.random.default_rng(seed).integers(0, 1 << 63, (shape.words, shape.shared)).astype(np.uint64)
    labels = fresh(shape.words * shape.width).reshape(shape.words, shape.width, 2)
    secret = LabelSecret.fresh()
    expected = made(PORTABLE, shape, secret, labels, numbers)
    for backend in NATIVE:
        assert made(backend, shape, secret, labels, numbers) == expected


@pytest.mark.parametrize("backend", NATIVE)
def test_words_that_do_not_lie_together(backend: str) -> None:
    shape, secret = Transfer(words=6, width=5, signed=True, shared=9, ring=30), LabelSecret.fresh()
    labels = fresh(30).reshape(5, 6, 2).swapaxes(0, 1)
    numbers = np.arange(54, dtype=np.uint64).reshape(9, 6).T
    assert made(backend, shape, secret, labels, numbers) == made(PORTABLE, shape, secret, labels, numbers)


@pytest.mark.parametrize("backend", NATIVE)
def test_a_destroyed_secret_corrects_nothing(backend: str) -> None:
    shape, secret, sent = Transfer(words=1, width=1, signed=False, shared=1, ring=8), LabelSecret.fresh(), bytearray()
    secret.destroy()
    with pytest.raises(SecretDestroyed):
        correcting(backend, secret, SEED, sent.extend).multiply(
            fresh(1).reshape(1, 1, 2), np.ones((1, 1), dtype=np.uint64), shape, 0
        )
    assert not sent


def wrong_calls() -> Iterator[tuple[str, str, tuple[Any, ...]]]:
    """Of 2 words of 2 bits with 3 numbers of 4 bytes each, padded to 4: what is told, the method, its arguments."""
    labels, delta, own, packed = np.zeros(8, "u8"), np.zeros(2, "u8"), np.zeros((2, 4), "u4"), np.zeros(17, "u8")
    more, both = np.zeros(9, "u4"), (0, 2)
    yield "hash seeds", "correct", (SEED[:15], 0, labels, both, 0, 1, delta, own, own, packed)
    yield "labels", "correct", (SEED, 0, labels[:7].copy(), both, 0, 1, delta, own, own, packed)
    yield "numbers or correlations", "correct", (SEED, 0, labels, both, 0, 1, labels, own, own, packed)
    yield "numbers or correlations", "correct", (SEED, 0, labels, both, 0, 1, delta, more, own, packed)
    yield "shares", "correct", (SEED, 0, labels, both, 0, 1, delta, own, more, packed)
    for bits in ((0, 1), (1, 2)):  # 9 words of 64 bits, and 8
        yield "corrections", "correct", (SEED, 0, labels, bits, 0, 1, delta, own, own, packed)
        yield "corrections", "apply", (SEED, 0, labels, bits, 0, 1, bytes(136), own)
    for bits, part, parts in [
        ((-1, 2), 0, 1),
        ((0, 3), 0, 1),
        ((1, 1), 0, 1),
        (both, 1, 1),
        (both, -1, 1),
        (both, 0, 0),
    ]:
        yield "no such bits", "correct", (SEED, 0, labels, bits, part, parts, delta, own, own, packed)
        yield "no such bits", "apply", (SEED, 0, labels, bits, part, parts, bytes(136), own)
    yield "labels", "apply", (SEED, 0, delta, both, 0, 1, bytes(136), own)
    yield "shares", "apply", (SEED, 0, labels, both, 0, 1, bytes(136), more)


@pytest.mark.parametrize("backend", NATIVE)
def test_wrong_lengths_are_refused(backend: str) -> None:
    from runtime.execute.native import _kernel  # here, because a machine without a compiler has none

    product = _kernel.Product(backend, 2, 2, False, 3, 9, 4, 1, 1, 2048)
    for told, name, arguments in wrong_calls():
        with pytest.raises(ValueError, match=told):
            getattr(product, name)(*arguments)
    wrong = [
        (0, 2, False, 3, 9, 4, 1, 1, 1),
        (2, 2, False, 3, 9, 5, 1, 1, 1),
        (2, 2, False, 5, 9, 4, 1, 1, 1),
        (2, 2, False, 9, 9, 4, 2, 2, 2),
        (2, 10, False, 3, 9, 4, 1, 1, 1),
        (2, 2, False, 3, 33, 4, 1, 1, 1),
        (1 << 20, 2, False, 1 << 20, 9, 4, 1, 1, 1),
        (1 << 20, 2, False, 1, 9, 4, 1 << 20, 1, 1),
    ]
    for shape in wrong:
        with pytest.raises(ValueError, match="no product has this shape"):
            _kernel.Product(backend, *shape)


@pytest.mark.parametrize("backend", NATIVE)
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_windows_and_threads_change_no_byte(backend: str, threads: int) -> None:
    """Of a product whose corrections are some windows, and whose bits threads share."""
    from runtime.execute.native.shares import Form

    shape, secret = Transfer(words=700, width=11, signed=True, shared=90, ring=29), LabelSecret.fresh()
    assert len(Form(backend, shape, threads).windows) > 1
    assert Form(backend, shape, threads).parts == threads
    labels = fresh(shape.words * shape.width).reshape(shape.words, shape.width, 2)
    numbers = np.arange(shape.words * shape.shared, dtype=np.uint64).reshape(shape.words, -1)
    with Threads(threads) as among:
        assert made(backend, shape, secret, labels, numbers, among) == made(PORTABLE, shape, secret, labels, numbers)


@settings(deadline=None)
@given(SHAPES, st.integers(1, 4))
def test_windows_are_all_bits_in_turn(shape: Transfer, parts: int) -> None:
    from runtime.execute.native.shares import windows

    shape = replace(shape, words=1000 * shape.words, shared=10 * shape.shared)  # up to 5 MB a bit
    found = windows(shape, parts)
    assert [bit for window in found for bit in range(*window.bits)] == list(range(shape.width))
    assert sum(window.size for window in found) == shape.correction_bytes
    for (first, behind), size in found:
        assert size <= CHUNK_BYTES or behind - first <= parts
    assert all(behind - first >= parts for (first, behind), _ in found[:-1])


def test_hashes_are_drawn_from_the_seed() -> None:
    """What the tests above compare is not all zeros."""
    shape, secret = Transfer(words=3, width=1, signed=False, shared=4, ring=32), LabelSecret.fresh()
    labels, numbers = fresh(3).reshape(3, 1, 2), np.zeros((3, 4), dtype=np.uint64)
    sent = [bytearray(), bytearray()]
    for data, seed in zip(sent, (SEED, secrets.token_bytes(16)), strict=True):
        correcting((*NATIVE, PORTABLE)[0], secret, seed, data.extend).multiply(labels, numbers, shape, 0)
    assert sent[0] != sent[1]
