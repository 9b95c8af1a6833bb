"""A pseudorandom stream from a 16-byte seed: AES-128 in counter mode."""

from __future__ import annotations

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from numpy.typing import NDArray

SEED_BYTES = 16
_BLOCK = 16


class Prg:
    """The AES-128-CTR key stream of one seed, read piece by piece from its start.

    A seed must serve one stream only: the counter starts at zero, or at the block that is read first.  Not safe to
    share between threads.
    """

    def __init__(self, seed: bytes, first: int = 0) -> None:
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a seed is {SEED_BYTES} bytes, got {len(seed)}")
        self._encryptor = Cipher(AES(seed), CTR(first.to_bytes(_BLOCK, "big"))).encryptor()

    def bytes(self, count: int) -> NDArray[np.uint8]:
        """The next `count` bytes of the stream, shape (count,)."""
        # update_into may write up to a block less one byte beyond the data.
        out = np.empty(count + _BLOCK - 1, dtype=np.uint8)
        self._encryptor.update_into(bytes(count), out.data)
        return out[:count]

    def write(self, zeros: memoryview, to: memoryview) -> None:
        """The next bytes of the stream, as many as there are zeros, to the front of `to`, with room for 15 more."""
        self._encryptor.update_into(zeros, to)

    def words(self, count: int) -> NDArray[np.uint64]:
        """The next 8 * `count` bytes of the stream as little-endian words, shape (count,)."""
        return self.bytes(8 * count).view("<u8").astype(np.uint64, copy=False)
