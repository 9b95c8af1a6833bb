"""Many digests of one length in one string of bytes: as an object each, they would take four times the memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_FIRST = np.array([bytes([byte]) for byte in range(256)])
"""A digest's first byte: what begins alike is compared at once."""


def put_in_order(digests: bytearray, size: int) -> None:
    """Sorts them where they are; `size` is the bytes of one."""
    _split(digests, size).sort()


def in_common(some: bytes, others: bytes, size: int) -> int:
    """How many are in both, each as often as in that which has it fewer times.  Both are in order."""
    one, two = _split(some, size), _split(others, size)
    ends = [[0, *np.searchsorted(each, _FIRST[1:]).tolist(), len(each)] for each in (one, two)]
    cuts = zip(*(map(slice, at, at[1:]) for at in ends), strict=True)
    return sum(_in_common(one[here], two[there]) for here, there in cuts)


def _in_common(some: NDArray[Any], others: NDArray[Any]) -> int:
    if not len(some) or not len(others):
        return 0
    (few, times), (many, other_times) = (np.unique(each, return_counts=True) for each in (some, others))
    at = np.minimum(np.searchsorted(many, few), len(many) - 1)
    return int(np.minimum(times, other_times[at])[many[at] == few].sum())


def _split(digests: bytes | bytearray, size: int) -> NDArray[Any]:
    """NumPy takes strings without the zeros at their ends for equal; of one length they are."""
    return np.frombuffer(digests, f"S{size}")
