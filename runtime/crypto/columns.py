"""The inner loops of oblivious transfer: 512 pseudorandom streams into columns of bits, their folds, their transpose.

32 *trees* have 16 *leaves* each, and every leaf is the seed of a stream.  Bit b of tree i makes column 4i + b: the sum
of the streams of those leaves whose number has bit b.  This is the VOLE over GF(16) of small fields, with a number's
bits for the coordinates of an element, so that no multiplication is left.

No branch and no address depends on a seed, a stream or a column.  `runtime/execute/native/columns.py` does the same in
C, byte for byte.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from runtime.crypto import matrix
from runtime.crypto.labels import LABEL_BITS, Labels
from runtime.crypto.matrix import Words
from runtime.crypto.prg import SEED_BYTES, Prg

DEPTH = 4
LEAVES = 1 << DEPTH
TREES = LABEL_BITS // DEPTH

Leaves: TypeAlias = NDArray[np.uint8]
"""Seeds of shape (TREES, LEAVES, SEED_BYTES)."""


class Streams(Protocol):
    """The streams of all leaves, read piece by piece from their starts."""

    def read(self, words: int) -> tuple[Words, Words]:
        """For each tree the sum of its streams, shape (TREES, words), and the columns, (LABEL_BITS, words); an even
        number of words."""
        ...

    def corrected(self, corrections: Words, mask: Words) -> Words:
        """The columns alone, each plus its tree's correction, of shape (TREES, words), where `mask` of shape
        (LABEL_BITS, 1) is all ones and not zero."""
        ...

    def wipe(self) -> None:
        """Forget the seeds; every later use raises ValueError."""
        ...


class Columns(Protocol):
    """One way of doing it."""

    def streams(self, leaves: Leaves) -> Streams: ...

    def fold(self, columns: Words, factors: Words) -> Words:
        """Σ_b factors[b] · block b of every column, in GF(2^128): (n, words) and (words / 2, 2) to (n, 2)."""
        ...

    def transpose(self, columns: Words) -> Labels:
        """LABEL_BITS columns of n bits as n labels."""
        ...


class PortableStreams:
    def __init__(self, leaves: Leaves) -> None:
        check_leaves(leaves)
        self._trees = [[Prg(leaf.tobytes()) for leaf in tree] for tree in leaves]

    def read(self, words: int) -> tuple[Words, Words]:
        if not self._trees:
            raise ValueError("the seeds of these streams were wiped")
        sums, columns = np.empty((TREES, words), dtype=np.uint64), np.empty((LABEL_BITS, words), dtype=np.uint64)
        size = 8 * words
        zeros, buffer = memoryview(bytes(size)), np.empty(LEAVES * size + 16, dtype=np.uint8)
        places = [buffer.data[start:] for start in range(0, LEAVES * size, size)]
        streams = buffer[:-16].view("<u8").reshape(LEAVES, words)
        for number, tree in enumerate(self._trees):
            for stream, place in zip(tree, places, strict=True):
                stream.write(zeros, place)
            sums[number] = _combined(streams, columns[DEPTH * number : DEPTH * (number + 1)])
        return sums, columns

    def corrected(self, corrections: Words, mask: Words) -> Words:
        _, columns = self.read(corrections.shape[1])
        return columns ^ (mask & np.repeat(corrections, DEPTH, axis=0))

    def wipe(self) -> None:
        self._trees = []


class PortableColumns:
    def streams(self, leaves: Leaves) -> Streams:
        return PortableStreams(leaves)

    def fold(self, columns: Words, factors: Words) -> Words:
        return matrix.fold(columns, factors)

    def transpose(self, columns: Words) -> Labels:
        return matrix.transpose(columns)


PORTABLE = PortableColumns()


def check_leaves(leaves: Leaves) -> None:
    """Raises ValueError for anything but seeds of all leaves."""
    if leaves.shape != (TREES, LEAVES, SEED_BYTES) or leaves.dtype != np.uint8:
        raise ValueError(f"{TREES} trees of {LEAVES} seeds are needed")


def _combined(part: Words, columns: Words) -> Words:
    """The sum of a tree's streams, shape (LEAVES, words); its columns, shape (DEPTH, words), are written.

    Halves of the leaves differ in the highest bit of their numbers: the sum of the upper half is that bit's column,
    and the sum of both halves has half as many leaves.
    """
    for bit in reversed(range(DEPTH)):
        half = 1 << bit
        np.bitwise_xor.reduce(part[half:], axis=0, out=columns[bit])
        part = part[:half] ^ part[half:]
    total: Words = part[0]
    return total
