"""Products as shares in C: the corrections and shares of `products`, bit for bit.

Threads of one party each make a bit of all words, and add it to shares of their own, which are added up in the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from compiler.schedule.plan import Transfer, packed_bytes
from runtime.crypto.labels import Labels
from runtime.crypto.secret import LabelSecret
from runtime.execute.backend import Numbers, ReceiveTables, SendTables
from runtime.execute.native import _kernel
from runtime.execute.native.engine import aligned
from runtime.execute.products import weight
from runtime.execute.threads import Threads

BIT_BYTES = 1 << 16  # of corrections of one bit, from which on another thread is woken for it

Share = NDArray[Any]  # numbers of the shape's type


class Bit(NamedTuple):  # one is made for each bit of each product, which a data class takes four times as long for
    """One bit of all words, and whose thread works with what on it."""

    number: int
    row: int
    left: int  # bits of each of its corrections
    size: int  # bytes of all of them
    weight: int
    product: _kernel.Product
    share: Share


class Shares:
    """Of one product."""

    def __init__(self, path: str, shape: Transfer, row: int, threads: Threads) -> None:
        large = packed_bytes(shape.words * shape.shared, shape.ring) >= BIT_BYTES
        parts = min(threads.count, shape.width) if large else 1
        self._shape, self._row, self._rows = shape, row, shape.rows_of_a_bit
        self._products = [_product(path, shape) for _ in range(parts)]
        self._shares: list[Share] = [np.zeros((shape.words, shape.shared), shape.dtype) for _ in range(parts)]

    def rounds(self) -> Iterator[list[Bit]]:
        """The bits, so many at once as there are parts."""
        parts = len(self._products)
        for first in range(0, self._shape.width, parts):
            yield [self._bit(number) for number in range(first, min(first + parts, self._shape.width))]

    def _bit(self, number: int) -> Bit:
        shape, part = self._shape, number % len(self._products)
        row, left = self._row + number * self._rows, shape.ring - number
        size = packed_bytes(shape.words * shape.shared, left)
        return Bit(number, row, left, size, int(weight(shape, number)), self._products[part], self._shares[part])

    def rooms(self) -> list[NDArray[np.uint8]]:
        """For the corrections of as many bits as are made at once."""
        return [aligned(self._bit(0).size) for _ in self._products]

    def total(self) -> Numbers:
        first, *others = self._shares
        for other in others:
            first += other
        return first.astype(np.uint64)


class NativeGarblerProducts:
    """The garbler's side; corrections go where tables go."""

    def __init__(self, path: str, seed: bytes, secret: LabelSecret, send: SendTables, threads: Threads) -> None:
        self._path, self._seed, self._secret, self._send, self._threads = path, seed, secret, send, threads

    def multiply(self, zero: Labels, numbers: Numbers, shape: Transfer, row: int) -> Numbers:
        """The garbler's shares (words, shared) of the words with zero labels (words, bits, 2)."""
        shares, own = Shares(self._path, shape, row, self._threads), np.ascontiguousarray(numbers, dtype=shape.dtype)
        labels, rooms = np.ascontiguousarray(zero.swapaxes(0, 1)), shares.rooms()
        for bits in shares.rounds():
            packed = [room[: bit.size] for room, bit in zip(rooms, bits, strict=False)]
            with self._secret.in_use() as delta:
                self._threads.each(len(bits), partial(self._correct, bits, labels, delta, own, packed))
            for corrections in packed:
                self._send(corrections.data)
        return shares.total()

    def _correct(
        self,
        bits: Sequence[Bit],
        labels: Labels,
        delta: Labels,
        own: Share,
        packed: Sequence[NDArray[np.uint8]],
        part: int,
    ) -> None:
        bit, to = bits[part], packed[part]
        bit.product.correct(self._seed, bit.row, labels[bit.number], delta, own, bit.left, bit.weight, bit.share, to)


class NativeEvaluatorProducts:
    """The other side."""

    def __init__(self, path: str, seed: bytes, receive: ReceiveTables, threads: Threads) -> None:
        self._path, self._seed, self._receive, self._threads = path, seed, receive, threads

    def multiply(self, active: Labels, shape: Transfer, row: int) -> Numbers:
        """The evaluator's shares (words, shared) of the words with active labels (words, bits, 2)."""
        shares = Shares(self._path, shape, row, self._threads)
        labels = np.ascontiguousarray(active.swapaxes(0, 1))
        for bits in shares.rounds():
            ends = list(accumulate((bit.size for bit in bits), initial=0))
            data = memoryview(self._receive(ends[-1]))
            packed = [data[start:end] for start, end in pairwise(ends)]
            self._threads.each(len(bits), partial(self._apply, bits, labels, packed))
        return shares.total()

    def _apply(self, bits: Sequence[Bit], labels: Labels, packed: Sequence[memoryview], part: int) -> None:
        bit = bits[part]
        bit.product.apply(self._seed, bit.row, labels[bit.number], packed[part], bit.left, bit.weight, bit.share)


def _product(path: str, shape: Transfer) -> _kernel.Product:
    return _kernel.Product(
        path,
        shape.words,
        shape.shared,
        shape.number_bytes,
        shape.blocks,
        shape.rows_of_a_word,
        shape.words_of_a_row,
    )
