"""Whole numbers in the clear, exact at any width: machine words where all of them fit, else Python's own integers.

There is one rule for whoever holds numbers, and for whoever makes numbers of numbers: int64 is taken only where it
holds the result and everything that is computed on the way to it, so that nothing ever wraps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from compiler.words.ir import Type

Array = NDArray[Any]  # int64, or Python's integers (dtype object)
Dtype = type[np.int64] | type[object]
END = 1 << 63  # int64 holds -END .. END - 1


def dtype_for(lo: int, hi: int) -> Dtype:
    """What holds every integer of lo..hi."""
    return np.int64 if lo >= -END and hi < END else object


def dtype_of(type: Type) -> Dtype:
    """What holds every integer of the type's width."""
    return np.int64 if type.width <= 63 + type.signed else object


def as_array(values: Any, type: Type) -> Array:
    """Integers in the type's shape."""
    if isinstance(values, np.generic):  # NumPy would keep its scalar as an object
        values = values.item()
    return np.asarray(values, dtype=dtype_of(type)).reshape(type.shape)


def reach(type: Type) -> int:
    """The largest magnitude of a word of the type's width."""
    return 1 << (type.width - 1) if type.signed else (1 << type.width) - 1


def largest(values: Array) -> int:
    """The largest magnitude that is there."""
    return max(abs(int(values.max())), abs(int(values.min()))) if values.size else 0
