"""The recipes of compiler/passes/five.py: of each affine class of functions of five variables one that takes few ANDs.

    python -m benchmarks.classes

Products of sums are drawn, one product and more, until nothing new comes; of the recipes of a class the first with the
fewest products counts, and of these the one with the shortest sums.  What two functions of a class have in common is
their signature (compiler/passes/spectra.py): there are 48 classes, and 48 are found.  That none takes fewer ANDs is
known from Turan and Peralta, The multiplicative complexity of Boolean functions on four and five variables, 2014.
"""

from __future__ import annotations

import random

from compiler.passes.recipes import ROWS, VARIABLES, Recipe, computed
from compiler.passes.spectra import signature, spectrum

DRAWN = (1, 2_000, 10_000, 200_000, 200_000)  # by products


def drawn(products: int, draw: random.Random) -> Recipe:
    sums = [1 << 1 + VARIABLES + i for i in range(products)]  # below which a factor's mask is, that is not 0 or 1
    made = tuple((draw.randrange(2, most), draw.randrange(2, most)) for most in sums)
    return Recipe(made, draw.randrange(1 << products) | 1 << products >> 1)


def length(recipe: Recipe) -> int:
    return sum(left.bit_count() + right.bit_count() for left, right in recipe.products) + recipe.result.bit_count()


def main() -> None:
    draw, found = random.Random(0), dict[object, Recipe]()
    for products, count in enumerate(DRAWN):
        for _ in range(count):
            recipe = drawn(products, draw)
            before = found.setdefault(name := signature(spectrum(computed(recipe)[-1], ROWS)), recipe)
            if len(before.products) == products and length(recipe) < length(before):
                found[name] = recipe
    for recipe in sorted(found.values(), key=lambda recipe: (len(recipe.products), length(recipe), recipe.products)):
        print(f"    ({recipe.products!r}, {recipe.result}),")


if __name__ == "__main__":
    main()
