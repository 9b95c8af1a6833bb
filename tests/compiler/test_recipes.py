"""How few ANDs functions of five variables take: the table, and what a function of a class is made of."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.passes.five import CLASSES
from compiler.passes.parts import parts, variable
from compiler.passes.recipes import ALL, INPUTS, ROWS, VARIABLES, Recipe, ands, computed, coset, normal_form, recipe
from compiler.passes.spectra import changes, signature, spectrum

functions = st.integers(0, ALL)


def test_classes_of_five_variables() -> None:
    """As many take 0, 1, 2, 3 and 4 ANDs as is known: Turan and Peralta, The multiplicative complexity of Boolean
    functions on four and five variables, 2014.  No two are one: what no affine change touches differs."""
    assert [sum(len(products) == n for products, _ in CLASSES) for n in range(5)] == [1, 1, 3, 17, 26]
    found = {signature(spectrum(computed(Recipe(*made))[-1], ROWS)) for made in CLASSES}
    assert len(found) == len(CLASSES) == 48


def test_functions_of_four_variables() -> None:
    """But for sums, 1, 35, 988 and 1 024 take 0 to 3 ANDs (there)."""
    places = [m for m in range(16) if m.bit_count() > 1]
    forms = [sum(1 << m for i, m in enumerate(places) if chosen >> i & 1) for chosen in range(1 << len(places))]
    counted = Counter(ands(normal_form(form)) for form in forms)
    assert dict(counted) == {0: 1, 1: 35, 2: 988, 3: 1024}


@pytest.mark.parametrize(("products", "count"), [(1, 155), pytest.param(2, 28_148, marks=pytest.mark.slow)])
def test_functions_of_five_variables(products: int, count: int) -> None:
    """But for sums, as many as are known to take one AND and two (Find, Smith-Tone and Turan, The number of Boolean
    functions with multiplicative complexity 2, 2015): whatever changes of variables make of the recipes."""
    seen = {coset(computed(Recipe(*made))[-1]) for made in CLASSES if len(made[0]) == products}
    waiting = [*seen]
    while waiting:
        function = normal_form(waiting.pop())
        for moved in map(coset, shears(function)):
            if moved not in seen:
                seen.add(moved)
                waiting.append(moved)
    assert len(seen) == count


def shears(function: int) -> list[int]:
    """With one variable added to the next one, around, or inverted: these changes make all others."""
    found = list[int]()
    for i in range(VARIABLES):
        change = INPUTS[(i + 1) % VARIABLES]
        for where in (change, ALL):
            other = (function & INPUTS[i]) >> (1 << i) | (function & ~INPUTS[i]) << (1 << i)
            found.append(function & ~where | other & where)
    return found


@given(functions)
def test_the_normal_form_is_its_own_inverse(function: int) -> None:
    form = normal_form(function)
    assert normal_form(form) == function
    for v in range(ROWS):
        terms = [m for m in range(ROWS) if form >> m & 1 and m & v == m]
        assert function >> v & 1 == len(terms) % 2


@given(functions)
def test_a_recipe_makes_its_function(function: int) -> None:
    made = recipe(function)
    assert coset(computed(made)[-1]) == coset(function) and len(made.products) == ands(function)


@given(functions, st.integers(0, 2**32))
def test_a_change_of_variables_is_found(function: int, seed: int) -> None:
    """All that is found is one, and so many classes are kept apart."""
    draw, other = random.Random(seed), function
    for _ in range(20):
        other = draw.choice(shears(other))
    other ^= draw.choice([0, ALL, *INPUTS])
    assert signature(spectrum(other, ROWS)) == signature(spectrum(function, ROWS))
    sums = next(changes(spectrum(other, ROWS), spectrum(function, ROWS)))
    moved = 0
    for v in range(ROWS):
        row = sum((((mask >> 1 & v).bit_count() ^ mask) & 1) << i for i, mask in enumerate(sums))
        moved |= (function >> row & 1) << v
    assert coset(moved) == coset(other)


# -- more variables


@given(st.integers(1, 7), st.data())
def test_parts_make_their_function(variables: int, data: st.DataObject) -> None:
    function = data.draw(st.integers(0, (1 << (1 << variables)) - 1))
    found = parts(function, variables, 100)
    if found is None:
        assert variables > VARIABLES
        return
    values = [variable(i, 1 << variables) for i in range(variables)]
    every = (1 << (1 << variables)) - 1
    for part in found:
        total = 0
        for v in range(1 << len(part.operands)):
            rows = every if part.function >> v & 1 else 0
            for i, operand in enumerate(part.operands):
                rows &= values[operand] if v >> i & 1 else every ^ values[operand]
            total |= rows
        values.append(total)
    assert values[-1] == function


def carries(bits: int) -> int:
    """Out of two numbers of so many bits and one more: a function of all of them."""
    rows = 1 << 2 * bits + 1
    carry = variable(2 * bits, rows)
    for i in range(bits):
        a, b = variable(i, rows), variable(bits + i, rows)
        carry = a & b | carry & (a | b)
    return carry


def test_a_carry_takes_an_and_for_each_bit() -> None:
    for bits in (2, 3, 4, 5):
        found = parts(carries(bits), 2 * bits + 1, bits)
        assert found is not None and sum(ands(part.function) for part in found) == bits
        assert parts(carries(bits), 2 * bits + 1, bits - 1) is None
