"""Products as shares in C: the corrections and shares of `products`, bit for bit."""

from __future__ import annotations

import numpy as np

from compiler.schedule.plan import Transfer, packed_bytes
from runtime.crypto.labels import Labels
from runtime.crypto.secret import LabelSecret
from runtime.execute.backend import Numbers, ReceiveTables, SendTables
from runtime.execute.native import _kernel
from runtime.execute.products import weight


class NativeGarblerProducts:
    """The garbler's side; corrections go where tables go."""

    def __init__(self, path: str, seed: bytes, secret: LabelSecret, send: SendTables) -> None:
        self._path, self._seed, self._secret, self._send = path, seed, secret, send

    def multiply(self, zero: Labels, numbers: Numbers, shape: Transfer, row: int) -> Numbers:
        """The garbler's shares (words, shared) of the words with zero labels (words, bits, 2)."""
        product, own = _product(self._path, shape), np.ascontiguousarray(numbers, dtype=shape.dtype)
        share = np.zeros_like(own)
        for bit, labels in enumerate(np.ascontiguousarray(zero.swapaxes(0, 1))):
            left, at = shape.ring - bit, row + bit * shape.rows_of_a_bit
            packed = np.empty(packed_bytes(own.size, left), dtype=np.uint8)
            with self._secret.in_use() as delta:
                product.correct(self._seed, at, labels, delta, own, left, int(weight(shape, bit)), share, packed)
            self._send(packed.data)
        return share.astype(np.uint64)


class NativeEvaluatorProducts:
    """The other side."""

    def __init__(self, path: str, seed: bytes, receive: ReceiveTables) -> None:
        self._path, self._seed, self._receive = path, seed, receive

    def multiply(self, active: Labels, shape: Transfer, row: int) -> Numbers:
        """The evaluator's shares (words, shared) of the words with active labels (words, bits, 2)."""
        product = _product(self._path, shape)
        share = np.zeros((shape.words, shape.shared), dtype=shape.dtype)
        for bit, labels in enumerate(np.ascontiguousarray(active.swapaxes(0, 1))):
            left, at = shape.ring - bit, row + bit * shape.rows_of_a_bit
            packed = self._receive(packed_bytes(share.size, left))
            product.apply(self._seed, at, labels, packed, left, int(weight(shape, bit)), share)
        return share.astype(np.uint64)


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
