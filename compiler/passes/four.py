"""How few ANDs a function of four variables takes, and how: the cheapest recipe of each of 2^11 cosets, one for each
choice of the products of two and more variables in the algebraic normal form.

Masks are those of `Recipe` (recipes.py), but that products follow after four variables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

VARIABLES = 4
ROWS = 1 << VARIABLES
ALL = (1 << ROWS) - 1
COSETS = 1 << (ROWS - 1 - VARIABLES)
INPUTS = tuple(sum(1 << v for v in range(ROWS) if v >> i & 1) for i in range(VARIABLES))


Made = tuple[tuple[tuple[int, int], ...], int]  # products, and a sum of them


@cache
def _cosets() -> NDArray[np.uint16]:
    """Of every function."""
    forms = np.arange(1 << ROWS, dtype=np.uint32)
    for i in range(VARIABLES):
        low = sum(1 << v for v in range(ROWS) if not v >> i & 1)
        forms ^= (forms & low) << (1 << i)
    free = 1 | sum(1 << (1 << i) for i in range(VARIABLES))
    return (forms & (ALL & ~free)).astype(np.uint16)


@cache
def recipes() -> dict[int, Made]:
    """The cheapest that is found of each coset, by it."""
    found: dict[int, Made] = {0: ((), 0)}
    single = {key: factors for key, factors, _ in _products(()) if key}
    for key, factors in single.items():
        found[key] = (factors,), 1
    firsts = sorted(single.values())
    for first in firsts:
        for key, factors, beside in _products((first,)):
            found.setdefault(key, ((first, factors), 2 | beside))
    for first, second in combinations(firsts, 2):
        if len(found) == COSETS:
            break
        for key, factors, beside in _products((first, second)):
            found.setdefault(key, ((first, second, factors), 4 | beside))
    return found


def _products(before: tuple[tuple[int, int], ...]) -> Iterator[tuple[int, tuple[int, int], int]]:
    """One product more: what comes of it alone or with the sum of some of those before, each coset once."""
    values = [np.uint16(ALL), *map(np.uint16, INPUTS)]
    for a, b in before:
        values.append(np.uint16(_sum(a, values) & _sum(b, values)))
    count = len(values)
    sums = np.zeros(1 << count, dtype=np.uint16)
    for i, value in enumerate(values):
        sums[1 << i : 2 << i] = sums[: 1 << i] ^ value
    made = sums[:, None] & sums[None, :]
    for beside in range(1 << len(before)):
        extra = _sum(beside << (1 + VARIABLES), values)
        keys, places = np.unique(_cosets()[made ^ np.uint16(extra)], return_index=True)
        for key, place in zip(keys.tolist(), places.tolist(), strict=True):
            yield key, divmod(place, 1 << count), beside


def _sum(mask: int, values: Sequence[np.uint16]) -> int:
    total = 0
    for i, value in enumerate(values):
        if mask >> i & 1:
            total ^= int(value)
    return total
