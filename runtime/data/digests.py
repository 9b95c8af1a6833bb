"""Many digests of one length in one string of bytes: as an object each, they would take four times the memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def put_in_order(digests: bytearray, size: int) -> None:
    """Sorts them where they are; `size` is the bytes of one."""
    _split(digests, size).sort()


def in_common(some: bytes, others: bytes, size: int) -> int:
    """How many are in both, each as often as in that which has it fewer times."""
    (few, times), (many, other_times) = (
        np.unique(_split(each, size), return_counts=True) for each in sorted((some, others), key=len)
    )
    if not len(few):
        return 0
    at = np.minimum(np.searchsorted(many, few), len(many) - 1)
    return int(np.minimum(times, other_times[at])[many[at] == few].sum())


def _split(digests: bytes | bytearray, size: int) -> NDArray[Any]:
    """NumPy takes strings without the zeros at their ends for equal; of one length they are."""
    return np.frombuffer(digests, f"S{size}")
