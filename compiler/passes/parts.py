"""A function of some variables taken apart into functions of at most five, one after the other.

Few variables may go together: where all others see only two different things of x and y, it is a function of those two
(a disjoint decomposition: Ashenhurst, The decomposition of switching functions, 1957).  Or all others go together: a
carry is the majority of two bits and of the carry below.  What is left in the end has a recipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import combinations
from typing import NamedTuple

from compiler.passes.recipes import ROWS, VARIABLES, ands

TOGETHER = 3  # variables that become one, at most
_Values = dict[int, int]


class Part(NamedTuple):
    """A function of variables and of earlier parts, which are counted on from the variables."""

    operands: tuple[int, ...]
    function: int  # of `VARIABLES`, the first ones the operands


def parts(function: int, variables: int, most: int) -> list[Part] | None:
    """The last of them is the function; None where they are not found, or take more than so many ANDs."""
    found = _Apart(variables, most)
    return found.parts if found.take(function, {i: i for i in range(variables)}) is not None else None


@cache
def variable(number: int, rows: int) -> int:
    """Its values, where row v has bit `number` of v."""
    return sum(1 << v for v in range(rows) if v >> number & 1)


class _Apart:
    """Functions are of all variables throughout, by 2^variables bits; one that has been joined to another has no
    influence any more, and that other stands for both."""

    def __init__(self, variables: int, most: int) -> None:
        self.parts: list[Part] = []
        self._variables, self._left = variables, most
        self._rows = 1 << variables
        self._every = (1 << self._rows) - 1

    def take(self, function: int, stands: _Values) -> int | None:
        """The variable or part that is the function, where each variable stands for one; None as above."""
        while True:
            stands = {i: at for i, at in stands.items() if self._of(function, i, 0) != self._of(function, i, 1)}
            if len(stands) <= VARIABLES:
                return self._add([*stands.values()], self._table(function, [*stands]))
            for place in stands:
                seen = self._seen(function, (place,))
                if (rest := self._one(seen)) is not None:
                    return self._above(rest, (place,), seen, stands)
            joined = None
            for places in (p for count in range(2, 1 + TOGETHER) for p in combinations(stands, count)):
                seen = self._seen(function, places)
                if len(set(seen)) == 2:
                    joined = places, seen
                    break
                if len(places) == 2 and (rest := self._one(seen)) is not None:
                    return self._above(rest, places, seen, stands)
            if joined is None:
                return None
            places, seen = joined
            part = self._add([stands[i] for i in places], _spread([values == seen[-1] for values in seen]))
            if part is None:
                return None
            one = next(values for values in seen if values != seen[-1])
            chosen = variable(places[0], self._rows)
            function = one & ~chosen | seen[-1] & chosen
            stands = {i: at for i, at in stands.items() if i not in places[1:]} | {places[0]: part}

    def _above(self, rest: int, places: Sequence[int], seen: Sequence[int], stands: _Values) -> int | None:
        """What is a function of few variables, and of one of all others."""
        below = self.take(rest, {i: at for i, at in stands.items() if i not in places})
        if below is None:
            return None
        low = [values in (self._every, self._every ^ rest) for values in seen]
        high = [values in (self._every, rest) for values in seen]
        return self._add([*(stands[i] for i in places), below], _spread([*low, *high]))

    def _add(self, operands: Sequence[int], function: int) -> int | None:
        self._left -= ands(function)
        if self._left < 0:
            return None
        self.parts.append(Part(tuple(operands), function))
        return self._variables + len(self.parts) - 1

    # -- values

    def _of(self, function: int, place: int, bit: int) -> int:
        """Where a variable is this bit, as a function that it has no influence on."""
        low = self._every ^ variable(place, self._rows)
        half = (function >> (1 << place) if bit else function) & low
        return half | half << (1 << place)

    def _seen(self, function: int, places: Sequence[int]) -> list[int]:
        """For all values of some variables, the first the lowest bit."""
        found = [function]
        for place in reversed(places):
            found = [self._of(each, place, bit) for each in found for bit in (0, 1)]
        return found

    def _one(self, seen: Sequence[int]) -> int | None:
        """The function, with its inverse and constants, that all are, if there is one."""
        varying = [values for values in seen if values not in (0, self._every)]
        if not varying or any(values not in (varying[0], self._every ^ varying[0]) for values in varying):
            return None
        return varying[0]

    def _table(self, function: int, places: Sequence[int]) -> int:
        rows = (sum((v >> i & 1) << place for i, place in enumerate(places)) for v in range(1 << len(places)))
        return _spread([bool(function >> row & 1) for row in rows])


def _spread(values: Sequence[bool]) -> int:
    """A function of fewer variables as one of `VARIABLES`."""
    return sum(1 << v for v in range(ROWS) if values[v % len(values)])
