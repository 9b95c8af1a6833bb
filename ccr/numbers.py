"""Integers of a grid as the numbers that they mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from compiler.words.integers import Array
from compiler.words.ir import Type


def numbers(name: str, value: Array, type: Type) -> NDArray[Any]:
    """Integers as they are; else float64, exact up to 53 bits.  Raises ValueError for what is too large for it."""
    scale = type.scale
    if scale == 1:
        return value
    try:
        floats = np.asarray(value, np.float64) * scale.numerator / scale.denominator
    except OverflowError:
        raise ValueError(f"`{name}` is too large for float64: ask for `raw=True`, its integers") from None
    return np.asarray(floats)
