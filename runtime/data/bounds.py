"""`where norm2(x) <= c` on rows of grid integers, decided by integers alone."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np

from compiler.words.integers import Array
from runtime.data.specs import Kind


def above(rows: Array, kind: Kind, bound: Fraction) -> list[int]:
    """The rows of shape (n, columns) whose Euclidean norm is above `bound`, ascending."""
    limit = floor((bound * (1 << kind.fraction)) ** 2)  # a sum of squares is an integer
    return [int(row) for row in np.flatnonzero(sum_of_squares(rows) > limit)]


def sum_of_squares(rows: Array) -> Array:
    """Exact, shape (n,): in int64 if it cannot wrap, else in Python's integers."""
    largest = max(abs(int(rows.min(initial=0))), abs(int(rows.max(initial=0))))
    if largest**2 * rows.shape[1] < 1 << 63:
        return np.asarray((rows * rows).sum(axis=1))
    wide = rows.astype(object)
    return np.asarray((wide * wide).sum(axis=1), dtype=object)
