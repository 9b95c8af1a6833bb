"""Columns of bits in C: those of `runtime/crypto/columns.py`, byte for byte."""

from __future__ import annotations

import numpy as np

from runtime.crypto.columns import TREES, Leaves, check_leaves
from runtime.crypto.labels import LABEL_BITS, Labels
from runtime.crypto.matrix import Words
from runtime.execute.native import _kernel


class NativeStreams:
    def __init__(self, path: str, leaves: Leaves) -> None:
        check_leaves(leaves)
        self._code = _kernel.Streams(path, np.ascontiguousarray(leaves))

    def read(self, words: int) -> tuple[Words, Words]:
        sums, columns = np.empty((TREES, words), dtype=np.uint64), np.empty((LABEL_BITS, words), dtype=np.uint64)
        self._code.read(sums, columns)
        return sums, columns

    def corrected(self, corrections: Words, mask: Words) -> Words:
        columns = np.empty((LABEL_BITS, corrections.shape[1]), dtype=np.uint64)
        self._code.corrected(np.ascontiguousarray(corrections), mask, columns)
        return columns

    def wipe(self) -> None:
        self._code.wipe()


class NativeColumns:
    def __init__(self, path: str) -> None:
        self._path = path

    def streams(self, leaves: Leaves) -> NativeStreams:
        return NativeStreams(self._path, leaves)

    def fold(self, columns: Words, factors: Words) -> Words:
        folds = np.empty((len(columns), 2), dtype=np.uint64)
        _kernel.fold(self._path, np.ascontiguousarray(columns), factors, folds)
        return folds

    def transpose(self, columns: Words) -> Labels:
        labels = np.empty((64 * columns.shape[1], 2), dtype=np.uint64)
        _kernel.transpose(self._path, np.ascontiguousarray(columns), labels)
        return labels
