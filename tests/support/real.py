"""The functions that are not exact as real functions, in fifty digits, by their names in the language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Real = Callable[[Sequence[Decimal]], list[Decimal]]  # of a vector

DIGITS = Context(prec=50)
BEYOND = Decimal(2) ** 128  # every kind: where a function has no value it stops at the end of the kind
LARGEST = Decimal(130)  # e to it is beyond, too

EACH: dict[str, Callable[[Decimal], Decimal]] = {  # element by element
    "exp": lambda v: min(v, LARGEST).exp(),
    "log": lambda v: v.ln() if v > 0 else -BEYOND,
    "rsqrt": lambda v: 1 / v.sqrt() if v > 0 else BEYOND,
    "sqrt": lambda v: max(v, Decimal(0)).sqrt(),
    "sigmoid": lambda v: 1 / (1 + min(-v, LARGEST).exp()),
    "tanh": lambda v: 1 - 2 / (min(2 * v, LARGEST).exp() + 1),
}


def softmax(x: Sequence[Decimal]) -> list[Decimal]:
    powers = [(v - max(x)).exp() for v in x]
    return [p / sum(powers) for p in powers]


def norm2(x: Sequence[Decimal]) -> list[Decimal]:
    return [sum((v * v for v in x), Decimal(0)).sqrt()]


def each(function: Callable[[Decimal], Decimal]) -> Real:
    return lambda x: [function(v) for v in x]


REAL: dict[str, Real] = {name: each(f) for name, f in EACH.items()} | {"softmax": softmax, "norm2": norm2}

TRIED: dict[str, tuple[int, int]] = {  # between which integers times 2^-10 it is differentiated
    "exp": (-4000, 3000),
    "log": (300, 8000),
    "sqrt": (300, 8000),
    "rsqrt": (300, 8000),
    "sigmoid": (-6000, 6000),
    "tanh": (-4000, 4000),
    "softmax": (-3000, 3000),
    "norm2": (-5000, 5000),
}


def of(name: str, x: NDArray[Any], axis: int | None) -> NDArray[Any]:
    """Of an array of Fractions: `softmax` along an axis (the last one if none is given), `norm2` of all."""
    with localcontext(DIGITS):
        numbers = np.asarray(np.frompyfunc(lambda v: Decimal(v.numerator) / v.denominator, 1, 1)(x), dtype=object)
        if name == "norm2":
            found: Any = np.array(norm2(list(numbers.reshape(-1)))[0], dtype=object)
        elif name == "softmax":
            moved = np.moveaxis(numbers, -1 if axis is None else axis, -1)
            rows = [softmax(list(row)) for row in moved.reshape(-1, moved.shape[-1])]
            shares = np.array(rows, dtype=object).reshape(moved.shape)
            found = np.moveaxis(shares, -1, -1 if axis is None else axis)
        else:
            found = np.frompyfunc(EACH[name], 1, 1)(numbers)
        return np.asarray(np.frompyfunc(Fraction, 1, 1)(found), dtype=object)
