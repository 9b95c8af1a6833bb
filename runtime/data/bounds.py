"""`where norm2(x) <= c` on rows of grid integers, decided by integers alone."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
from numpy.typing import NDArray

from runtime.data.specs import Kind


def first_above(rows: NDArray[np.int64], kind: Kind, bound: Fraction) -> int | None:
    """The first row of shape (n, columns) whose Euclidean norm is above `bound`; None if none is."""
    squares = sum_of_squares(rows)
    limit = floor((bound * (1 << kind.fraction)) ** 2)  # a sum of squares is an integer
    above = np.flatnonzero(squares > limit)
    return int(above[0]) if len(above) else None


def sum_of_squares(rows: NDArray[np.int64]) -> NDArray[np.int64] | NDArray[np.object_]:
    """Exact, shape (n,): in int64 if it cannot wrap, else in Python's integers."""
    largest = max(abs(int(rows.min(initial=0))), abs(int(rows.max(initial=0))))
    if largest**2 * rows.shape[1] < 1 << 63:
        return np.asarray((rows * rows).sum(axis=1))
    wide = rows.astype(object)
    return np.asarray((wide * wide).sum(axis=1), dtype=object)
