"""How few ANDs a function of four variables takes, and how: products of sums, the last ones added up.

A function counts up to the sums that are added to it, which are free: so there are 2^11, one for each choice of the
products of two and more variables in its algebraic normal form.  Functions are integers of 16 bits, bit v the value
where the variables are the bits of v.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

VARIABLES = 4
ROWS = 1 << VARIABLES
ALL = (1 << ROWS) - 1
COSETS = 1 << (ROWS - 1 - VARIABLES)
INPUTS = tuple(sum(1 << v for v in range(ROWS) if v >> i & 1) for i in range(VARIABLES))


@dataclass(frozen=True, slots=True)
class Recipe:
    """Each product has two factors, sums of 1 (bit 0), the variables (1 to 4) and earlier products (from 5 on)."""

    products: tuple[tuple[int, int], ...]
    result: int  # a sum of products alone, bit 0 the first


def normal_form(function: int, variables: int = VARIABLES) -> int:
    """Bit m is set where the product of the variables in m is one of the terms (Moebius)."""
    for i in range(variables):
        step = 1 << i
        low = sum(1 << v for v in range(1 << variables) if not v & step)
        function ^= (function & low) << step
    return function


def coset(function: int) -> int:
    """The terms that are not free."""
    return int(_cosets()[function])


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
def recipes() -> dict[int, Recipe]:
    """The cheapest that is found of each coset, by it."""
    found = {0: Recipe((), 0)}
    single = {key: factors for key, factors, _ in _products(()) if key}
    for key, factors in single.items():
        found[key] = Recipe((factors,), 1)
    firsts = sorted(single.values())
    for first in firsts:
        for key, factors, beside in _products((first,)):
            found.setdefault(key, Recipe((first, factors), 2 | beside))
    for first, second in combinations(firsts, 2):
        if len(found) == COSETS:
            break
        for key, factors, beside in _products((first, second)):
            found.setdefault(key, Recipe((first, second, factors), 4 | beside))
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
