"""How few ANDs a function of five variables takes, and how: products of sums, the last ones added up.

A function counts up to the sums that are added to it, which are free, and up to an affine change of its variables,
which is free, too: so there are 48 (`five.py`).  Functions are integers of 32 bits, bit v the value where the variables
are the bits of v; one of fewer variables does not depend on the last ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice

from compiler.passes.five import CLASSES
from compiler.passes.four import recipes
from compiler.passes.spectra import changes, signature, spectrum

VARIABLES = 5
ROWS = 1 << VARIABLES
ALL = (1 << ROWS) - 1
INPUTS = tuple(sum(1 << v for v in range(ROWS) if v >> i & 1) for i in range(VARIABLES))
CHANGES = 24  # of variables, of which the one with the shortest sums is taken
FEW = 16  # terms of four variables
ALL_FOUR = (1 << VARIABLES) - 1  # the mask of these and 1
FREE = 1 | sum(1 << (1 << i) for i in range(VARIABLES))


@dataclass(frozen=True, slots=True)
class Recipe:
    """Each product has two factors, sums of 1 (bit 0), the variables (1 to 5) and earlier products (from 6 on)."""

    products: tuple[tuple[int, int], ...]
    result: int  # a sum of products alone, bit 0 the first


def normal_form(function: int) -> int:
    """Bit m is set where the product of the variables in m is one of the terms (Moebius)."""
    for i, variable in enumerate(INPUTS):
        function ^= (function & ~variable) << (1 << i)
    return function


@lru_cache(maxsize=1 << 17)
def coset(function: int) -> int:
    """The terms that are not free."""
    return normal_form(function) & ~FREE


def ands(function: int) -> int:
    """As few as it takes."""
    return len(_class(coset(function)).products)


def recipe(function: int) -> Recipe:
    return _recipe(coset(function))


def value(mask: int, values: Iterable[int]) -> int:
    """The sum of those in the mask."""
    total = 0
    for i, each in enumerate(values):
        total ^= each * (mask >> i & 1)
    return total


def computed(recipe: Recipe) -> list[int]:
    """What 1, the variables and the products are, and last the result."""
    values = [ALL, *INPUTS]
    for left, right in recipe.products:
        values.append(value(left, values) & value(right, values))
    return [*values, value(recipe.result << 1 + VARIABLES, values)]


@cache
def _classes() -> dict[tuple[tuple[int, ...], tuple[int, ...]], tuple[Recipe, list[int]]]:
    """By signature, with the spectrum of what the recipe makes."""
    recipes = [Recipe(*made) for made in CLASSES]
    spectra = [spectrum(computed(recipe)[-1], ROWS) for recipe in recipes]
    return {signature(found): (recipe, found) for recipe, found in zip(recipes, spectra, strict=True)}


def _class(coset: int) -> Recipe:
    """One that is like it."""
    return _few(coset) if coset < 1 << FEW else _classes()[signature(_spectrum(coset))][0]


@cache
def _few(coset: int) -> Recipe:
    """Of four variables, of which there is a table."""
    products, result = recipes()[coset]

    def moved(mask: int) -> int:
        return mask & ALL_FOUR | mask >> VARIABLES << 1 + VARIABLES

    return Recipe(tuple((moved(left), moved(right)) for left, right in products), result)


@cache
def _spectrum(coset: int) -> list[int]:
    return spectrum(normal_form(coset), ROWS)


@cache
def _recipe(coset: int) -> Recipe:
    if coset < 1 << FEW:
        return _few(coset)
    recipe, own = _classes()[signature(_spectrum(coset))]
    changed = (_changed(recipe, change) for change in islice(changes(_spectrum(coset), own), CHANGES))
    return min(changed, key=lambda recipe: sum((a & ~1).bit_count() + (b & ~1).bit_count() for a, b in recipe.products))


def _changed(recipe: Recipe, change: list[int]) -> Recipe:
    """Of the variables that these sums stand for."""

    def moved(mask: int) -> int:
        return value(mask, [1, *change, *(1 << i for i in range(1 + VARIABLES, mask.bit_length()))])

    return Recipe(tuple((moved(left), moved(right)) for left, right in recipe.products), recipe.result)
