"""The hash of half-gates: H(x, j) = pi(pi(x) ^ j) ^ pi(x), a whole tile of lanes at a time.

This is TMMO of Guo, Katz, Wang, Yu, "Efficient and Secure Multiparty Computation from Fixed-Key Block Ciphers"
(ePrint 2019/074, section 7.4): tweakable circular correlation robust when pi is an ideal permutation, which is what
half-gates with free XOR need.  pi is AES-128 and *not* under one fixed key: each table row (one AND gate over one tile
of lanes) has a key of its own, seed ^ row, so that a row's tables are one instance of few queries and the bound does
not fall with the length of a run (the multi-instance argument of Guo, Katz, Wang, Weng, Yu, ePrint 2019/1168).
The tweak j = 2 * lane + half keeps a row's queries apart even where lanes or operands share a label.

The seed is public and the garbler draws it after the circuit is fixed: the hash protects the garbler alone.
"""

from __future__ import annotations

import sys

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from runtime.crypto.labels import LABEL_BYTES, Labels

if sys.byteorder != "little":
    raise ImportError("the portable backend takes labels in memory as their bytes, which needs a little-endian machine")

HASH_SEED_BYTES = 16
_ECB = ECB()  # one block at a time is exactly the permutation


class TileHash:
    """The hash over `lanes` lanes of several operands; operand i has the tweaks 2 * lane + halves[i].

    Write `input`, call with the row, read `output`: both of shape (len(halves), lanes, 2), kept from call to call.
    """

    __slots__ = (
        "_from_input",
        "_from_middle",
        "_inner",
        "_middle",
        "_seed",
        "_to_inner",
        "_to_output",
        "_tweaks",
        "input",
        "output",
    )

    def __init__(self, seed: bytes, halves: tuple[int, ...], lanes: int) -> None:
        if len(seed) != HASH_SEED_BYTES:
            raise ValueError(f"a hash seed is {HASH_SEED_BYTES} bytes, got {len(seed)}")
        shape = (len(halves), lanes, 2)
        self._seed = int.from_bytes(seed, "little")
        self._tweaks = tweaks(halves, lanes)
        self.input, self._from_input = _buffer(shape)
        self._inner, self._to_inner = _buffer(shape, LABEL_BYTES - 1)
        self._middle, self._from_middle = _buffer(shape)
        self.output, self._to_output = _buffer(shape, LABEL_BYTES - 1)

    def __call__(self, row: int) -> None:
        """Hash `input` into `output` under the key of table row `row` (0 <= row < 2^64)."""
        encrypt = Cipher(AES((self._seed ^ row).to_bytes(HASH_SEED_BYTES, "little")), _ECB).encryptor().update_into
        encrypt(self._from_input, self._to_inner)
        np.bitwise_xor(self._inner, self._tweaks, self._middle)
        encrypt(self._from_middle, self._to_output)
        np.bitwise_xor(self.output, self._inner, self.output)


def tweaks(halves: tuple[int, ...], lanes: int) -> Labels:
    """j = 2 * lane + half as 16 bytes, little-endian; shape (len(halves), lanes, 2)."""
    result = np.zeros((len(halves), lanes, 2), dtype=np.uint64)
    result[:, :, 0] = 2 * np.arange(lanes, dtype=np.uint64) + np.array(halves, dtype=np.uint64)[:, None]
    return result


def _buffer(shape: tuple[int, int, int], slack: int = 0) -> tuple[Labels, memoryview]:
    """Labels and their bytes; `update_into` wants a block less one byte of room behind what it writes."""
    size = shape[0] * shape[1] * LABEL_BYTES
    data = np.zeros(size + slack + (-slack) % 8, dtype=np.uint8)
    return data[:size].view(np.uint64).reshape(shape), data.data
