"""Wire labels: arrays of shape (n, 2), uint64, 16 bytes a row in little-endian order.

Bit 0 of element [., 0] is the least significant bit of the label: the permute bit.  The correlation Δ is a
label of shape (1, 2) whose permute bit is 1, so that the two labels of a wire differ in theirs.
"""

from __future__ import annotations

import secrets
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Labels: TypeAlias = NDArray[np.uint64]

LABEL_BYTES = 16
LABEL_BITS = 8 * LABEL_BYTES


def fresh(count: int) -> Labels:
    """`count` labels from the operating system's randomness, shape (count, 2)."""
    return decode(secrets.token_bytes(LABEL_BYTES * count))


def fresh_delta() -> Labels:
    """A correlation Δ from the operating system's randomness, permute bit 1, shape (1, 2)."""
    delta = fresh(1)
    delta[0, 0] |= np.uint64(1)
    return delta


def encode(labels: Labels) -> bytes:
    """The labels' bytes, 16 a row."""
    return labels.astype("<u8", copy=False).tobytes()


def decode(data: bytes | bytearray | memoryview) -> Labels:
    """The inverse of `encode`: a writable array of shape (len(data) / 16, 2).

    Raises ValueError if the length is not a multiple of 16.
    """
    if len(data) % LABEL_BYTES:
        raise ValueError(f"labels take {LABEL_BYTES} bytes each, got {len(data)} bytes")
    return np.frombuffer(data, dtype="<u8").reshape(-1, 2).astype(np.uint64)


def bits(label: Labels) -> NDArray[np.uint8]:
    """The 128 bits of one label of shape (1, 2), least significant first, shape (128,)."""
    return np.unpackbits(label.astype("<u8", copy=False).reshape(-1).view(np.uint8), bitorder="little")
