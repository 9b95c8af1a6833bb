"""Products as shares in C: the corrections and shares of `products`, bit for bit.

A window of bits of all words goes to C in one call.  Threads of one party each make some bits of it, and add them to
shares of their own, which are added up in the end.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from compiler.schedule.plan import Transfer, packed_bytes
from runtime.crypto.labels import Labels
from runtime.crypto.secret import LabelSecret
from runtime.execute.backend import CHUNK_BYTES, Numbers, ReceiveTables, SendTables
from runtime.execute.native import _kernel
from runtime.execute.native.engine import aligned
from runtime.execute.threads import Threads

WORTH = 1 << 17  # of corrections of a product for each thread, from which it is shared

Padded = NDArray[Any]  # numbers of the shape's type, of each word as many as its hashes give


class Window(NamedTuple):
    """Bits that are made in one go."""

    bits: tuple[int, int]  # the first, and the one behind the last
    size: int  # bytes of their corrections


class Form:
    """All that follows from the shape of a product."""

    def __init__(self, path: str, shape: Transfer, threads: int) -> None:
        self.product = _product(path, shape)
        self.parts = max(1, min(threads, shape.width, shape.correction_bytes // WORTH))
        self.windows = windows(shape, self.parts)
        self._shape, self._padded = shape, shape.rows_of_a_word * shape.blocks * 16 // shape.number_bytes

    def zeros(self) -> Padded:
        return np.zeros((self._shape.words, self._padded), dtype=self._shape.dtype)

    def padded(self, numbers: Numbers) -> Padded:
        made = self.zeros()
        made[:, : self._shape.shared] = numbers
        return made

    def total(self, shares: list[Padded]) -> Numbers:
        first, *others = shares
        for other in others:
            first += other
        return first[:, : self._shape.shared].astype(np.uint64)


def windows(shape: Transfer, parts: int) -> list[Window]:
    """As many bits each as CHUNK_BYTES hold, at least one for each part."""
    found: list[Window] = []
    first = size = 0
    for bit in range(shape.width):
        more = packed_bytes(shape.words * shape.shared, shape.ring - bit)
        if bit - first >= parts and size + more > CHUNK_BYTES:
            found.append(Window((first, bit), size))
            first, size = bit, 0
        size += more
    return [*found, Window((first, shape.width), size)]


class _Products:
    """What both sides share: the forms of all shapes that they have met."""

    def __init__(self, path: str, threads: Threads) -> None:
        self._form: Callable[[Transfer], Form] = cache(lambda shape: Form(path, shape, threads.count))
        self._threads = threads


class NativeGarblerProducts(_Products):
    """The garbler's side; corrections go where tables go."""

    def __init__(self, path: str, seed: bytes, secret: LabelSecret, send: SendTables, threads: Threads) -> None:
        super().__init__(path, threads)
        self._seed, self._secret, self._send = seed, secret, send
        self._packed = aligned(0)

    def multiply(self, zero: Labels, numbers: Numbers, shape: Transfer, row: int) -> Numbers:
        """The garbler's shares (words, shared) of the words with zero labels (words, bits, 2)."""
        form = self._form(shape)
        labels, own = np.ascontiguousarray(zero.swapaxes(0, 1)), form.padded(numbers)
        shares = [form.zeros() for _ in range(form.parts)]
        for window in form.windows:
            packed = self._room(window.size)
            with self._secret.in_use() as delta:
                work = partial(self._correct, form, row, labels, window.bits, delta, own, shares, packed)
                self._threads.each(form.parts, work)
            self._send(packed.data)
        return form.total(shares)

    def _correct(
        self,
        form: Form,
        row: int,
        labels: Labels,
        bits: tuple[int, int],
        delta: Labels,
        own: Padded,
        shares: list[Padded],
        packed: NDArray[np.uint8],
        part: int,
    ) -> None:
        form.product.correct(self._seed, row, labels, bits, part, form.parts, delta, own, shares[part], packed)

    def _room(self, size: int) -> NDArray[np.uint8]:
        if size > len(self._packed):
            self._packed = aligned(size)
        return self._packed[:size]


class NativeEvaluatorProducts(_Products):
    """The other side."""

    def __init__(self, path: str, seed: bytes, receive: ReceiveTables, threads: Threads) -> None:
        super().__init__(path, threads)
        self._seed, self._receive = seed, receive

    def multiply(self, active: Labels, shape: Transfer, row: int) -> Numbers:
        """The evaluator's shares (words, shared) of the words with active labels (words, bits, 2)."""
        form, labels = self._form(shape), np.ascontiguousarray(active.swapaxes(0, 1))
        shares = [form.zeros() for _ in range(form.parts)]
        for window in form.windows:
            packed = self._receive(window.size)
            work = partial(self._apply, form, row, labels, window.bits, packed, shares)
            self._threads.each(form.parts, work)
        return form.total(shares)

    def _apply(
        self,
        form: Form,
        row: int,
        labels: Labels,
        bits: tuple[int, int],
        packed: bytes | bytearray | memoryview,
        shares: list[Padded],
        part: int,
    ) -> None:
        form.product.apply(self._seed, row, labels, bits, part, form.parts, packed, shares[part])


def _product(path: str, shape: Transfer) -> _kernel.Product:
    return _kernel.Product(
        path,
        shape.words,
        shape.width,
        shape.signed,
        shape.shared,
        shape.ring,
        shape.number_bytes,
        shape.blocks,
        shape.rows_of_a_word,
        shape.words_of_a_row,
    )
