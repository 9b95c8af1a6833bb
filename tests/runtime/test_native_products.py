"""Products in C: the corrections and shares of the portable functions, on every path that this CPU has."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
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
from runtime.execute.engines import PORTABLE, corrected, correcting

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


def made(backend: str, shape: Transfer, secret: LabelSecret, labels: Labels, numbers: Numbers) -> tuple[Any, ...]:
    """Corrections, and both shares, the evaluator's of the same labels."""
    sent = bytearray()
    mine = correcting(backend, secret, SEED, sent.extend).multiply(labels, numbers, shape, 77)
    theirs = corrected(backend, SEED, BytesIO(sent).read).multiply(labels, shape, 77)
    return bytes(sent), mine.tolist(), theirs.tolist()


@settings(deadline=None, max_examples=60)
@example(Transfer(words=2, width=2, signed=True, shared=8193, ring=32), 0)  # rows that hold part of a word
@example(Transfer(words=2, width=2, signed=True, shared=5000, ring=60), 0)
@example(Transfer(words=300, width=2, signed=False, shared=70, ring=32), 0)  # and several
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
    """Of 2 words with 3 numbers of 4 bytes each: what is told, the method, its arguments."""
    labels, delta, own, packed = np.zeros(4, "u8"), np.zeros(2, "u8"), np.zeros((2, 3), "u4"), np.zeros(9, "u8")
    more = np.zeros(7, "u4")
    yield "hash seeds", "correct", (SEED[:15], 0, labels, delta, own, 9, 1, own, packed)
    yield "labels", "correct", (SEED, 0, labels[:3].copy(), delta, own, 9, 1, own, packed)
    yield "numbers or correlations", "correct", (SEED, 0, labels, labels, own, 9, 1, own, packed)
    yield "numbers or correlations", "correct", (SEED, 0, labels, delta, more, 9, 1, own, packed)
    yield "shares", "correct", (SEED, 0, labels, delta, own, 9, 1, more, packed)
    for bits in (0, 8, 10, 33):
        yield "corrections", "correct", (SEED, 0, labels, delta, own, bits, 1, own, packed)
        yield "corrections", "apply", (SEED, 0, labels, bytes(72), bits, 1, own)
    yield "labels", "apply", (SEED, 0, delta, bytes(72), 9, 1, own)
    yield "shares", "apply", (SEED, 0, labels, bytes(72), 9, 1, more)


@pytest.mark.parametrize("backend", NATIVE)
def test_wrong_lengths_are_refused(backend: str) -> None:
    from runtime.execute.native import _kernel  # here, because a machine without a compiler has none

    product = _kernel.Product(backend, 2, 3, 4, 1, 1, 2048)
    for told, name, arguments in wrong_calls():
        with pytest.raises(ValueError, match=told):
            getattr(product, name)(*arguments)
    wrong = [
        (0, 3, 4, 1, 1, 1),
        (2, 3, 5, 1, 1, 1),
        (2, 5, 4, 1, 1, 1),
        (2, 9, 4, 2, 2, 2),
        (1 << 20, 1 << 20, 4, 1, 1, 1),
    ]
    for shape in wrong:
        with pytest.raises(ValueError, match="no product has this shape"):
            _kernel.Product(backend, *shape)


def test_hashes_are_drawn_from_the_seed() -> None:
    """What the tests above compare is not all zeros."""
    shape, secret = Transfer(words=3, width=1, signed=False, shared=4, ring=32), LabelSecret.fresh()
    labels, numbers = fresh(3).reshape(3, 1, 2), np.zeros((3, 4), dtype=np.uint64)
    sent = [bytearray(), bytearray()]
    for data, seed in zip(sent, (SEED, secrets.token_bytes(16)), strict=True):
        correcting((*NATIVE, PORTABLE)[0], secret, seed, data.extend).multiply(labels, numbers, shape, 0)
    assert sent[0] != sent[1]
